// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What a schedule may say but a training run cannot do yet. Resolving takes
// everything; whoever runs a schedule calls this first.
// Threads: pure function.
#ifndef FTS_CORE_SCHEDULE_RUNNABLE_H_
#define FTS_CORE_SCHEDULE_RUNNABLE_H_

#include "absl/status/status.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/schedule/schedule.h"

namespace fts {

// Records not_available for every such key, by name and phase; phases beyond
// max_depth too. Returns diags->status() when there was one.
absl::Status CheckScheduleRunnable(const Schedule& schedule,
                                   Diagnostics* diags);

}  // namespace fts

#endif  // FTS_CORE_SCHEDULE_RUNNABLE_H_
