// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Drives the scheduler through a run: holds its state, feeds it events, applies
// its effects to the ports in order, and says what happened. The trainer reads
// the outcome (phase events to log, no more steps, the end of the run).
// Threads: confined to the training thread.
#ifndef FTS_CORE_SCHEDULER_DRIVER_H_
#define FTS_CORE_SCHEDULER_DRIVER_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/scheduler/ports.h"
#include "fts/core/scheduler/scheduler.h"

namespace fts {

// What one event led to. All effects in order, those applied to ports included.
struct Outcome {
  std::vector<SchedulerEffect> effects;

  // The first effect of that kind, or null.
  const SchedulerEffect* Find(EffectKind kind) const;
  // A phase that began: `phase` and `text` (the reason).
  const SchedulerEffect* phase() const { return Find(EffectKind::kPhase); }
  // The run is over: `cause` and `text`.
  const SchedulerEffect* finish() const { return Find(EffectKind::kFinish); }
  // No more steps in this epoch: go on with validation, then EpochEnd.
  bool end_epoch() const { return Find(EffectKind::kEndEpoch) != nullptr; }
  // Texts for the log.
  std::vector<std::string> notes() const;
};

class SchedulerDriver {
 public:
  SchedulerDriver(SchedulerConfig config, SchedulerPorts ports)
      : config_(std::move(config)), ports_(ports) {}

  // Each returns what happened, or the first error: of the table (the event was
  // out of order; nothing changed), or of a port. After a port's error the
  // engines are half-way between two states: every later call returns that
  // error again.
  absl::StatusOr<Outcome> RunStart();
  absl::StatusOr<Outcome> EpochStart(int64_t epoch);
  // Before each step. `tokens` and `seconds` are those of the run so far,
  // before this step, equal on every rank; they never go back. May be left out
  // as long as no phase has a max_transition_step, _tokens or _time.
  absl::StatusOr<Outcome> StepStart(int64_t step, int64_t tokens,
                                    double seconds);
  absl::StatusOr<Outcome> StepEnd(int64_t step);
  // Asks the MetricPort for the monitored metrics, unless epoch is -1.
  absl::StatusOr<Outcome> ValidationEnd(int64_t epoch);
  absl::StatusOr<Outcome> EpochEnd(int64_t epoch);

  const SchedulerConfig& config() const { return config_; }
  const SchedulerState& state() const { return state_; }
  // The phase in force.
  int phase() const { return state_.phase; }
  bool finished() const { return state_.stage == Stage::kFinished; }

  // Goes on from a saved state; the engines must be in the matching one. Only
  // before RunStart. Errors: FAILED_PRECONDITION, INVALID_ARGUMENT (a phase the
  // schedule does not have).
  absl::Status Resume(SchedulerState state);

 private:
  absl::StatusOr<Outcome> Handle(const SchedulerEvent& event);
  absl::Status Apply(const SchedulerEffect& effect);

  SchedulerConfig config_;
  SchedulerPorts ports_;
  SchedulerState state_;
  absl::Status broken_;  // the port error that stopped us
};

}  // namespace fts

#endif  // FTS_CORE_SCHEDULER_DRIVER_H_
