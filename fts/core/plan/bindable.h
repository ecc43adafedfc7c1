// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Whether a plan is one that the bound form (fts/core/shard/bound.h) can run.
// Threads: pure functions.
#ifndef FTS_CORE_PLAN_BINDABLE_H_
#define FTS_CORE_PLAN_BINDABLE_H_

#include "fts/core/plan/dtypes.h"
#include "fts/core/plan/plan.h"

namespace fts {

// True under `binding: auto` where everything is float32, so that the shared
// weights are the masters, and nothing is asked for that works on gradients
// between backward and update. Ranks on several hosts or on devices, and
// shortage of memory, show only when the ranks meet. Offloading asks nothing of
// ranks that compute on the host.
bool Bindable(const Plan& plan, const DtypeNames& run);

}  // namespace fts

#endif  // FTS_CORE_PLAN_BINDABLE_H_
