// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/scheduler/scheduler_config.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fts/core/base/codes.h"
#include "fts/core/scheduler/codes.h"

namespace fts {
namespace {

void CheckAtLeastOne(const char* key, const std::optional<int64_t>& value,
                     Diagnostics* diags) {
  if (value.has_value() && *value < 1) {
    diags->Error(codes::kOutOfRange,
                 absl::StrCat(key, " is ", *value, "; it must be at least 1"));
  }
}

void CheckRule(const EarlyStoppingRule& rule, const SourceLocation& where,
               Diagnostics* diags) {
  if (rule.patience < 1) {
    diags->Error(codes::kOutOfRange,
                 absl::StrCat("early_stopping.patience is ", rule.patience,
                              "; it must be at least 1"),
                 where);
  }
  if (!std::isfinite(rule.min_delta) || rule.min_delta < 0) {
    diags->Error(codes::kOutOfRange,
                 absl::StrCat("early_stopping.min_delta is ", rule.min_delta,
                              "; it must be a finite number, 0 or more"),
                 where);
  }
  const auto check = [&](const char* key, const std::optional<double>& value) {
    if (value.has_value() && std::isnan(*value)) {
      diags->Error(codes::kOutOfRange,
                   absl::StrCat("early_stopping.", key,
                                " is not a number; leave it out to switch the "
                                "threshold off"),
                   where);
    }
  };
  check("stopping_threshold", rule.stopping_threshold);
  check("divergence_threshold", rule.divergence_threshold);
}

PhaseRule MakePhaseRule(const Phase& phase, const SchedulerConfig& config) {
  const PhaseCriteria& criteria = phase.criteria;
  PhaseRule rule;
  rule.max_transition_epoch = phase.max_transition_epoch;
  rule.max_transition_step = criteria.max_transition_step;
  rule.max_transition_tokens = criteria.max_transition_tokens;
  rule.max_transition_time = criteria.max_transition_time;
  rule.lr = phase.lr;
  rule.has_params = !phase.params.empty();
  rule.has_freeze = !phase.freeze.empty();
  rule.new_optimizer = !phase.new_optimizer.is_null();
  rule.new_lr_scheduler = !phase.new_lr_scheduler.is_null();
  if (config.early_stopping.has_value()) {
    rule.patience = criteria.patience;
    rule.min_delta = criteria.min_delta;
    rule.best_score_per_phase =
        criteria.best_score.has_value()
            ? *criteria.best_score == "per_phase"
            : config.early_stopping->best_score_per_phase;
  }
  return rule;
}

// "patience and best_score", or "" when the phase overrides nothing.
std::string OverridesOf(const PhaseCriteria& criteria) {
  std::vector<std::string> keys;
  if (criteria.patience) keys.push_back("patience");
  if (criteria.min_delta) keys.push_back("min_delta");
  if (criteria.best_score) keys.push_back("best_score");
  std::string out;
  for (size_t i = 0; i < keys.size(); ++i) {
    absl::StrAppend(&out,
                    i == 0                ? ""
                    : i + 1 < keys.size() ? ", "
                                          : " and ",
                    keys[i]);
  }
  return out;
}

// Early stopping asked for where nothing can be stopped early.
void CheckEpochsOnly(const Schedule& schedule, const SchedulerOptions& options,
                     Diagnostics* diags) {
  if (options.early_stopping.has_value()) {
    diags->Warning(codes::kEarlyStoppingIgnored,
                   "early_stopping is ignored: with epoch_transitions_only, "
                   "phases end by max_transition_epoch, _step, _tokens and "
                   "_time alone; leave out one of the two keys",
                   options.early_stopping_where);
  }
  for (const Phase& phase : schedule.phases) {
    const std::string keys = OverridesOf(phase.criteria);
    if (keys.empty()) continue;
    diags->Warning(codes::kEarlyStoppingIgnored,
                   absl::StrCat("phase ", phase.index, " sets ", keys,
                                " in vain: with epoch_transitions_only there "
                                "is no early stopping; leave out one of the "
                                "two"),
                   phase.where);
  }
}

// Nothing validates: what waits for a metric would wait for ever.
void CheckWithoutValidation(const Schedule& schedule,
                            const SchedulerOptions& options,
                            const SchedulerConfig& config, Diagnostics* diags) {
  const std::string& monitor = config.early_stopping->monitor;
  if (options.early_stopping.has_value()) {
    diags->Error(codes::kNeedsValidation,
                 absl::StrCat("early_stopping monitors '", monitor,
                              "', but there is no validation data; add "
                              "data.val, or set "
                              "scheduler.epoch_transitions_only and give each "
                              "phase a max_transition_epoch, _step, _tokens "
                              "or _time"),
                 options.early_stopping_where);
  }
  for (int i = 0; i <= config.max_depth; ++i) {
    const std::string keys = OverridesOf(schedule.phases[i].criteria);
    const PhaseRule& rule = config.phases[i];
    if (!keys.empty()) {
      diags->Error(codes::kNeedsValidation,
                   absl::StrCat("phase ", i, " sets ", keys,
                                " of early stopping on '", monitor,
                                "', but there is no validation data; add "
                                "data.val, or leave out ",
                                keys),
                   schedule.phases[i].where);
    } else if (i < config.max_depth && rule.max_transition_epoch < 0 &&
               !rule.has_step_limit()) {
      diags->Error(codes::kNeedsValidation,
                   absl::StrCat("phase ", i,
                                " can only end by early stopping on '", monitor,
                                "', but there is no validation data; add "
                                "data.val, or give the phase a "
                                "max_transition_epoch, _step, _tokens or "
                                "_time"),
                   schedule.phases[i].where);
    }
  }
}

}  // namespace

bool Better(MetricMode mode, double a, double b) {
  return mode == MetricMode::kMin ? a < b : a > b;
}

EarlyStoppingRule PhaseEarlyStopping(const SchedulerConfig& config, int phase) {
  EarlyStoppingRule rule = *config.early_stopping;
  const PhaseRule& own = config.phases[phase];
  if (own.patience) rule.patience = *own.patience;
  if (own.min_delta) rule.min_delta = *own.min_delta;
  rule.best_score_per_phase = own.best_score_per_phase;
  return rule;
}

absl::StatusOr<SchedulerConfig> MakeSchedulerConfig(
    const Schedule& schedule, const SchedulerOptions& options,
    Diagnostics* diags) {
  Diagnostics found;
  SchedulerConfig config;
  config.restore_best = options.restore_best;
  config.best = options.best;
  config.max_epochs =
      schedule.max_epochs ? schedule.max_epochs : options.max_epochs;
  config.max_steps = options.max_steps;
  if (!options.epoch_transitions_only) {
    config.early_stopping =
        options.early_stopping.value_or(EarlyStoppingRule());
    CheckRule(*config.early_stopping, options.early_stopping_where, &found);
  }
  for (const Phase& phase : schedule.phases) {
    config.phases.push_back(MakePhaseRule(phase, config));
  }
  config.max_depth = std::max(
      0,
      std::min(schedule.max_depth, static_cast<int>(config.phases.size()) - 1));
  if (config.phases.empty()) {
    found.Error(codes::kOutOfRange,
                "the schedule has no phases; give it at least one");
  }

  if (options.epoch_transitions_only) {
    CheckEpochsOnly(schedule, options, &found);
  }
  CheckAtLeastOne("trainer.max_epochs", config.max_epochs, &found);
  CheckAtLeastOne("trainer.max_steps", config.max_steps, &found);
  if (!config.max_epochs.has_value() && !config.max_steps.has_value()) {
    found.Error(codes::kMissingKey,
                "neither trainer.max_epochs nor trainer.max_steps is set; set "
                "one, or the run has no end");
  }

  if (!options.has_validation && config.early_stopping.has_value() &&
      !config.phases.empty()) {
    CheckWithoutValidation(schedule, options, config, &found);
  }

  for (const Diagnostic& diagnostic : found.all()) diags->Add(diagnostic);
  if (!found.ok()) return diags->status();
  return config;
}

}  // namespace fts
