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
// Absent: not written. The limits count over the whole run, as
// max_transition_epoch does: the next phase begins before step N (from 0), with
// the first step after N tokens or N seconds of the run.
struct PhaseCriteria {
  std::optional<int64_t> max_transition_step;
  std::optional<int64_t> max_transition_tokens;
  std::optional<double> max_transition_time;  // seconds since the run started
  std::optional<int64_t> patience;
  std::optional<double> min_delta;
  std::optional<std::string> best_score;  // "global" or "per_phase"
};

// Parameters of one phase that share a learning rate: one optimizer group (two
// with no_decay).
struct PhaseGroup {
  std::string name;  // of the layer, such as "model.layers.3"; "" = the phase
  double lr_scale = 1;              // times the phase's lr
  std::vector<std::string> params;  // registration order
};

struct Phase {
  int index = 0;
  // Full names, in the order the entries select them. A name is in one phase
  // only, unless a phase between froze it.
  std::vector<std::string> params;
  // Names that earlier phases thawed and this one freezes, before it thaws
  // params. Disjoint from params.
  std::vector<std::string> freeze;
  // params by learning rate: one group, or with lr_decay one per layer from the
  // output to the input. Empty groups are left out; none when params is empty.
  std::vector<PhaseGroup> groups;
  // As written; groups hold what follows from it.
  std::optional<double> lr_decay;
  // Of this phase's new groups (not of no_decay ones); absent: the optimizer's.
  std::optional<double> weight_decay;
  // While this phase is in force; absent: the trainer's.
  std::optional<double> clip_grad_norm;
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
