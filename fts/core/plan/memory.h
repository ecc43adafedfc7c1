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
  std::string reduce = "float32";  // gradients before their reduction
  int64_t micro_steps = 1;         // forwards and backwards of one step
  // The ranks can share memory and have room: known when they have met.
  bool may_bind = false;
};

// [Note: memory of a bound plan]
// Where a plan is Bindable() and several ranks may bind it, the figures are
// those of the bound form (fts/core/shard/bound.h): every rank counts its share
// of the one copy of the weights, as if all were sharded, and a whole gradient
// of its own, which stays while a segment trains.

// Bytes of one rank between two optimizer steps of a phase; every rank holds
// the same. Sums stop at the largest int64.
struct RankBytes {
  // Parameters, without what counts as master. Replicated: whole on every rank.
  int64_t frozen_sharded = 0;
  int64_t frozen_replicated = 0;
  int64_t trainable_sharded = 0;
  int64_t trainable_replicated = 0;
  // Full copies of frozen sharded segments that `reshard_after_forward: false`
  // or their placement keeps from the phase's first forward on; of a group of
  // n, its 1/n.
  int64_t kept_gathered = 0;
  // Copies in the master dtype where that is not the dtype of computation.
  int64_t masters = 0;
  // Reduced gradients; held from a step's backward to its end.
  int64_t gradients = 0;
  int64_t moments = 0;  // optimizer state
  // Full gradients that `accumulation: unsharded` keeps from micro-step to
  // micro-step.
  int64_t unreduced = 0;
  // Not part of the total: the largest unit when it is gathered, for as long
  // as it computes.
  int64_t largest_gather = 0;

  int64_t parameters() const;
  int64_t total() const;
};

// One for each of the phases 0 .. phases-1.
std::vector<RankBytes> PhaseMemory(const Plan& plan, int phases,
                                   const MemoryOptions& options);

// [Note: which frozen segments are resident]
// A resident segment is gathered once per phase and kept: no bytes move for it
// any more, and each rank holds all of it instead of its part. `resident` takes
// every frozen segment, `sharded` none. `auto` takes as many as cost the run
// nothing: a phase may hold as much as the largest phase of the run holds when
// nothing is resident, its largest gather included. Segments are considered
// last one first, since those are most often on the way of a backward and then
// gathered twice a step.
//
// When the largest phase trains everything, that is a share of the frozen
// weights that no phase's size enters. With F bytes an element gathered and T
// trained (master, gradient and optimizer state), over N ranks:
//   share * F + (1 - share) * F / N <= T / N, so share <= (T / F - 1) / (N - 1)
// bf16 weights under fp32 AdamW, F = 2 and T = 16: 7 / (N - 1), which is
// everything up to 8 ranks, 47 % at 16 and 11 % at 64. All in fp32, F = 4:
// 3 / (N - 1), everything up to 4 ranks. A run that never trains much more than
// its head keeps less; `frozen_placement: resident` overrides.
//
// Per phase, the first parameter of every segment that is resident. Depends on
// nothing but its arguments, so every rank decides the same.
std::vector<std::vector<std::string>> ResidentSegments(
    const Plan& plan, int phases, const MemoryOptions& options);

}  // namespace fts

#endif  // FTS_CORE_PLAN_MEMORY_H_
