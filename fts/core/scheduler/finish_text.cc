// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/scheduler/finish_text.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"

namespace fts {
namespace {

// "phase 2", "phases 1 and 2", "phases 1 to 4".
std::string Phases(int first, int last) {
  if (first == last) return absl::StrCat("phase ", first);
  return absl::StrCat("phases ", first, last == first + 1 ? " and " : " to ",
                      last);
}

}  // namespace

std::string FinishText(const SchedulerConfig& config, int phase,
                       const std::string& what) {
  const int last = static_cast<int>(config.phases.size()) - 1;
  if (last == 0) return what;
  std::string text = absl::StrCat(what, " in phase ", phase);
  if (phase == last) return absl::StrCat(text, ", the last phase");
  if (phase < config.max_depth) {
    absl::StrAppend(&text, "; ", Phases(phase + 1, config.max_depth),
                    " never ran");
  }
  if (config.max_depth < last) {
    absl::StrAppend(&text, "; ", Phases(config.max_depth + 1, last),
                    config.max_depth + 1 == last ? " lies" : " lie",
                    " beyond max_depth ", config.max_depth);
  }
  return text;
}

std::string NoImprovementText(const SchedulerConfig& config, int phase,
                              const std::optional<double>& best) {
  const EarlyStoppingRule rule = PhaseEarlyStopping(config, phase);
  // At least one value was looked at, even with patience 0.
  const int64_t waited = std::max<int64_t>(rule.patience, 1);
  const std::string time = absl::StrCat(
      " in ", waited, waited == 1 ? " validation" : " validations");
  // Nothing ever counted as a value: not a number, or infinitely bad.
  if (!best) return absl::StrCat(rule.monitor, " was never finite", time);
  std::string text =
      absl::StrCat(rule.monitor, " did not improve on ", FormatMetric(*best));
  if (rule.best_score_per_phase && config.phases.size() > 1) {
    absl::StrAppend(&text, ", the best of phase ", phase, ",");
  }
  if (rule.min_delta > 0) {
    absl::StrAppend(&text, " by more than ", FormatMetric(rule.min_delta));
  }
  return text + time;
}

}  // namespace fts
