// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/schedule/runnable.h"

#include <string>
#include <utility>
#include <vector>

#include "fts/core/base/codes.h"

namespace fts {

absl::Status CheckScheduleRunnable(const Schedule& schedule,
                                   Diagnostics* diags) {
  const int errors_before = diags->num_errors();
  for (const Phase& phase : schedule.phases) {
    const PhaseCriteria& criteria = phase.criteria;
    const std::pair<const char*, bool> keys[] = {
        {"new_optimizer", !phase.new_optimizer.is_null()},
        {"new_lr_scheduler", !phase.new_lr_scheduler.is_null()},
        {"max_transition_step", criteria.max_transition_step.has_value()},
        {"max_transition_tokens", criteria.max_transition_tokens.has_value()},
        {"max_transition_time", criteria.max_transition_time.has_value()},
        {"patience", criteria.patience.has_value()},
        {"min_delta", criteria.min_delta.has_value()},
        {"best_score", criteria.best_score.has_value()},
    };
    for (const auto& [key, used] : keys) {
      if (!used) continue;
      diags->Error(codes::kNotAvailable,
                   "phase " + std::to_string(phase.index) + ": " + key +
                       " is not available in training runs yet; remove it",
                   phase.where);
    }
  }
  if (diags->num_errors() > errors_before) return diags->status();
  return absl::OkStatus();
}

}  // namespace fts
