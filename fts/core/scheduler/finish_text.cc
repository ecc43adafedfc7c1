// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/scheduler/finish_text.h"

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
                    " never ran: max_depth is ", config.max_depth);
  }
  return text;
}

std::string NoImprovementText(const SchedulerConfig& config, double es_best) {
  const EarlyStoppingRule& rule = *config.early_stopping;
  std::string text =
      absl::StrCat(rule.monitor, " did not improve on ", FormatMetric(es_best));
  if (rule.min_delta > 0) {
    absl::StrAppend(&text, " by more than ", FormatMetric(rule.min_delta));
  }
  return absl::StrCat(text, " in ", rule.patience,
                      rule.patience == 1 ? " validation" : " validations");
}

}  // namespace fts
