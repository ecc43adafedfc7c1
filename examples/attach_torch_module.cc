// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Scheduled fine-tuning of a torch::nn::Module that knows nothing of fts, in a
// training loop of one's own: three phases, sharded, with activation
// checkpointing, on two CPU ranks or as many as you say:
//
//   tools/bazel run //examples:attach_torch_module
//   tools/bazel run //examples:attach_torch_module -- 1
//
// docs/attach.md explains every step.
#include <ATen/Parallel.h>
#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/base/status.h"
#include "fts/core/comm/launch_environment.h"
#include "fts/core/config/paths.h"
#include "fts/core/config/yaml.h"
#include "fts/core/nn/describe.h"
#include "fts/core/nn/mirror_torch.h"
#include "fts/core/plan/resolve_plan.h"
#include "fts/core/schedule/resolve.h"
#include "fts/core/scheduler/scheduler_config.h"
#include "fts/core/session/model_parts.h"
#include "fts/core/session/ranks.h"
#include "fts/core/session/session.h"
#include "fts/train/launcher.h"

namespace {

// ---- Model and data: LibTorch, as anywhere ----------------------------------

struct BlockImpl : torch::nn::Module {
  explicit BlockImpl(int64_t width)
      : norm(register_module(
            "norm",
            torch::nn::LayerNorm(torch::nn::LayerNormOptions({width})))),
        up(register_module("up", torch::nn::Linear(width, 4 * width))),
        down(register_module("down", torch::nn::Linear(4 * width, width))) {}
  torch::Tensor forward(const torch::Tensor& x) {
    return x + down(torch::gelu(up(norm(x))));
  }
  torch::nn::LayerNorm norm;
  torch::nn::Linear up, down;
};
TORCH_MODULE(Block);

struct NetImpl : torch::nn::Module {
  NetImpl(int64_t width, int depth)
      : embed(register_module("embed", torch::nn::Linear(2, width))),
        head(register_module("head", torch::nn::Linear(width, 3))) {
    blocks = register_module("blocks", torch::nn::ModuleList());
    for (int i = 0; i < depth; ++i) blocks->push_back(Block(width));
  }
  torch::Tensor forward(torch::Tensor x) {
    x = embed(x);
    // What the plan shards is called through the mirror; nothing else changes.
    for (size_t i = 0; i < blocks->size(); ++i) {
      x = mirror(blocks->ptr<BlockImpl>(i), x);
    }
    return mirror(head, x);
  }
  torch::nn::Linear embed, head;
  torch::nn::ModuleList blocks;
  fts::nn::Mirror mirror;  // while it is empty, its calls are plain calls
};
TORCH_MODULE(Net);

constexpr int64_t kBatch = 48;  // points of a step, over all ranks
constexpr int64_t kValidation = 600;
constexpr int64_t kStepsPerEpoch = 25;
constexpr int64_t kEpochs = 8;

// Points first, first + stride, … of three spiral arms, and their arms.
std::pair<torch::Tensor, torch::Tensor> Points(int64_t first, int64_t stride,
                                               int64_t count) {
  const torch::Tensor i =
      torch::arange(count, torch::kDouble).mul(stride).add(first);
  const torch::Tensor arm = i.remainder(3);
  const torch::Tensor radius = i.mul(0.6180339887).frac().mul(0.9).add(0.1);
  const torch::Tensor angle =
      arm.mul(2 * M_PI / 3).add(radius.mul(4)).add(i.mul(1.7).sin().mul(0.15));
  const torch::Tensor xy =
      torch::stack({radius.mul(angle.cos()), radius.mul(angle.sin())}, 1);
  return {xy.to(torch::kFloat), arm.to(torch::kLong)};
}

torch::Tensor SumLoss(const torch::Tensor& logits, const torch::Tensor& arm) {
  namespace F = torch::nn::functional;
  return F::cross_entropy(logits, arm,
                          F::CrossEntropyFuncOptions().reduction(torch::kSum));
}

// ---- Which parameters train when, and how they are sharded ------------------

constexpr char kSchedule[] = R"(
0: {params: ['head.*'], max_transition_epoch: 2}
1: {params: ['blocks.2.*'], max_transition_epoch: 4, lr: 0.003}
2: {params: ['blocks.[01].*', 'embed.*'], max_transition_epoch: 8, lr: 0.001}
)";

constexpr char kPlan[] = R"(
fsdp_default_kwargs: {act_ckpt: composable}
fsdp_plan: {'blocks.\d+$': {}, head: {act_ckpt: null}}
)";

absl::StatusOr<fts::SessionOptions> Options(const fts::ModelDescription& model,
                                            fts::Diagnostics* diags) {
  fts::SessionOptions out;
  FTS_ASSIGN_OR_RETURN(const auto schedule,
                       fts::ParseYaml(kSchedule, "schedule", diags));
  FTS_ASSIGN_OR_RETURN(const auto plan, fts::ParseYaml(kPlan, "plan", diags));
  fts::ResolveOptions resolve;
  resolve.epoch_transitions_only = true;
  resolve.max_epochs = kEpochs;
  FTS_ASSIGN_OR_RETURN(out.schedule,
                       fts::ResolveSchedule(schedule, model, resolve, diags));
  fts::SchedulerOptions scheduler;
  scheduler.epoch_transitions_only = true;
  scheduler.max_epochs = kEpochs;
  FTS_ASSIGN_OR_RETURN(
      out.scheduler, fts::MakeSchedulerConfig(out.schedule, scheduler, diags));
  fts::PlanOptions options;
  options.schedule = &out.schedule;
  FTS_ASSIGN_OR_RETURN(out.plan, fts::ResolvePlan(plan, model, options, diags));
  FTS_ASSIGN_OR_RETURN(out.optimizer.args,
                       fts::ParseYaml("{lr: 0.01}", "optimizer", diags));
  return out;
}

// ---- The loop ---------------------------------------------------------------

absl::Status Train(const fts::Ranks& ranks, fts::Diagnostics* diags) {
  torch::manual_seed(3);  // the same values on every rank
  Net net(/*width=*/32, /*depth=*/3);
  FTS_ASSIGN_OR_RETURN(net->mirror, fts::nn::MirrorOf(*net));
  fts::nn::Module& root = net->mirror.root();
  FTS_ASSIGN_OR_RETURN(auto options, Options(fts::nn::Describe(root), diags));

  const auto values = fts::ValuesNow(root);  // before the session takes over
  FTS_ASSIGN_OR_RETURN(
      const auto session,
      fts::Session::Create(fts::ModelParts(root), options, ranks, diags));
  FTS_RETURN_IF_ERROR(session->Load(values));
  FTS_RETURN_IF_ERROR(session->RunStart());

  const int64_t mine = kBatch / ranks.size();  // points of a step
  int64_t step = 0;
  for (int64_t epoch = 0; epoch < kEpochs; ++epoch) {
    FTS_RETURN_IF_ERROR(session->EpochStart(epoch));  // may begin a phase
    double train_loss = 0;
    for (int64_t i = 0; i < kStepsPerEpoch; ++i, ++step) {
      const auto loss = [&](int64_t) -> absl::StatusOr<torch::Tensor> {
        const auto [xy, arm] =
            Points(step * kBatch + ranks.rank(), ranks.size(), mine);
        // Losses are summed over the ranks: divide by the whole batch.
        return SumLoss(net->forward(xy), arm).div(kBatch);
      };
      FTS_ASSIGN_OR_RETURN(const fts::StepResult result,
                           session->TrainStep(/*micro_steps=*/1, loss));
      train_loss += result.loss / kStepsPerEpoch;
      FTS_RETURN_IF_ERROR(session->StepEnd(step));
    }

    std::vector<double> sums = {0, 0};  // loss, points that were right
    FTS_RETURN_IF_ERROR(session->Evaluate([&] {
      const auto [xy, arm] = Points(1000003 + ranks.rank(), ranks.size(),
                                    kValidation / ranks.size());
      const torch::Tensor logits = net->forward(xy);
      sums[0] = SumLoss(logits, arm).item<double>();
      sums[1] = logits.argmax(1).eq(arm).sum().item<double>();
      return absl::OkStatus();
    }));
    FTS_RETURN_IF_ERROR(ranks.Sum(&sums));
    if (ranks.rank() == 0) {
      std::printf("epoch %d  phase %d  train_loss %.4f  accuracy %.3f\n",
                  static_cast<int>(epoch), session->scheduler().phase(),
                  train_loss, sums[1] / kValidation);
    }
    session->SetMetric("val_loss", sums[0] / kValidation);
    FTS_RETURN_IF_ERROR(session->ValidationEnd(epoch));
    FTS_RETURN_IF_ERROR(session->EpochEnd(epoch));
  }

  // The result, as an ordinary module again: full values on every rank.
  Net trained(32, 3);
  const auto named = trained->named_parameters();
  torch::NoGradGuard no_grad;
  return session->ForEachFull(
      [&](const std::string& name, const torch::Tensor& value) {
        torch::Tensor(named[name]).copy_(value);
        return absl::OkStatus();
      });
}

int Fail(const absl::Status& status) {
  std::cerr << "error: " << std::string(status.message()) << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  fts::Diagnostics diags;
  const auto launch =
      fts::comm::ReadLaunchEnvironment(fts::comm::ProcessEnvironment(), &diags);
  if (!launch.ok()) return Fail(launch.status());
  const int world = argc > 1 ? std::atoi(argv[1]) : 2;
  if (!launch->launched && world > 1) {  // not a rank: start this once for each
    fts::train::LaunchOptions options;
    options.world_size = world;
    options.log_dir = fts::UserPath("runs/attach_torch_module");
    std::filesystem::create_directories(options.log_dir);
    const auto code = fts::train::RunLocalRanks(options);
    return code.ok() ? *code : Fail(code.status());
  }
  at::set_num_threads(1);
  const auto ranks = fts::Ranks::Connect(*launch);
  if (!ranks.ok()) return Fail(ranks.status());
  const absl::Status status = Train(*ranks, &diags);
  if (status.ok()) return 0;
  ranks->Abort(std::string(status.message()));
  return Fail(status);
}
