// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Rejects by name what a plan or schedule may say but this version does not
// execute, before anything starts. `plan resolve` and `schedule resolve` take
// all of it; a run never silently ignores an option.
// Threads: pure functions.
#ifndef FTS_CORE_SESSION_CHECK_SUPPORTED_H_
#define FTS_CORE_SESSION_CHECK_SUPPORTED_H_

#include "fts/core/base/diagnostics.h"
#include "fts/core/plan/plan.h"
#include "fts/core/schedule/schedule.h"

namespace fts {

// Records code not_available for each: integer reshard_after_forward,
// mp_policy, shard_placement, ignored_params, act_ckpt modes other than
// composable, tensor parallelism, a phase's new_optimizer / new_lr_scheduler.
// Malformed act_ckpt keywords are errors too.
void CheckSupported(const Plan& plan, const Schedule& schedule,
                    Diagnostics* diags);

}  // namespace fts

#endif  // FTS_CORE_SESSION_CHECK_SUPPORTED_H_
