// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// All that the scheduler remembers between two events. A value: copy it to look
// ahead, write it to JSON to resume later.
// Threads: a value.
#ifndef FTS_CORE_SCHEDULER_SCHEDULER_STATE_H_
#define FTS_CORE_SCHEDULER_SCHEDULER_STATE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "fts/core/scheduler/scheduler_event.h"

namespace fts {

// Where in the order of events the run stands.
enum class Stage {
  kNew,        // RunStart has not come
  kIdle,       // between two epochs (or before the first)
  kTraining,   // an epoch takes steps
  kStepsDone,  // max_steps was reached: the epoch takes no more steps
  kValidated,  // validated since the last step; more steps may follow
  kFinished,   // nothing more may come
};
inline constexpr Stage kAllStages[] = {Stage::kNew,       Stage::kIdle,
                                       Stage::kTraining,  Stage::kStepsDone,
                                       Stage::kValidated, Stage::kFinished};
const char* Name(Stage stage);  // "training"

struct SchedulerState {
  Stage stage = Stage::kNew;
  int phase = 0;           // the phase in force (from RunStart on)
  int64_t next_epoch = 0;  // the epoch that EpochStart must name
  int64_t next_step = 0;   // the step that StepStart and StepEnd must name
  int64_t phase_first_step = 0;  // the first step of the phase in force
  // As the last StepStart told. A resumed run counts on from these.
  int64_t started_step = -1;  // -1: there was none
  int64_t tokens = 0;
  double seconds = 0;
  // Early stopping. `es_best` is the best of the whole run and never reset, as
  // in FTS. `es_phase_best` starts afresh with each phase; it is what
  // best_score: per_phase compares with.
  std::optional<double> es_best;
  std::optional<double> es_phase_best;
  int64_t es_wait = 0;         // validations in a row without improvement
  std::string phase_complete;  // why early stopping ended the phase, or ""
  std::optional<BestRecord> best;
  FinishCause cause = FinishCause::kNone;  // kFinished
  std::string finish_text;                 // kFinished

  // The epoch in progress. Precondition: training, steps done or validated.
  int64_t epoch() const { return next_epoch - 1; }

  std::string ToString() const;

  friend bool operator==(const SchedulerState& a, const SchedulerState& b) {
    return a.stage == b.stage && a.phase == b.phase &&
           a.next_epoch == b.next_epoch && a.next_step == b.next_step &&
           a.phase_first_step == b.phase_first_step &&
           a.started_step == b.started_step && a.tokens == b.tokens &&
           a.seconds == b.seconds && a.es_best == b.es_best &&
           a.es_phase_best == b.es_phase_best && a.es_wait == b.es_wait &&
           a.phase_complete == b.phase_complete && a.best == b.best &&
           a.cause == b.cause && a.finish_text == b.finish_text;
  }
};

// {"format":"fts-scheduler-state/2", ...}; numbers survive exactly. Infinite
// ones are the strings "inf" and "-inf".
std::string SchedulerStateToJson(const SchedulerState& state);

// Reads formats 1 and 2. In format 1, which knew no limits in steps, tokens or
// time, what it lacks gets the defaults above.
// Errors: INVALID_ARGUMENT naming the field that is missing or misfit.
absl::StatusOr<SchedulerState> SchedulerStateFromJson(const std::string& json);

}  // namespace fts

#endif  // FTS_CORE_SCHEDULER_SCHEDULER_STATE_H_
