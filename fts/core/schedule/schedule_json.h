// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A resolved schedule as text: the JSON of `fts schedule resolve --json`, and
// YAML that resolves to the same schedule again.
// Threads: pure functions.
#ifndef FTS_CORE_SCHEDULE_SCHEDULE_JSON_H_
#define FTS_CORE_SCHEDULE_SCHEDULE_JSON_H_

#include <string>

#include "fts/core/base/diagnostics.h"
#include "fts/core/schedule/schedule.h"

namespace fts {

// {"phases":[{"phase","params","max_transition_epoch","lr"}],"max_depth",
//  "max_epochs","warnings":[{"code","message","file","line","column"}]}
// and in a phase, only when used: "freeze", "weight_decay", "clip_grad_norm",
// "lr_decay" with "groups" [{"name","lr_scale","params"}], the other limits and
// per-phase early stopping. `lr` is null in phase 0, `max_epochs` when not
// given; file, line and column when a warning has no place.
std::string ScheduleToJson(const Schedule& schedule, const Diagnostics& diags);

// The schedule as its user might have written it, every entry a full parameter
// name. It resolves to the same schedule.
std::string ScheduleToYaml(const Schedule& schedule);

}  // namespace fts

#endif  // FTS_CORE_SCHEDULE_SCHEDULE_JSON_H_
