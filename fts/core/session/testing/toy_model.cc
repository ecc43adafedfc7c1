// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/session/testing/toy_model.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/sin.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/nn/describe.h"
#include "fts/core/nn/embedding.h"
#include "fts/core/nn/linear.h"
#include "fts/core/nn/loss.h"
#include "fts/core/nn/rms_norm.h"
#include "fts/core/plan/resolve_plan.h"
#include "fts/core/schedule/resolve.h"
#include "fts/core/scheduler/scheduler_config.h"
#include "fts/core/session/model_parts.h"

namespace fts::testing {
namespace {

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (!value.ok()) {
    std::fprintf(stderr, "%s\n", value.status().ToString().c_str());
    std::abort();
  }
  return *std::move(value);
}
void Must(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::abort();
}

// Spread, irregular, the same everywhere; no random generator, since rank
// threads share the default one.
void Fill(const std::string& name, at::Tensor tensor) {
  at::NoGradGuard guard;
  double phase = 0;
  for (char c : name) phase = phase * 1.7 + c;
  const at::Tensor x = at::arange(tensor.numel(), at::kDouble);
  const bool norm = name.find("norm") != std::string::npos;
  const at::Tensor value =
      at::sin(x.mul(12.9898).add(phase)).mul(0.4).add(norm ? 1.0 : 0.0);
  tensor.copy_(value.view(tensor.sizes()));
}

YamlNode Yaml(const std::string& text) {
  Diagnostics diags;
  return Must(ParseYaml(text, "toy.yaml", &diags));
}

}  // namespace

ToyBlock::ToyBlock()
    : norm_(AddModule("norm", std::make_shared<nn::RmsNorm>(kDim, 1e-5))),
      up_(AddModule("up", std::make_shared<nn::Linear>(kDim, 2 * kDim, true))),
      down_(AddModule("down",
                      std::make_shared<nn::Linear>(2 * kDim, kDim, true))) {}

nn::Tensors ToyBlock::Forward(nn::Tensors inputs) {
  ++forwards;
  const at::Tensor hidden = (*up_)((*norm_)(inputs[0])).tanh();
  return {inputs[0].add((*down_)(hidden))};
}

ToyModel::ToyModel()
    : emb_(AddModule("emb", std::make_shared<nn::Embedding>(kVocab, kDim))) {
  auto list = AddModule("layers", std::make_shared<nn::ModuleList>());
  for (int i = 0; i < kBlocks; ++i) {
    blocks_.push_back(std::make_shared<ToyBlock>());
    list->Append(blocks_.back());
  }
  norm_ = AddModule("norm", std::make_shared<nn::RmsNorm>(kDim, 1e-5));
  head_ = AddModule("head", std::make_shared<nn::Linear>(kDim, kVocab, false));
  for (auto& [name, tensor] : NamedParameters()) Fill(name, tensor);
}

at::Tensor ToyModel::Parameter(const std::string& name) const {
  for (const auto& [other, tensor] : NamedParameters()) {
    if (other == name) return tensor;
  }
  std::fprintf(stderr, "no parameter %s\n", name.c_str());
  std::abort();
}

nn::Tensors ToyModel::Forward(nn::Tensors inputs) {
  block_has_graph.clear();
  at::Tensor x = (*emb_)(inputs[0]);
  for (const auto& block : blocks_) {
    x = (*block)(x);
    block_has_graph.push_back(x.grad_fn() != nullptr);
  }
  return {(*head_)((*norm_)(x))};
}

at::Tensor ToyLoss(ToyModel& model, int64_t sample, int64_t parts) {
  const at::Tensor numbers =
      at::arange(2 * 5, at::kLong).view({2, 5}).mul(7).add(sample * 5);
  const at::Tensor tokens = numbers.remainder(kVocab);
  const at::Tensor labels = numbers.mul(3).add(sample).remainder(kVocab);
  const nn::LossSum loss = nn::SumCrossEntropy(model(tokens), labels);
  return loss.sum.div(static_cast<double>(10 * parts));
}

SessionOptions MakeSessionOptions(nn::Module& model,
                                  const ToyOptions& options) {
  const ModelDescription description = nn::Describe(model);
  Diagnostics diags;
  std::string phases;
  for (size_t i = 0; i < options.phases.size(); ++i) {
    absl::StrAppend(&phases, i, ":\n  params: ", options.phases[i], "\n");
    if (!options.early_stopping) {
      absl::StrAppend(&phases, "  max_transition_epoch: ", i + 1, "\n");
    }
    if (i > 0) absl::StrAppend(&phases, "  lr: 0.01\n");
  }
  if (!options.schedule.empty()) phases = options.schedule;
  SessionOptions out;
  ResolveOptions resolve;
  resolve.epoch_transitions_only = !options.early_stopping;
  resolve.max_epochs = 100;
  out.schedule =
      Must(ResolveSchedule(Yaml(phases), description, resolve, &diags));
  SchedulerOptions scheduler;
  scheduler.epoch_transitions_only = !options.early_stopping;
  scheduler.restore_best = options.restore_best;
  scheduler.max_epochs = 100;
  if (options.early_stopping) {
    scheduler.early_stopping = EarlyStoppingRule();
    scheduler.early_stopping->patience = 1;
  }
  out.scheduler = Must(MakeSchedulerConfig(out.schedule, scheduler, &diags));
  YamlNode strategy;
  const std::string keys = absl::StrCat(
      "frozen_placement: ", options.frozen_placement, "\n", options.strategy);
  if (options.plan) {
    strategy = Yaml(absl::StrCat(
        keys, "fsdp_plan:\n  'layers.\\d*$': ", options.block_options,
        "\n  head: {}\n", options.fsdp_plan));
  } else {
    strategy = Yaml(keys);
  }
  PlanOptions plan;
  plan.no_decay = options.no_decay;
  plan.schedule = &out.schedule;
  plan.tp = options.tp;
  out.plan = Must(ResolvePlan(strategy, description, plan, &diags));
  out.precision = options.precision;
  out.optimizer.name = options.optimizer;
  out.optimizer.args = Yaml(options.optimizer_args);
  out.optimizer.no_decay = options.no_decay;
  out.lr_scheduler = options.lr_scheduler;
  out.clip_grad_norm = options.clip;
  out.apply_lambdas_new_pgs = options.apply_lambdas_new_pgs;
  out.enforce_phase0_params = options.enforce_phase0_params;
  out.clock = options.clock;
  return out;
}

SessionModel PartsOf(nn::Module& model) { return ModelParts(model); }

shard::RangeLoader LoadFrom(std::map<std::string, at::Tensor> values) {
  return [values = std::move(values)](const std::string& name, int64_t begin,
                                      int64_t end, at::Tensor dst) {
    dst.copy_(values.at(name).flatten().slice(0, begin, end));
    return absl::OkStatus();
  };
}

std::map<std::string, at::Tensor> InitialValues() {
  ToyModel fresh;
  std::map<std::string, at::Tensor> out;
  for (const auto& [name, tensor] : fresh.NamedParameters()) {
    out[name] = tensor.detach().clone();
  }
  return out;
}

ToyRank::ToyRank(comm::testing::RankComms comms, const ToyOptions& options)
    : rank(comms.first->rank()),
      world(comms.first->size()),
      model(std::make_shared<ToyModel>()) {
  if (options.prepare) options.prepare(*model);
  Diagnostics diags;
  Ranks ranks(comms.first, comms.second);
  Must(ranks.SplitTp(options.tp));
  Must(ranks.SplitReplicas(options.replicas));
  session = Must(Session::Create(
      PartsOf(*model), MakeSessionOptions(*model, options), ranks, &diags));
  Must(session->Load(LoadFrom(InitialValues())));
  Must(session->RunStart().status());
}

absl::StatusOr<StepResult> ToyRank::TryStep(int64_t step, int64_t micro) {
  return session->TrainStep(micro, [&](int64_t k) {
    return absl::StatusOr<at::Tensor>(
        ToyLoss(*model, (step * micro + k) * world + rank, micro * world));
  });
}

StepResult ToyRank::Step(int64_t step, int64_t micro) {
  return Must(TryStep(step, micro));
}

StepResult ToyRank::NextStep() {
  const auto note = [this](const Outcome& outcome) {
    for (const std::string& text : outcome.notes()) notes.push_back(text);
  };
  note(Must(session->StepStart(next_step, next_step * kToyTokens * world)));
  phase_of_step.push_back(session->scheduler().phase());
  const StepResult result = Step(next_step);
  note(Must(session->StepEnd(next_step)));
  ++next_step;
  return result;
}

void ToyRank::Epoch(int64_t epoch, int64_t steps, double metric) {
  for (const std::string& text : Must(session->EpochStart(epoch)).notes()) {
    notes.push_back(text);
  }
  for (int64_t i = 0; i < steps; ++i) NextStep();
  session->SetMetric("val_loss", metric);
  Must(session->ValidationEnd(epoch).status());
  Must(session->EpochEnd(epoch).status());
}

std::map<std::string, at::Tensor> ToyRank::Values() {
  std::map<std::string, at::Tensor> out;
  Must(session->ForEachFull(
      [&](const std::string& name, const at::Tensor& full) {
        out[name] = full.clone();
        return absl::OkStatus();
      }));
  return out;
}

}  // namespace fts::testing
