// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A small transformer-like model for tests of the session: embedding, three
// residual blocks, norm, head; its data, its schedule in three phases (head and
// norm, the last block, everything) and one rank that trains it. Testing only.
// Threads: values; confined to one thread each.
#ifndef FTS_CORE_SESSION_TESTING_TOY_MODEL_H_
#define FTS_CORE_SESSION_TESTING_TOY_MODEL_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fts/core/comm/testing/rank_threads.h"
#include "fts/core/nn/module.h"
#include "fts/core/session/session.h"

namespace fts::testing {

inline constexpr int64_t kVocab = 11;
inline constexpr int64_t kDim = 6;
inline constexpr int kBlocks = 3;

class ToyBlock : public nn::Module {
 public:
  ToyBlock();
  std::string ClassName() const override { return "ToyBlock"; }
  int forwards = 0;  // recomputations included

 protected:
  nn::Tensors Forward(nn::Tensors inputs) override;

 private:
  std::shared_ptr<nn::Module> norm_, up_, down_;
};

// Tokens [batch, length] to logits. Values depend on the names only.
class ToyModel : public nn::Module {
 public:
  ToyModel();
  std::string ClassName() const override { return "ToyModel"; }
  at::Tensor Parameter(const std::string& name) const;
  ToyBlock& block(int i) { return *blocks_[i]; }
  // Of the last forward: whether each block's output had a graph.
  std::vector<bool> block_has_graph;

 protected:
  nn::Tensors Forward(nn::Tensors inputs) override;

 private:
  std::shared_ptr<nn::Module> emb_, norm_, head_;
  std::vector<std::shared_ptr<ToyBlock>> blocks_;
};

// Deterministic tokens and the summed cross entropy of one micro-batch,
// divided by the tokens of `parts` such batches.
at::Tensor ToyLoss(ToyModel& model, int64_t sample, int64_t parts);

struct ToyOptions {
  // Values for blocks ("layers.N") and head.
  std::string block_options = "{}";
  int replicas = 1;       // mesh.dp_replicate
  int tp = 1;             // mesh.tp
  std::string strategy;   // more keys of strategy_adapter_cfg, one a line
  std::string fsdp_plan;  // more entries of fsdp_plan, one a line, indented
  // Not `auto`: tests count gathers of what is frozen.
  std::string frozen_placement = "sharded";
  bool plan = true;  // false: everything is the remainder
  // The whole schedule as YAML; then `phases` is not read.
  std::string schedule;
  // Patterns of the three phases.
  std::vector<std::string> phases = {"[norm.*, head.*]", "['layers.2.*']",
                                     "['layers.[01].*', emb.*]"};
  bool early_stopping = false;  // else phases of one epoch each
  bool restore_best = false;
  PrecisionSpec precision;
  std::string optimizer = "adamw";
  std::string optimizer_args = "{lr: 0.01, weight_decay: 0.1}";
  std::vector<std::string> no_decay;
  std::optional<LrSchedulerSpec> lr_scheduler;
  std::optional<double> clip;
  bool apply_lambdas_new_pgs = false;
  bool enforce_phase0_params = true;
  std::function<double()> clock;
  std::function<void(ToyModel&)> prepare;  // before the session takes the model
};

// Everything a session needs; aborts the test on an error.
SessionOptions MakeSessionOptions(nn::Module& model, const ToyOptions& options);
SessionModel PartsOf(nn::Module& model);

// Fills a session from a model's own values by name.
shard::RangeLoader LoadFrom(std::map<std::string, at::Tensor> values);
std::map<std::string, at::Tensor> InitialValues();

// One rank with its model and session, started.
struct ToyRank {
  ToyRank(comm::testing::RankComms comms, const ToyOptions& options);

  // One optimizer step on samples [step * micro * world, ...).
  absl::StatusOr<StepResult> TryStep(int64_t step, int64_t micro = 1);
  StepResult Step(int64_t step, int64_t micro = 1);
  // One epoch of `steps` steps, then validation with `metric`.
  void Epoch(int64_t epoch, int64_t steps, double metric);
  // StepStart, the next step, StepEnd.
  StepResult NextStep();
  std::map<std::string, at::Tensor> Values();

  int rank, world;
  std::shared_ptr<ToyModel> model;
  std::unique_ptr<Session> session;
  int64_t next_step = 0;
  std::vector<int> phase_of_step;
  std::vector<std::string> notes;  // of all events of Epoch and NextStep
};

inline constexpr int64_t kToyTokens = 10;  // of one step, per rank

}  // namespace fts::testing

#endif  // FTS_CORE_SESSION_TESTING_TOY_MODEL_H_
