// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "tests/tensor_parallel/llama_run.h"

#include <ATen/ops/arange.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/comm/testing/rank_threads.h"
#include "fts/core/nn/describe.h"
#include "fts/core/plan/resolve_plan.h"
#include "fts/core/schedule/resolve.h"
#include "fts/core/scheduler/scheduler_config.h"
#include "fts/core/session/model_parts.h"
#include "fts/models/llama/init.h"
#include "fts/models/llama/model.h"

namespace fts::testing {
namespace {

void Must(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::abort();
}

template <typename T>
T Must(absl::StatusOr<T> value) {
  Must(value.status());
  return *std::move(value);
}

YamlNode Yaml(const std::string& text) {
  Diagnostics diags;
  return Must(ParseYaml(text, "test.yaml", &diags));
}

SessionOptions MakeOptions(const LlamaRun& run,
                           const ModelDescription& description) {
  SessionOptions out;
  Diagnostics diags;
  std::string phases = "0: {params: ['model.output.*', 'model.norm.*']";
  absl::StrAppend(&phases, ", max_transition_epoch: 1}\n");
  absl::StrAppend(&phases, "1: {params: ['model.layers.",
                  run.model.n_layers - 1,
                  ".*'], max_transition_epoch: 2, lr: 0.003}\n");
  std::string others = "'model.tok_embeddings.*'";
  for (int64_t i = 0; i + 1 < run.model.n_layers; ++i) {
    absl::StrAppend(&others, ", 'model.layers.", i, ".*'");
  }
  absl::StrAppend(&phases, "2: {params: [", others,
                  "], max_transition_epoch: 3, lr: 0.003}\n");
  if (run.model.tied_embeddings) {
    phases =
        "0: {params: ['model.norm.*'], max_transition_epoch: 1}\n"
        "1: {params: ['model.layers.*'], max_transition_epoch: 2, lr: 0.003}\n"
        "2: {params: ['model.tok_embeddings.*'], max_transition_epoch: 3, "
        "lr: 0.003}\n";
  }
  if (!run.schedule.empty()) phases = run.schedule;
  ResolveOptions resolve;
  resolve.epoch_transitions_only = true;
  resolve.max_epochs = 100;
  out.schedule =
      Must(ResolveSchedule(Yaml(phases), description, resolve, &diags));
  SchedulerOptions scheduler;
  scheduler.epoch_transitions_only = true;
  scheduler.restore_best = false;
  scheduler.max_epochs = 100;
  out.scheduler = Must(MakeSchedulerConfig(out.schedule, scheduler, &diags));
  std::string strategy = absl::StrCat(
      "binding: off\n", run.strategy,
      "fsdp_plan:\n  'model.layers.\\d*$': ", run.block_options, "\n");
  if (!run.model.tied_embeddings) {
    absl::StrAppend(&strategy, "  model.output: {}\n");
  }
  if (run.tp > 1) {
    absl::StrAppend(&strategy, "tp_plan: ", run.tp_plan,
                    "\nloss_parallel: ", run.loss_parallel ? "true" : "false",
                    "\n");
    if (!run.sequence_parallel) {
      absl::StrAppend(&strategy, "sequence_parallel: false\n");
    }
  }
  PlanOptions plan;
  plan.schedule = &out.schedule;
  plan.no_decay = run.no_decay;
  plan.tp = run.tp;
  auto resolved = ResolvePlan(Yaml(strategy), description, plan, &diags);
  for (const Diagnostic& d : diags.all()) {
    if (!resolved.ok()) std::fprintf(stderr, "%s\n", d.message.c_str());
  }
  out.plan = Must(std::move(resolved));
  out.precision = run.precision;
  out.optimizer.name = "adamw";
  out.optimizer.args = Yaml("{lr: 0.003, weight_decay: 0.1}");
  out.optimizer.no_decay = run.no_decay;
  out.clip_grad_norm = run.clip;
  return out;
}

// One rank, from its communicators to its last step.
void RunRank(const LlamaRun& run, const comm::testing::RankComms& comms,
             LlamaResult* result) {
  const bool traced = run.trace != nullptr && comms.first->rank() == 0;
  // What is split from it records there too.
  Ranks ranks(comms.first,
              traced ? comm::WithTrace(comms.second, run.trace) : comms.second);
  Must(ranks.SplitTp(run.tp));
  Must(ranks.SplitReplicas(run.replicas));
  llama::Llama model(run.model);
  const ModelDescription description = nn::Describe(model);
  Diagnostics diags;
  const auto session = Must(Session::Create(
      ModelParts(model), MakeOptions(run, description), ranks, &diags));
  const llama::InitSource source(run.model, 5);
  Must(session->Load(
      [&](const std::string& name, int64_t begin, int64_t end, at::Tensor dst) {
        return source.CopyRange(name, begin, end, std::move(dst));
      }));
  Must(session->RunStart().status());
  const int64_t batch = run.sequences / ranks.size() / run.micro_steps;
  const double tokens = static_cast<double>(run.sequences * kLlamaLength);
  int64_t step = 0;
  std::vector<double> loss, norm;
  for (size_t epoch = 0; epoch < run.steps.size(); ++epoch) {
    Must(session->EpochStart(static_cast<int64_t>(epoch)).status());
    if (epoch == 0 && run.before) run.before(*session, ranks);
    for (int i = 0; i < run.steps[epoch]; ++i, ++step) {
      Must(session->StepStart(step, 0).status());
      if (run.step) {
        run.step(*session, model, step);
        Must(session->StepEnd(step).status());
        continue;
      }
      const StepResult done = Must(session->TrainStep(
          run.micro_steps, [&](int64_t micro) -> absl::StatusOr<at::Tensor> {
            const int64_t first = step * run.sequences +
                                  (micro * ranks.size() + ranks.rank()) * batch;
            const at::Tensor rows = LlamaTokens(run.model, first, batch);
            const at::Tensor logits = session->CastOutput(
                model(rows.narrow(1, 0, kLlamaLength).contiguous()));
            return session
                ->TokenLoss(logits,
                            rows.narrow(1, 1, kLlamaLength).contiguous())
                .sum.div(tokens);
          }));
      Must(session->StepEnd(step).status());
      loss.push_back(done.loss);
      norm.push_back(done.grad_norm);
    }
    session->SetMetric("val_loss", 1);
    Must(session->ValidationEnd(static_cast<int64_t>(epoch)).status());
    Must(session->EpochEnd(static_cast<int64_t>(epoch)).status());
  }
  if (!run.expect_drift) Must(session->engine().CheckReplicas());
  if (run.after) run.after(*session, ranks);
  std::map<std::string, at::Tensor> values;
  Must(session->ForEachFull(
      [&](const std::string& name, const at::Tensor& full) {
        values[name] = full.clone();
        return absl::OkStatus();
      }));
  if (ranks.world_rank() != 0) return;
  result->loss = std::move(loss);
  result->norm = std::move(norm);
  result->values = std::move(values);
}

}  // namespace

llama::LlamaConfig LlamaRun::TinyLlama() {
  llama::LlamaConfig config;
  config.vocab_size = 41;  // not even over 2 or 4 ranks
  config.dim = 32;
  config.n_layers = 3;
  config.n_heads = 8;
  config.n_kv_heads = 4;
  config.head_dim = 4;
  config.hidden_dim = 24;
  config.max_seq_len = 16;
  return config;
}

at::Tensor LlamaTokens(const llama::LlamaConfig& config, int64_t first,
                       int64_t batch) {
  const int64_t width = kLlamaLength + 1;
  const at::Tensor i = at::arange(first * width, (first + batch) * width);
  return i.mul(i)
      .add(i.mul(3))
      .remainder(config.vocab_size)
      .view({batch, width});
}

LlamaResult RunLlama(const LlamaRun& run) {
  LlamaResult result;
  comm::testing::RunRanks(
      run.replicas * run.shards * run.tp,
      [&](comm::testing::RankComms comms) { RunRank(run, comms, &result); });
  return result;
}

}  // namespace fts::testing
