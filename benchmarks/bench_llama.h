// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The models that training benchmarks run: T (thin: vocabulary 256, width 64,
// 16 layers, sequence 64, 0.9 M) and S (the shapes of the seed's Llama:
// vocabulary 32000, width 512, 4 layers, sequence 128, 46 M), their batches,
// their three phases (head and last norm; last layers; everything), trained
// plainly or by a session. fsdp2_peer.py has the same in Python.
// Threads: confined to one thread.
#ifndef BENCHMARKS_BENCH_LLAMA_H_
#define BENCHMARKS_BENCH_LLAMA_H_

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fts/core/nn/loss.h"
#include "fts/core/session/ranks.h"
#include "fts/core/session/session.h"
#include "fts/models/llama/model.h"

namespace fts::benchmarks {

struct BenchShape {
  std::string name;
  llama::LlamaConfig config;
  int64_t seq_len = 0;
  int64_t batch = 4;    // per rank
  int last_layers = 1;  // that thaw in phase 1
};

// "T", "S", or "H": 32 layers of 9 parameters so small that a step is all
// host time.
absl::StatusOr<BenchShape> ShapeNamed(const std::string& name);

// Of which phase a parameter is.
int PhaseOf(const BenchShape& shape, const std::string& name);

// Values by name, the same in every process.
void FillParameters(const BenchShape& shape, llama::Llama* model);

// Cross entropy of logits and labels, summed.
using TokenLoss =
    std::function<nn::LossSum(const at::Tensor&, const at::Tensor&)>;

// The mean loss of this rank's batch, the same tokens in every step.
at::Tensor BenchLoss(const BenchShape& shape, llama::Llama& model, int rank,
                     int world,
                     const TokenLoss& token_loss = nn::SumCrossEntropy);

// The model trained without anything of ours but its layers: autograd, and
// PyTorch's fused AdamW over the list of parameters.
class PlainBench {
 public:
  explicit PlainBench(const BenchShape& shape);
  void BeginPhase(int phase);
  void Step(int rank);

 private:
  struct Trained {
    at::Tensor value, exp_avg, exp_avg_sq, step;
  };
  const BenchShape shape_;
  llama::Llama model_;
  std::vector<Trained> trained_;
};

// The same by a session: the output layer and every layer are units, the rest
// is replicated. Ranks that share layers (Ranks::SplitTp) see the same batch.
// `strategy`: lines of further keys of strategy_adapter_cfg.
// `restore_best`: every phase but the first begins with the best weights of the
// one before, which are its last.
class SessionBench {
 public:
  static absl::StatusOr<std::unique_ptr<SessionBench>> Create(
      const BenchShape& shape, const Ranks& ranks, const std::string& strategy,
      bool restore_best = false);
  // Phases in order, from 0; EndPhase validates and keeps the best, if asked.
  absl::Status BeginPhase(int phase);
  absl::Status EndPhase(int phase);
  absl::Status Step();
  Session& session() { return *session_; }
  llama::Llama& model() { return model_; }

 private:
  SessionBench(const BenchShape& shape, const Ranks& ranks)
      : shape_(shape), ranks_(ranks), model_(shape.config) {}
  const BenchShape shape_;
  Ranks ranks_;
  llama::Llama model_;
  bool restore_best_ = false;
  std::unique_ptr<Session> session_;
};

}  // namespace fts::benchmarks

#endif  // BENCHMARKS_BENCH_LLAMA_H_
