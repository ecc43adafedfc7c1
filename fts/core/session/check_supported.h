// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Rejects by name what a plan may say but this version does not execute, before
// anything starts. `plan resolve` takes all of it; a run never silently ignores
// an option.
// Threads: pure functions.
#ifndef FTS_CORE_SESSION_CHECK_SUPPORTED_H_
#define FTS_CORE_SESSION_CHECK_SUPPORTED_H_

#include "fts/core/base/diagnostics.h"
#include "fts/core/plan/plan.h"

namespace fts {

// Records code not_available for tensor parallelism. Malformed act_ckpt
// keywords are errors too.
void CheckSupported(const Plan& plan, Diagnostics* diags);

}  // namespace fts

#endif  // FTS_CORE_SESSION_CHECK_SUPPORTED_H_
