// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What a run config means for a model: schedule, transition rules and plan,
// without a device and without torch. `fts fit` starts from it, `fts schedule
// lint --config` shows it.
// Threads: pure functions.
#ifndef FTS_TRAIN_RESOLVE_RUN_H_
#define FTS_TRAIN_RESOLVE_RUN_H_

#include <cstdint>
#include <optional>

#include "fts/core/base/diagnostics.h"
#include "fts/core/config/run_config.h"
#include "fts/core/match/model_description.h"
#include "fts/core/plan/plan.h"
#include "fts/core/schedule/schedule.h"
#include "fts/core/scheduler/scheduler_config.h"

namespace fts::train {

struct ResolvedRun {
  // The schedule in FTS's schema, given or generated: what
  // <arch>_ft_schedule.yaml holds. Null when the config has none.
  YamlNode schedule_as_run;
  // Absent when there was an error in it; the other two need the schedule.
  std::optional<Schedule> schedule;
  std::optional<SchedulerConfig> scheduler;
  std::optional<Plan> plan;
};

// `tp`: ranks along the resolved mesh's tp dimension. Records every problem
// that can be found in one go.
ResolvedRun ResolveRun(const RunConfig& config, const ModelDescription& model,
                       int64_t tp, Diagnostics* diags);

}  // namespace fts::train

#endif  // FTS_TRAIN_RESOLVE_RUN_H_
