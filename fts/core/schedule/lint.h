// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Warnings about a schedule that is valid and still may not mean what was
// meant. `fts schedule lint` prints them, and `fts fit` before the first step.
// Threads: pure functions.
#ifndef FTS_CORE_SCHEDULE_LINT_H_
#define FTS_CORE_SCHEDULE_LINT_H_

#include <cstdint>
#include <optional>

#include "fts/core/base/diagnostics.h"
#include "fts/core/base/source_location.h"
#include "fts/core/config/yaml.h"
#include "fts/core/match/model_description.h"
#include "fts/core/match/name_matcher.h"
#include "fts/core/schedule/reach.h"
#include "fts/core/schedule/schedule.h"

namespace fts {

// The run around the schedule. Absent: not known, and nothing is said that
// depends on it.
struct LintContext {
  MatchRule match = MatchRule::kFts;
  bool epoch_transitions_only = false;
  bool has_validation = true;
  // Schedule.max_epochs is used instead where it is set.
  std::optional<int64_t> max_epochs;
  std::optional<int64_t> max_steps;
  // early_stopping is set by LintSchedule.
  ReachOptions reach;
  // Where the run config writes `restore_best: true`.
  std::optional<SourceLocation> restore_best;
};

// `written`: what `schedule` was resolved from; null when there was nothing.
// Records warnings only:
//   prefix_match       an entry takes in names beyond what it says
//   frozen_forever     parameters that no phase thaws
//   unreachable_phase  max_epochs or max_steps come before a phase can begin
//   tied_thaw          a tied parameter thaws before what lies between its uses
//   early_limit        a max_transition_epoch is not after that of phase 0
//   zero_lr            a phase thaws what never moves
//   no_effect          a key that changes nothing
void LintSchedule(const YamlNode& written, const Schedule& schedule,
                  const ModelDescription& model, const LintContext& context,
                  Diagnostics* diags);

}  // namespace fts

#endif  // FTS_CORE_SCHEDULE_LINT_H_
