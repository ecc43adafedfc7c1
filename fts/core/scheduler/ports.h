// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What the scheduler needs of the engines, and no more. `session` implements
// these; the scheduler knows no engine.
// Threads: called from the training thread only, one call at a time. Every rank
// makes the same calls in the same order, so a port may use collectives.
#ifndef FTS_CORE_SCHEDULER_PORTS_H_
#define FTS_CORE_SCHEDULER_PORTS_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/scheduler/scheduler_event.h"

namespace fts {

class ParameterPort {
 public:
  virtual ~ParameterPort() = default;
  // The parameters of `phase` train from now on. Not called for a phase
  // without parameters.
  virtual absl::Status Thaw(int phase) = 0;
  // What schedule.phases[phase].freeze names trains no longer: gradient buffers
  // and optimizer state of it are dropped, its weights stay. Called before the
  // phase's Thaw, only for a phase that freezes something.
  virtual absl::Status Freeze(int phase) = 0;
};

class OptimizerPort {
 public:
  virtual ~OptimizerPort() = default;
  // Adds the groups of `phase` (one per PhaseGroup; two with no_decay), right
  // after its Thaw. `lr` is absent in phase 0: the optimizer's own rate.
  virtual absl::Status AddGroup(int phase, std::optional<double> lr) = 0;
  // Puts the new_optimizer of `phase` in place: the groups so far with fresh
  // moments and their latest rates. Comes before the phase's own Thaw and
  // AddGroup.
  virtual absl::Status ReplaceOptimizer(int phase) = 0;
  // Puts the new_lr_scheduler of `phase` in place, over all groups; comes after
  // the phase's AddGroup.
  virtual absl::Status ReplaceLrScheduler(int phase) = 0;
};

class SnapshotPort {
 public:
  virtual ~SnapshotPort() = default;
  // Keeps weights and optimizer moments, in place of what was kept before.
  virtual absl::Status SaveBest(const BestRecord& best) = 0;
  // Brings them back. Learning rates, step and epoch counters stay as they are.
  // Phases thawed after best.phase go back to their weights of then, with fresh
  // moments; so do groups of an optimizer that was replaced since. What was
  // frozen since stays frozen.
  virtual absl::Status RestoreBest(const BestRecord& best) = 0;
};

class MetricPort {
 public:
  virtual ~MetricPort() = default;
  // The value of the validation that has just ended, reduced over all ranks, so
  // that each rank gets the same bits. Errors: NOT_FOUND for an unknown name.
  virtual absl::StatusOr<double> Value(const std::string& name) = 0;
};

// Not owned; all must outlive the driver. None may be null.
struct SchedulerPorts {
  ParameterPort* parameters = nullptr;
  OptimizerPort* optimizer = nullptr;
  SnapshotPort* snapshot = nullptr;
  MetricPort* metrics = nullptr;
};

}  // namespace fts

#endif  // FTS_CORE_SCHEDULER_PORTS_H_
