// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What a plan makes a rank hold in each phase, to the byte: the engine's own
// rules (fts/core/shard/segment.h) on numbers alone, so that nothing has to be
// started to know. fts/core/session/memory_test.cc holds the two together.
// Activations and what the model's own code keeps are not part of it.
// Threads: pure functions.
#ifndef FTS_CORE_PLAN_MEMORY_H_
#define FTS_CORE_PLAN_MEMORY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "fts/core/plan/plan.h"

namespace fts {

struct MemoryOptions {
  int64_t world_size = 1;  // data-parallel ranks
  int64_t replicas = 1;    // copies of the sharded model among them
  // The run's precision; a unit's mp_policy stands in the plan.
  std::string param = "float32";   // gather and compute
  std::string master = "float32";  // what the optimizer updates
  // Optimizer state tensors per element, by phase (optimizer_moments.h). A
  // phase beyond the end has that of the last one; empty = 0.
  std::vector<int> moments;
};

// [Note: memory of a bound plan]
// Where a plan is Bindable() and there are several ranks, the figures are those
// of the bound form (fts/core/shard/bound.h), as if it could be had: every rank
// counts its share of the one copy of the weights, as if all were sharded, and
// a whole gradient of its own, which stays while a segment trains.

// Bytes of one rank between two optimizer steps of a phase; every rank holds
// the same. Sums stop at the largest int64.
struct RankBytes {
  // Parameters, without what counts as master. Replicated: whole on every rank.
  int64_t frozen_sharded = 0;
  int64_t frozen_replicated = 0;
  int64_t trainable_sharded = 0;
  int64_t trainable_replicated = 0;
  // Full copies of frozen sharded segments that `reshard_after_forward: false`
  // keeps from the phase's first forward on; of a group of n, its 1/n.
  int64_t kept_gathered = 0;
  // Copies in the master dtype where that is not the dtype of computation.
  int64_t masters = 0;
  // Reduced gradients; held from a step's backward to its end.
  int64_t gradients = 0;
  int64_t moments = 0;  // optimizer state
  // Not part of the total: the largest unit when it is gathered, for as long
  // as it computes.
  int64_t largest_gather = 0;

  int64_t parameters() const;
  int64_t total() const;
};

// One for each of the phases 0 .. phases-1.
std::vector<RankBytes> PhaseMemory(const Plan& plan, int phases,
                                   const MemoryOptions& options);

}  // namespace fts

#endif  // FTS_CORE_PLAN_MEMORY_H_
