// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What mixed precision in a session is held against: the toy model trained by
// plain autograd in one process, its modules computing in dtypes of their own
// over masters, with casts at their boundaries, gradients summed over ranks in
// a reduce dtype and rounded as those do. Updates run in the ranks' chunks, so
// that values must agree bit for bit. Testing only.
// Threads: confined to one thread each.
#ifndef FTS_CORE_SESSION_TESTING_MIXED_TRAINING_H_
#define FTS_CORE_SESSION_TESTING_MIXED_TRAINING_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fts/core/session/testing/toy_model.h"

namespace fts::testing {

// One segment of the session's plan.
struct MixedPiece {
  std::vector<std::string> parameters;  // in the segment's order
  at::ScalarType param = at::kFloat, reduce = at::kFloat, master = at::kFloat;
  bool sharded = true;
};

class MixedTraining {
 public:
  MixedTraining(int world, std::vector<MixedPiece> pieces,
                std::map<std::string, at::Tensor> start = InitialValues());

  // Inputs and outputs of the modules named.
  void Cast(const std::string& module, std::optional<at::ScalarType> inputs,
            std::optional<at::ScalarType> outputs);

  // AdamW as in ToyOptions, on the pieces whose index is in `training` (empty:
  // all). `micro` backward passes per rank.
  double Step(int64_t micro = 1, const std::vector<int>& training = {});
  // Masters, as ForEachFull gives them.
  std::map<std::string, at::Tensor> Values() const;

  double divide = 1;  // gradients, after their sum

 private:
  struct State {
    MixedPiece piece;
    at::Tensor master, moment1, moment2;
    int64_t step = 0;
  };
  void Publish(const State& state);
  // The gradients of the last backward, which are dropped, flat in `reduce`.
  at::Tensor TakeGradient(const State& state);
  void Update(State& state, const at::Tensor& gradient);

  const int world_;
  ToyModel model_;
  std::vector<State> states_;
  int64_t next_sample_ = 0;
};

// Pieces of the blocks, the head, and the remainder (emb, norm), which is what
// ToyOptions plans; all train in fp32.
std::vector<MixedPiece> ToyPieces();

}  // namespace fts::testing

#endif  // FTS_CORE_SESSION_TESTING_MIXED_TRAINING_H_
