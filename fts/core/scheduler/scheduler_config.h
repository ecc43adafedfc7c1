// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The rules a run is scheduled by: when phases end, when the run ends, what
// counts as best. Fixed for the whole run; the table in scheduler.h reads it.
// Threads: values.
#ifndef FTS_CORE_SCHEDULER_SCHEDULER_CONFIG_H_
#define FTS_CORE_SCHEDULER_SCHEDULER_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/base/source_location.h"
#include "fts/core/schedule/schedule.h"

namespace fts {

enum class MetricMode { kMin, kMax };

// True when `a` is strictly better than `b`. False when either is NaN.
bool Better(MetricMode mode, double a, double b);

// Early stopping per phase, with FTS's rules: a phase is over after `patience`
// validations in a row without an improvement of more than min_delta over the
// best value of the whole run (of the phase, with best_score_per_phase); in the
// final phase the run ends then. Beyond either threshold, or (check_finite)
// when the metric is not finite, the run ends in any phase.
struct EarlyStoppingRule {
  std::string monitor = "val_loss";
  MetricMode mode = MetricMode::kMin;
  int64_t patience = 3;
  double min_delta = 0;
  bool best_score_per_phase = false;
  bool check_finite = true;
  std::optional<double> stopping_threshold;
  std::optional<double> divergence_threshold;
};

// What SaveBest goes by.
struct BestRule {
  std::string monitor = "val_loss";
  MetricMode mode = MetricMode::kMin;
};

struct PhaseRule {
  // Absolute, over the run: the next phase begins at the start of this epoch
  // (-1: no such rule), or before the first step at which this many steps,
  // tokens or seconds have passed.
  int64_t max_transition_epoch = -1;
  std::optional<int64_t> max_transition_step;
  std::optional<int64_t> max_transition_tokens;
  std::optional<double> max_transition_time;
  // In place of the run's; see PhaseEarlyStopping.
  std::optional<int64_t> patience;
  std::optional<double> min_delta;
  bool best_score_per_phase = false;  // the run's already taken in
  std::optional<double> lr;           // of the phase's group; absent in phase 0
  bool has_params = true;             // false: thaws nothing, adds no group
  bool has_freeze = false;
  bool new_optimizer = false;
  bool new_lr_scheduler = false;

  // A limit that is judged before a step.
  bool has_step_limit() const {
    return max_transition_step || max_transition_tokens || max_transition_time;
  }
};

struct SchedulerConfig {
  std::vector<PhaseRule> phases;  // all phases given, at least one
  int max_depth = 0;              // the final phase; later ones never run
  bool restore_best = true;
  std::optional<EarlyStoppingRule> early_stopping;  // absent: epochs only
  BestRule best;
  std::optional<int64_t> max_epochs;
  std::optional<int64_t> max_steps;
};

// The rule in force in `phase`. Precondition: config.early_stopping.
EarlyStoppingRule PhaseEarlyStopping(const SchedulerConfig& config, int phase);

// What the run config says beside the schedule.
struct SchedulerOptions {
  bool epoch_transitions_only = false;
  bool restore_best = true;
  // Absent: FTS's default rule, unless epoch_transitions_only.
  std::optional<EarlyStoppingRule> early_stopping;
  SourceLocation early_stopping_where = {};
  BestRule best;
  // Schedule.max_epochs, when set, is used instead (it may have been raised).
  std::optional<int64_t> max_epochs;
  std::optional<int64_t> max_steps;
  // There is validation data. Without it nothing can be monitored.
  bool has_validation = true;
};

// Checks and joins both. Errors: out_of_range (patience, min_delta, max_epochs,
// max_steps), missing_key (neither max_epochs nor max_steps), needs_validation
// (a phase or an early_stopping key waits for a metric, and nothing validates).
// Warning: early_stopping_ignored (given with epoch_transitions_only, for the
// run or for a phase).
absl::StatusOr<SchedulerConfig> MakeSchedulerConfig(
    const Schedule& schedule, const SchedulerOptions& options,
    Diagnostics* diags);

}  // namespace fts

#endif  // FTS_CORE_SCHEDULER_SCHEDULER_CONFIG_H_
