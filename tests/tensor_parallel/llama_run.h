// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A few steps of a small Llama on any mesh, ranks as threads: three phases
// (head and last norm, the last layer, everything), units as the seed plan has
// them, a tp_plan. Testing only. Threads: RunLlama blocks until all ranks are
// done.
#ifndef TESTS_TENSOR_PARALLEL_LLAMA_RUN_H_
#define TESTS_TENSOR_PARALLEL_LLAMA_RUN_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fts/core/comm/trace.h"
#include "fts/core/config/run_config.h"
#include "fts/core/session/session.h"
#include "fts/models/llama/config.h"
#include "fts/models/llama/model.h"

namespace fts::testing {

struct LlamaRun {
  llama::LlamaConfig model = TinyLlama();
  int replicas = 1, shards = 1, tp = 1;
  bool sequence_parallel = true;
  bool loss_parallel = true;
  std::string tp_plan = "llama";
  std::string block_options = "{}";    // of the layers' units
  std::string strategy;                // more keys of strategy_adapter_cfg
  std::string schedule;                // YAML; empty: the three phases
  std::vector<int> steps = {6, 6, 8};  // of each phase
  int64_t sequences = 8;               // of a step, over all ranks
  int64_t micro_steps = 1;
  std::optional<double> clip;
  std::vector<std::string> no_decay;
  PrecisionSpec precision;
  // What one rank has to say before its first step and after its last one.
  std::function<void(Session&, const Ranks&)> before, after;
  // Ranks along tp are meant to part: not checked at the end.
  bool expect_drift = false;
  // Of rank 0's reductions and its calls along tp, if given.
  std::shared_ptr<comm::Trace> trace;
  // In place of TrainStep, when given, on every rank.
  std::function<void(Session&, llama::Llama&, int64_t step)> step;

  static llama::LlamaConfig TinyLlama();
};

struct LlamaResult {
  std::vector<double> loss, norm;            // per step
  std::map<std::string, at::Tensor> values;  // whole, at the end
};

constexpr int64_t kLlamaLength = 8;

// Tokens [batch, length + 1] of sequences `first`, `first` + 1, …
at::Tensor LlamaTokens(const llama::LlamaConfig& config, int64_t first,
                       int64_t batch);

// Aborts the test on an error.
LlamaResult RunLlama(const LlamaRun& run);

}  // namespace fts::testing

#endif  // TESTS_TENSOR_PARALLEL_LLAMA_RUN_H_
