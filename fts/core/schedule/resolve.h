// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Turns a schedule as written (FTS's YAML) into a Schedule for one model, with
// FTS's rules: exact name, else Python `re.match`, names in registration order;
// phases disjoint; keys converted to integers. Where FTS dies with a raw error
// or goes on wrongly, this reports a diagnostic with place, phase, entry and
// fix. Threads: pure functions.
#ifndef FTS_CORE_SCHEDULE_RESOLVE_H_
#define FTS_CORE_SCHEDULE_RESOLVE_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"
#include "fts/core/match/model_description.h"
#include "fts/core/match/name_matcher.h"
#include "fts/core/schedule/schedule.h"

namespace fts {

struct ResolveOptions {
  using MatchRule = ::fts::MatchRule;

  // No early stopping: every phase must set one of the max_transition_* keys.
  bool epoch_transitions_only = false;
  // Index of the last phase to run; -1 = all. Larger than the schedule = all.
  int max_depth = -1;
  // lr of phases >= 1 that set none; absent makes such a phase an error.
  std::optional<double> base_max_lr = 1e-5;
  std::optional<int64_t> max_epochs;
  MatchRule match = MatchRule::kFts;
};

// `schedule` is the mapping `phase -> {params, ...}`. Records all problems in
// `diags`; returns diags->status() when one is an error.
absl::StatusOr<Schedule> ResolveSchedule(const YamlNode& schedule,
                                         const ModelDescription& model,
                                         const ResolveOptions& options,
                                         Diagnostics* diags);

}  // namespace fts

#endif  // FTS_CORE_SCHEDULE_RESOLVE_H_
