// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "benchmarks/bench_llama.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/core/config/yaml.h"
#include "fts/core/nn/describe.h"
#include "fts/core/nn/loss.h"
#include "fts/core/plan/resolve_plan.h"
#include "fts/core/schedule/resolve.h"
#include "fts/core/scheduler/scheduler_config.h"

namespace fts::benchmarks {
namespace {

constexpr double kLr = 1e-4;
constexpr double kDecay = 0.01;

// Spread, irregular, cheap.
void Fill(const std::string& name, at::Tensor tensor) {
  at::NoGradGuard guard;
  double phase = 0;
  for (const char c : name) phase = phase * 1.7 + c;
  const bool norm = absl::StrContains(name, "norm");
  const at::Tensor x = at::arange(tensor.numel(), at::kFloat);
  tensor.copy_(at::sin(x.mul_(12.9898).add_(phase))
                   .mul_(norm ? 0 : 0.03)
                   .add_(norm ? 1 : 0)
                   .view(tensor.sizes()));
}

}  // namespace

absl::StatusOr<BenchShape> ShapeNamed(const std::string& name) {
  BenchShape shape;
  shape.name = name;
  llama::LlamaConfig& c = shape.config;
  if (name == "T") {
    c.vocab_size = 256, c.dim = 64, c.n_layers = 16, c.hidden_dim = 176;
    c.n_heads = 4, shape.seq_len = 64, shape.last_layers = 4;
  } else if (name == "S") {
    c.vocab_size = 32000, c.dim = 512, c.n_layers = 4, c.hidden_dim = 1536;
    c.n_heads = 8, shape.seq_len = 128;
  } else if (name == "H") {
    c.vocab_size = 64, c.dim = 32, c.n_layers = 32, c.hidden_dim = 64;
    c.n_heads = 4, shape.seq_len = 8, shape.batch = 1;
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("no model '", name, "'; T, S or H"));
  }
  c.n_kv_heads = c.n_heads;
  c.head_dim = c.dim / c.n_heads;
  c.max_seq_len = shape.seq_len;
  return shape;
}

int PhaseOf(const BenchShape& shape, const std::string& name) {
  if (absl::StartsWith(name, "model.output.") ||
      absl::StartsWith(name, "model.norm.")) {
    return 0;
  }
  const int64_t n = shape.config.n_layers;
  for (int64_t i = n - shape.last_layers; i < n; ++i) {
    if (absl::StartsWith(name, absl::StrCat("model.layers.", i, "."))) return 1;
  }
  return 2;
}

void FillParameters(const BenchShape& shape, llama::Llama* model) {
  (void)shape;
  for (auto& [name, tensor] : model->NamedParameters()) Fill(name, tensor);
}

at::Tensor BenchLoss(const BenchShape& shape, llama::Llama& model, int rank,
                     int world, const TokenLoss& token_loss) {
  const at::Tensor numbers = at::arange(shape.batch * shape.seq_len, at::kLong)
                                 .view({shape.batch, shape.seq_len});
  const at::Tensor tokens =
      numbers.mul(7 + rank).remainder(shape.config.vocab_size);
  const at::Tensor labels =
      numbers.mul(13).add(rank).remainder(shape.config.vocab_size);
  const nn::LossSum loss = token_loss(model(tokens), labels);
  return loss.sum.div(static_cast<double>(world * numbers.numel()));
}

PlainBench::PlainBench(const BenchShape& shape)
    : shape_(shape), model_(shape.config) {
  FillParameters(shape, &model_);
  for (auto& [name, tensor] : model_.NamedParameters()) {
    tensor.set_requires_grad(false);
  }
}

void PlainBench::BeginPhase(int phase) {
  for (auto& [name, tensor] : model_.NamedParameters()) {
    if (PhaseOf(shape_, name) != phase) continue;
    tensor.set_requires_grad(true);
    trained_.push_back({tensor, at::zeros_like(tensor), at::zeros_like(tensor),
                        at::zeros({}, at::kFloat)});
  }
}

void PlainBench::Step(int rank) {
  BenchLoss(shape_, model_, rank, 1).backward();
  at::NoGradGuard guard;
  std::vector<at::Tensor> values, grads, first, second, steps;
  for (Trained& t : trained_) {
    t.step.add_(1);
    values.push_back(t.value);
    grads.push_back(t.value.grad());
    first.push_back(t.exp_avg);
    second.push_back(t.exp_avg_sq);
    steps.push_back(t.step);
  }
  at::_fused_adamw_(values, grads, first, second, {}, steps, kLr, 0.9, 0.999,
                    kDecay, 1e-8, /*amsgrad=*/false, /*maximize=*/false);
  for (Trained& t : trained_) t.value.mutable_grad() = at::Tensor();
}

absl::StatusOr<std::unique_ptr<SessionBench>> SessionBench::Create(
    const BenchShape& shape, const Ranks& ranks, const std::string& strategy,
    bool restore_best) {
  std::unique_ptr<SessionBench> bench(new SessionBench(shape, ranks));
  bench->restore_best_ = restore_best;
  llama::Llama& model = bench->model_;
  const ModelDescription description = nn::Describe(model);
  Diagnostics diags;
  std::string phases;
  for (int phase = 0; phase < 3; ++phase) {
    absl::StrAppend(&phases, phase, ":\n  max_transition_epoch: ", phase + 1,
                    "\n  params:\n");
    for (const std::string& name : description.CanonicalNames()) {
      if (PhaseOf(shape, name) == phase) {
        absl::StrAppend(&phases, "  - ", name, "\n");
      }
    }
    if (phase > 0) absl::StrAppend(&phases, "  lr: 0.0001\n");
  }
  SessionOptions options;
  FTS_ASSIGN_OR_RETURN(const YamlNode schedule,
                       ParseYaml(phases, "schedule", &diags));
  ResolveOptions resolve;
  resolve.epoch_transitions_only = true;
  FTS_ASSIGN_OR_RETURN(options.schedule,
                       ResolveSchedule(schedule, description, resolve, &diags));
  SchedulerOptions scheduler;
  scheduler.epoch_transitions_only = true;
  scheduler.restore_best = restore_best;
  scheduler.has_validation = restore_best;
  scheduler.max_epochs = 1000;
  FTS_ASSIGN_OR_RETURN(
      options.scheduler,
      MakeSchedulerConfig(options.schedule, scheduler, &diags));
  FTS_ASSIGN_OR_RETURN(
      const YamlNode adapter,
      ParseYaml(absl::StrCat(strategy,
                             "fsdp_default_kwargs: {reshard_after_forward: "
                             "true}\nfsdp_plan:\n  model.output: {}\n"
                             "  'model.layers.\\d*$': {}\n"),
                "strategy", &diags));
  PlanOptions plan;
  plan.schedule = &options.schedule;
  plan.tp = ranks.tp() == nullptr ? 1 : ranks.tp()->size();
  FTS_ASSIGN_OR_RETURN(options.plan,
                       ResolvePlan(adapter, description, plan, &diags));
  options.optimizer.name = "adamw";
  FTS_ASSIGN_OR_RETURN(
      options.optimizer.args,
      ParseYaml("{lr: 0.0001, weight_decay: 0.01}", "optimizer", &diags));
  SessionModel parts;
  for (const auto& [name, tensor] : model.NamedParameters()) {
    parts.parameters.push_back({name, tensor});
  }
  parts.modules = model.NamedModules();
  FTS_ASSIGN_OR_RETURN(
      bench->session_,
      Session::Create(parts, std::move(options), ranks, &diags));
  std::string drawn;
  at::Tensor values;
  FTS_RETURN_IF_ERROR(bench->session_->Load(
      [&](const std::string& name, int64_t begin, int64_t end, at::Tensor dst) {
        if (drawn != name) {
          for (const ParameterInfo& info : description.parameters) {
            if (info.name == name) values = at::zeros({info.numel()});
          }
          Fill(name, values);
          drawn = name;
        }
        dst.copy_(values.slice(0, begin, end));
        return absl::OkStatus();
      }));
  values = at::Tensor();
  FTS_RETURN_IF_ERROR(bench->session_->RunStart().status());
  return bench;
}

absl::Status SessionBench::BeginPhase(int phase) {
  if (phase > 0) {
    FTS_RETURN_IF_ERROR(session_->EpochEnd(phase - 1).status());
  }
  return session_->EpochStart(phase).status();
}

absl::Status SessionBench::EndPhase(int phase) {
  if (!restore_best_) return absl::OkStatus();
  session_->SetMetric("val_loss", -phase);
  return session_->ValidationEnd(phase).status();
}

absl::Status SessionBench::Step() {
  return session_
      ->TrainStep(
          1,
          [&](int64_t) -> absl::StatusOr<at::Tensor> {
            return BenchLoss(
                shape_, model_, ranks_.rank(), ranks_.size(),
                [&](const at::Tensor& logits, const at::Tensor& labels) {
                  return session_->TokenLoss(logits, labels);
                });
          })
      .status();
}

}  // namespace fts::benchmarks
