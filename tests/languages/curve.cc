// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// See README.md. curve SCHEDULE PLAN
#include <ATen/Parallel.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/linear.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/base/status.h"
#include "fts/core/comm/launch_environment.h"
#include "fts/core/config/yaml.h"
#include "fts/core/nn/describe.h"
#include "fts/core/nn/mirror_torch.h"
#include "fts/core/plan/resolve_plan.h"
#include "fts/core/schedule/resolve.h"
#include "fts/core/scheduler/scheduler_config.h"
#include "fts/core/session/model_parts.h"
#include "fts/core/session/ranks.h"
#include "fts/core/session/session.h"

namespace {

struct BlockImpl : torch::nn::Module {
  BlockImpl()
      : up(register_module("up", torch::nn::Linear(16, 32))),
        down(register_module("down", torch::nn::Linear(32, 16))) {}
  torch::Tensor forward(const torch::Tensor& x) {
    return x + down(torch::tanh(up(x)));
  }
  torch::nn::Linear up, down;
};
TORCH_MODULE(Block);

struct NetImpl : torch::nn::Module {
  NetImpl() : embed(register_module("embed", torch::nn::Linear(4, 16))) {
    blocks = register_module("blocks", torch::nn::ModuleList());
    for (int i = 0; i < 3; ++i) blocks->push_back(Block());
    head = register_module("head", torch::nn::Linear(16, 2));
    torch::NoGradGuard no_grad;
    int64_t k = 0;
    for (torch::Tensor& parameter : parameters()) {
      const torch::Tensor i = torch::arange(parameter.numel());
      parameter.copy_((i * 7919 + 104729 * k++)
                          .remainder(2003)
                          .to(torch::kDouble)
                          .div(2003)
                          .sub(0.5)
                          .mul(0.5)
                          .view_as(parameter));
    }
  }
  torch::Tensor forward(torch::Tensor x) {
    x = embed(x);
    for (size_t i = 0; i < blocks->size(); ++i) {
      x = mirror(blocks->ptr<BlockImpl>(i), x);
    }
    return mirror(head, x);
  }
  torch::nn::Linear embed{nullptr}, head{nullptr};
  torch::nn::ModuleList blocks;
  fts::nn::Mirror mirror;
};
TORCH_MODULE(Net);

std::pair<torch::Tensor, torch::Tensor> Batch(int64_t step) {
  const torch::Tensor x = (torch::arange(32) * 31337 + 7177 * step)
                              .remainder(1009)
                              .to(torch::kDouble)
                              .div(1009)
                              .sub(0.5)
                              .view({8, 4});
  const torch::Tensor y =
      torch::stack({x.sum(1), x.select(1, 0) * x.select(1, 3)}, 1);
  return {x.to(torch::kFloat), y.to(torch::kFloat)};
}

absl::StatusOr<fts::YamlNode> ReadYaml(const std::string& path,
                                       fts::Diagnostics* diags) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return fts::ParseYaml(text.str(), path, diags);
}

absl::Status Train(const std::string& schedule_path,
                   const std::string& plan_path, const fts::Ranks& ranks,
                   fts::Diagnostics* diags) {
  Net net;
  FTS_ASSIGN_OR_RETURN(net->mirror, fts::nn::MirrorOf(*net));
  fts::nn::Module& root = net->mirror.root();
  const fts::ModelDescription model = fts::nn::Describe(root);

  fts::SessionOptions options;
  FTS_ASSIGN_OR_RETURN(const auto schedule, ReadYaml(schedule_path, diags));
  FTS_ASSIGN_OR_RETURN(const auto plan, ReadYaml(plan_path, diags));
  fts::ResolveOptions resolve;
  resolve.epoch_transitions_only = true;
  resolve.max_epochs = 3;
  FTS_ASSIGN_OR_RETURN(options.schedule,
                       fts::ResolveSchedule(schedule, model, resolve, diags));
  fts::SchedulerOptions scheduler;
  scheduler.epoch_transitions_only = true;
  scheduler.max_epochs = 3;
  scheduler.restore_best = false;
  scheduler.has_validation = false;
  FTS_ASSIGN_OR_RETURN(
      options.scheduler,
      fts::MakeSchedulerConfig(options.schedule, scheduler, diags));
  fts::PlanOptions plan_options;
  plan_options.schedule = &options.schedule;
  FTS_ASSIGN_OR_RETURN(options.plan,
                       fts::ResolvePlan(plan, model, plan_options, diags));
  FTS_ASSIGN_OR_RETURN(
      options.optimizer.args,
      fts::ParseYaml("{lr: 0.001, weight_decay: 0.0}", "optimizer", diags));
  options.clip_grad_norm = 1.0;

  const auto values = fts::ValuesNow(root);
  FTS_ASSIGN_OR_RETURN(
      const auto session,
      fts::Session::Create(fts::ModelParts(root), options, ranks, diags));
  FTS_RETURN_IF_ERROR(session->Load(values));
  FTS_RETURN_IF_ERROR(session->RunStart());
  int64_t step = 0;
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    FTS_RETURN_IF_ERROR(session->EpochStart(epoch));
    for (int i = 0; i < 4; ++i, ++step) {
      const auto loss = [&](int64_t) -> absl::StatusOr<torch::Tensor> {
        auto [x, y] = Batch(step);
        x = x.slice(0, ranks.rank(), 8, ranks.size());
        y = y.slice(0, ranks.rank(), 8, ranks.size());
        // Losses are summed over the ranks: divide by the whole batch.
        return (net->forward(x) - y).square().sum().div(16);
      };
      FTS_ASSIGN_OR_RETURN(const fts::StepResult result,
                           session->TrainStep(1, loss));
      if (ranks.rank() == 0) std::printf("%.10g\n", result.loss);
      FTS_RETURN_IF_ERROR(session->StepEnd(step));
    }
    FTS_RETURN_IF_ERROR(session->EpochEnd(epoch));
  }
  return absl::OkStatus();
}

int Fail(const absl::Status& status) {
  std::cerr << "error: " << status.message() << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    return Fail(absl::InvalidArgumentError("curve SCHEDULE PLAN"));
  }
  fts::Diagnostics diags;
  const auto launch =
      fts::comm::ReadLaunchEnvironment(fts::comm::ProcessEnvironment(), &diags);
  if (!launch.ok()) return Fail(launch.status());
  at::set_num_threads(1);
  const auto ranks = fts::Ranks::Connect(*launch);
  if (!ranks.ok()) return Fail(ranks.status());
  const absl::Status status = Train(argv[1], argv[2], *ranks, &diags);
  return status.ok() ? 0 : Fail(status);
}
