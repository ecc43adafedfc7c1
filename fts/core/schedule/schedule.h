// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A resolved fine-tuning schedule: which parameters thaw in which phase, with
// what learning rate, and when the next phase begins. Made by ResolveSchedule;
// the scheduler, the planner and the reports read it.
// Threads: a value.
#ifndef FTS_CORE_SCHEDULE_SCHEDULE_H_
#define FTS_CORE_SCHEDULE_SCHEDULE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fts/core/base/source_location.h"
#include "fts/core/config/yaml.h"

namespace fts {

// Ways to end a phase that FTS does not have, and per-phase early stopping.
// Absent: not written. Resolved, but not yet run (see runnable.h).
struct PhaseCriteria {
  std::optional<int64_t> max_transition_step;
  std::optional<int64_t> max_transition_tokens;
  std::optional<double> max_transition_time;  // seconds
  std::optional<int64_t> patience;
  std::optional<double> min_delta;
  std::optional<std::string> best_score;  // "global" or "per_phase"
};

struct Phase {
  int index = 0;
  // Full names, in the order the entries select them. Disjoint over all phases.
  std::vector<std::string> params;
  // The next phase begins at the start of this epoch (from 0). Negative: no
  // such rule.
  int64_t max_transition_epoch = -1;
  // Learning rate of the phase's new group; absent in phase 0, whose rate is
  // the optimizer's own.
  std::optional<double> lr;
  // As written and structurally checked; null when absent. Phases >= 1 only.
  YamlNode new_optimizer;
  YamlNode new_lr_scheduler;
  PhaseCriteria criteria;
  SourceLocation where;
};

struct Schedule {
  std::vector<Phase> phases;  // all that were given; phases[i].index == i
  // Index of the last phase that runs: min(asked, phases - 1).
  int max_depth = 0;
  // As given, raised to the schedule's largest epoch when its last phase sets
  // one. Absent when not given.
  std::optional<int64_t> max_epochs;
};

}  // namespace fts

#endif  // FTS_CORE_SCHEDULE_SCHEDULE_H_
