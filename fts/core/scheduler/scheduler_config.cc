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

}  // namespace

bool Better(MetricMode mode, double a, double b) {
  return mode == MetricMode::kMin ? a < b : a > b;
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
  for (const Phase& phase : schedule.phases) {
    config.phases.push_back(
        {phase.max_transition_epoch, phase.lr, !phase.params.empty()});
  }
  config.max_depth = std::max(
      0,
      std::min(schedule.max_depth, static_cast<int>(config.phases.size()) - 1));
  if (config.phases.empty()) {
    found.Error(codes::kOutOfRange,
                "the schedule has no phases; give it at least one");
  }

  if (options.epoch_transitions_only) {
    if (options.early_stopping.has_value()) {
      found.Warning(codes::kEarlyStoppingIgnored,
                    "early_stopping is ignored: with epoch_transitions_only, "
                    "phases end by max_transition_epoch alone; leave out one "
                    "of the two keys",
                    options.early_stopping_where);
    }
  } else {
    config.early_stopping =
        options.early_stopping.value_or(EarlyStoppingRule());
    CheckRule(*config.early_stopping, options.early_stopping_where, &found);
  }

  CheckAtLeastOne("trainer.max_epochs", config.max_epochs, &found);
  CheckAtLeastOne("trainer.max_steps", config.max_steps, &found);
  if (!config.max_epochs.has_value() && !config.max_steps.has_value()) {
    found.Error(codes::kMissingKey,
                "neither trainer.max_epochs nor trainer.max_steps is set; set "
                "one, or the run has no end");
  }

  if (!options.has_validation && config.early_stopping.has_value()) {
    if (options.early_stopping.has_value()) {
      found.Error(
          codes::kNeedsValidation,
          absl::StrCat("early_stopping monitors '",
                       config.early_stopping->monitor,
                       "', but there is no validation data; add data.val, or "
                       "set scheduler.epoch_transitions_only and give each "
                       "phase a max_transition_epoch"),
          options.early_stopping_where);
    }
    for (int i = 0; i < config.max_depth; ++i) {
      if (config.phases[i].max_transition_epoch >= 0) continue;
      found.Error(
          codes::kNeedsValidation,
          absl::StrCat("phase ", i, " can only end by early stopping on '",
                       config.early_stopping->monitor,
                       "', but there is no validation data; add "
                       "data.val, or give the phase a "
                       "max_transition_epoch"),
          schedule.phases[i].where);
    }
  }

  for (const Diagnostic& diagnostic : found.all()) diags->Add(diagnostic);
  if (!found.ok()) return diags->status();
  return config;
}

}  // namespace fts
