// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What a row of the scheduler's table sees and what it gives.
// Threads: values.
#ifndef FTS_CORE_SCHEDULER_TRANSITION_H_
#define FTS_CORE_SCHEDULER_TRANSITION_H_

#include <vector>

#include "fts/core/scheduler/scheduler_config.h"
#include "fts/core/scheduler/scheduler_event.h"
#include "fts/core/scheduler/scheduler_state.h"

namespace fts {

struct Transition {
  SchedulerState state;
  std::vector<SchedulerEffect> effects;  // to be applied in this order
};

namespace scheduler_internal {

struct Input {
  const SchedulerConfig& config;
  const SchedulerState& state;  // before the event
  const SchedulerEvent& event;

  // The rules of the phase in force.
  const PhaseRule& phase() const { return config.phases[state.phase]; }
};

}  // namespace scheduler_internal
}  // namespace fts

#endif  // FTS_CORE_SCHEDULER_TRANSITION_H_
