// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// When each phase of a schedule can begin at the earliest, from its own rules
// alone: what can never happen is known before the run.
// Threads: pure functions.
#ifndef FTS_CORE_SCHEDULE_REACH_H_
#define FTS_CORE_SCHEDULE_REACH_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fts/core/schedule/schedule.h"

namespace fts {

// What the run says beside the schedule. Absent: not known.
struct ReachOptions {
  // Early stopping ends phases: with validation data, and not with
  // epoch_transitions_only.
  bool early_stopping = true;
  int64_t patience = 3;  // of phases that set none
  bool best_score_per_phase = false;
  int64_t val_interval = 1;  // epochs
  std::optional<int64_t> steps_per_epoch;
  std::optional<int64_t> tokens_per_step;
};

// Lower bounds: a phase begins neither in an earlier epoch nor before that many
// steps. Exact where nothing is unknown and no metric ever improves.
struct EarliestStart {
  bool never = false;  // nothing ends the phase before
  int64_t epoch = 0;
  int64_t step = 0;
  // What ends the phase before then: "early stopping with patience 3",
  // "max_transition_epoch 4". Empty for phase 0.
  std::string by_epoch;  // of `epoch`
  std::string by_step;   // of `step`
};

// One for each phase up to max_depth.
std::vector<EarliestStart> EarliestStarts(const Schedule& schedule,
                                          const ReachOptions& options);

}  // namespace fts

#endif  // FTS_CORE_SCHEDULE_REACH_H_
