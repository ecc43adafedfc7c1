// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Whether a plan is one that the bound form (fts/core/shard/bound.h) can run.
// Threads: pure functions.
#ifndef FTS_CORE_PLAN_BINDABLE_H_
#define FTS_CORE_PLAN_BINDABLE_H_

#include <string>

#include "fts/core/plan/dtypes.h"
#include "fts/core/plan/plan.h"

namespace fts {

// Why a plan cannot be bound, "unit model.layers.0 is not all float32"; empty
// where it can: `binding: auto`, no tensor parallel, everything float32, so
// that the shared weights are the masters, and nothing asked for that works on
// gradients between backward and update. Ranks on several hosts or on devices,
// and shortage of memory, show only when the ranks meet. Offloading asks
// nothing of ranks that compute on the host.
std::string WhyNotBindable(const Plan& plan, const DtypeNames& run);

inline bool Bindable(const Plan& plan, const DtypeNames& run) {
  return WhyNotBindable(plan, run).empty();
}

}  // namespace fts

#endif  // FTS_CORE_PLAN_BINDABLE_H_
