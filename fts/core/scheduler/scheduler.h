// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The scheduler: a pure table (state, event) -> (state, effects). It decides
// when a phase begins, what is saved and restored, and when and why the run
// ends; it does nothing itself. driver.h applies the effects to the engines.
//
// Order of events: RunStart, then per epoch EpochStart, (StepStart,
// StepEnd)..., ValidationEnd or none, EpochEnd. More steps and validations may
// follow a validation of the epoch. A baseline validation (epoch -1) may come
// before the first epoch. StepStart may be left out as long as no phase has a
// limit in steps, tokens or time. PrintSchedulerTable() shows every row.
// Threads: pure functions.
#ifndef FTS_CORE_SCHEDULER_SCHEDULER_H_
#define FTS_CORE_SCHEDULER_SCHEDULER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fts/core/scheduler/scheduler_config.h"
#include "fts/core/scheduler/scheduler_event.h"
#include "fts/core/scheduler/scheduler_state.h"
#include "fts/core/scheduler/transition.h"

namespace fts {

// [Note: same decision on every rank]
//
// The result depends on nothing but the arguments: no clock, no rank, no random
// number. Ranks that feed equal events from equal states get equal effects, so
// metrics must be reduced over ranks before they become an event.
//
// Errors: FAILED_PRECONDITION when the event cannot happen in this state (out
// of order, wrong epoch or step, run finished); INVALID_ARGUMENT when a
// monitored metric is not in the event. The state is then unchanged.
absl::StatusOr<Transition> Advance(const SchedulerConfig& config,
                                   const SchedulerState& state,
                                   const SchedulerEvent& event);

// One row of the table. The first row of a (stage, event) whose condition holds
// applies; the condition of the last one is always "otherwise" or "always".
struct SchedulerTableRow {
  Stage stage;
  EventKind event;
  std::string when;
  bool possible;        // false: Advance returns an error
  std::string next;     // the next stage, or why it cannot happen
  std::string effects;  // in order; [x] = only where it applies; "" = none
};
std::vector<SchedulerTableRow> SchedulerTable();

// The table as aligned text.
std::string PrintSchedulerTable();

}  // namespace fts

#endif  // FTS_CORE_SCHEDULER_SCHEDULER_H_
