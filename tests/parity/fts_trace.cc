// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Runs sessions whose validation metric is given instead of measured, and
// prints each epoch as it starts: for comparison with finetuning-scheduler.
//
//   fts_trace CONFIG METRICS [CONFIG METRICS ...]
//
// CONFIG is a run config as for `fts fit`; its model is replaced by four linear
// layers ("model.0.weight" ... "model.3.bias"). METRICS are the values of
// val_loss, one per epoch, separated by commas. Prints one JSON object a line
// for each run; an impossible config gives {"errors": [...]} there. Exit 1 when
// a run fails.
#include <ATen/ops/full.h>
#include <ATen/ops/linspace.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/base/diagnostics_json.h"
#include "fts/core/base/status.h"
#include "fts/core/config/run_config.h"
#include "fts/core/nn/describe.h"
#include "fts/core/nn/linear.h"
#include "fts/core/optim/flat_parameter.h"
#include "fts/core/session/session.h"
#include "fts/train/run_setup.h"

namespace fts {
namespace {

constexpr int kLayers = 4;

class Linears : public nn::Module {
 public:
  Linears() {
    auto list = AddModule("model", std::make_shared<nn::ModuleList>());
    for (int i = 0; i < kLayers; ++i) {
      layers_.push_back(std::make_shared<nn::Linear>(2, 2, true));
      list->Append(layers_.back());
    }
  }
  std::string ClassName() const override { return "Linears"; }

 protected:
  nn::Tensors Forward(nn::Tensors inputs) override {
    at::Tensor x = inputs[0];
    for (const auto& layer : layers_) x = (*layer)(x);
    return {x};
  }

 private:
  std::vector<std::shared_ptr<nn::Linear>> layers_;
};

class TraceModel : public train::TrainModel {
 public:
  TraceModel() : description_(nn::Describe(net_)) {}
  std::string arch() const override { return "linears"; }
  int64_t vocab_size() const override { return 256; }
  int64_t max_seq_len() const override { return 1024; }
  const ModelDescription& description() const override { return description_; }
  SessionModel parts() override {
    SessionModel parts;
    for (const auto& [name, tensor] : net_.NamedParameters()) {
      parts.parameters.push_back({name, tensor});
    }
    parts.modules = net_.NamedModules();
    return parts;
  }
  at::Tensor Forward(const at::Tensor& x) override { return net_(x); }
  absl::Status LoadRange(const std::string&, int64_t begin, int64_t end,
                         at::Tensor dst) override {
    dst.copy_(at::linspace(0.2, 0.6, end - begin));
    return absl::OkStatus();
  }
  absl::StatusOr<std::unique_ptr<train::ModelExporter>> StartExport(
      const std::string&, const std::string&) override {
    return absl::UnimplementedError("a trace exports nothing");
  }

  int64_t Trainable() const {
    int64_t count = 0;
    for (const auto& [name, tensor] : net_.NamedParameters()) {
      count += tensor.requires_grad() ? 1 : 0;
    }
    return count;
  }

 private:
  Linears net_;
  ModelDescription description_;
};

// One run of `setup`, up to its end or to the last metric.
class Trace {
 public:
  Trace(train::RunSetup setup, std::vector<double> metrics)
      : setup_(std::move(setup)),
        model_(static_cast<TraceModel*>(setup_.model.get())),
        metrics_(std::move(metrics)) {}

  absl::StatusOr<std::string> Run() {
    FTS_RETURN_IF_ERROR(Start());
    FTS_RETURN_IF_ERROR(session_->RunStart().status());
    for (size_t epoch = 0; epoch < metrics_.size() && end_.empty(); ++epoch) {
      FTS_RETURN_IF_ERROR(RunEpoch(static_cast<int64_t>(epoch)));
    }
    return DumpJson({{"epochs", epochs_}, {"end", end_}});
  }

 private:
  absl::Status Start() {
    SessionOptions options;
    options.plan = setup_.plan;
    options.schedule = setup_.schedule;
    options.scheduler = setup_.scheduler;
    options.precision = setup_.config.precision;
    options.optimizer = setup_.config.optimizer;
    options.lr_scheduler = setup_.config.lr_scheduler;
    options.clip_grad_norm = setup_.config.trainer.clip_grad_norm;
    options.apply_lambdas_new_pgs =
        setup_.config.scheduler.apply_lambdas_new_pgs;
    options.enforce_phase0_params =
        setup_.config.scheduler.enforce_phase0_params;
    FTS_ASSIGN_OR_RETURN(const Ranks ranks,
                         Ranks::Connect(comm::LaunchEnvironment()));
    Diagnostics diags;
    FTS_ASSIGN_OR_RETURN(
        session_,
        Session::Create(model_->parts(), std::move(options), ranks, &diags));
    return session_->Load([this](const std::string& name, int64_t begin,
                                 int64_t end, at::Tensor dst) {
      return model_->LoadRange(name, begin, end, std::move(dst));
    });
  }

  absl::Status RunEpoch(int64_t epoch) {
    FTS_RETURN_IF_ERROR(Take(session_->EpochStart(epoch)));
    if (!end_.empty()) return absl::OkStatus();
    Note();
    for (int64_t i = 0; i < setup_.order->steps_per_epoch(); ++i) {
      FTS_RETURN_IF_ERROR(
          Take(session_->StepStart(step_, step_ * setup_.tokens_per_step())));
      FTS_RETURN_IF_ERROR(session_
                              ->TrainStep(1,
                                          [this](int64_t) {
                                            return absl::StatusOr<at::Tensor>(
                                                Loss());
                                          })
                              .status());
      FTS_RETURN_IF_ERROR(Take(session_->StepEnd(step_++)));
      if (!end_.empty()) return absl::OkStatus();
    }
    session_->SetMetric("val_loss", metrics_[epoch]);
    FTS_RETURN_IF_ERROR(Take(session_->ValidationEnd(epoch)));
    if (!end_.empty()) return absl::OkStatus();
    return Take(session_->EpochEnd(epoch));
  }

  at::Tensor Loss() {
    return model_->Forward(at::full({1, 2}, 0.5)).square().mean();
  }

  absl::Status Take(const absl::StatusOr<Outcome>& outcome) {
    FTS_RETURN_IF_ERROR(outcome.status());
    if (outcome->finish() != nullptr) end_ = outcome->finish()->text;
    return absl::OkStatus();
  }

  // How many parameters the group updates.
  static int64_t Count(const optim::Group& group) {
    std::set<int> parameters;
    for (const auto& member : group.members) {
      for (const optim::Extent& extent : member->extents()) {
        if (group.extents != optim::ExtentClass::kAll &&
            extent.decay != (group.extents == optim::ExtentClass::kDecay)) {
          continue;
        }
        const size_t index = static_cast<size_t>(extent.param_index);
        if (group.parameters.has_value() &&
            (index >= group.parameters->size() ||
             !(*group.parameters)[index])) {
          continue;
        }
        parameters.insert(extent.param_index);
      }
    }
    return static_cast<int64_t>(parameters.size());
  }

  // The epoch that has just begun.
  void Note() {
    const optim::Optimizer& optimizer = session_->optimizer();
    std::vector<int64_t> counts;
    for (const optim::Group& group : optimizer.groups()) {
      counts.push_back(Count(group));
    }
    epochs_.push_back({{"depth", session_->scheduler().phase()},
                       {"thawed", model_->Trainable()},
                       {"groups", counts},
                       {"lr", optim::LearningRates(optimizer.groups())},
                       {"optimizer", optimizer.name()}});
  }

  train::RunSetup setup_;
  TraceModel* model_;
  std::vector<double> metrics_;
  std::unique_ptr<Session> session_;
  int64_t step_ = 0;
  Json epochs_ = Json::array();
  std::string end_;
};

absl::Status RunOne(const std::string& config_file,
                    const std::string& metrics) {
  Diagnostics diags;
  const auto setup = [&]() -> absl::StatusOr<train::RunSetup> {
    FTS_ASSIGN_OR_RETURN(RunConfig config,
                         LoadRunConfig({config_file}, {}, &diags));
    return train::PrepareRun(
        std::move(config), comm::LaunchEnvironment(),
        [](const RunConfig&,
           Diagnostics*) -> absl::StatusOr<std::unique_ptr<train::TrainModel>> {
          return std::make_unique<TraceModel>();
        },
        &diags);
  };
  auto made = setup();
  if (!diags.ok()) {
    std::cout << ErrorsToJson(diags) << std::endl;
    return absl::OkStatus();
  }
  FTS_RETURN_IF_ERROR(made.status());
  std::vector<double> values;
  for (absl::string_view part : absl::StrSplit(metrics, ',')) {
    values.push_back(std::strtod(std::string(part).c_str(), nullptr));
  }
  Trace trace(*std::move(made), std::move(values));
  FTS_ASSIGN_OR_RETURN(const std::string line, trace.Run());
  std::cout << line << std::endl;
  return absl::OkStatus();
}

}  // namespace
}  // namespace fts

int main(int argc, char** argv) {
  int exit = argc < 3 ? 1 : 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    const absl::Status status = fts::RunOne(argv[i], argv[i + 1]);
    if (status.ok()) continue;
    std::cerr << argv[i] << ": " << status << std::endl;
    std::cout << "{\"failed\":true}" << std::endl;
    exit = 1;
  }
  return exit;
}
