// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Which colwise modules of a tp_plan meet which rowwise ones: results that are
// split along features must be taken by something that expects them so.
// Threads: pure functions.
#ifndef FTS_CORE_PLAN_TP_PAIRS_H_
#define FTS_CORE_PLAN_TP_PAIRS_H_

#include <cstdint>
#include <string>

#include "fts/core/plan/tp_modules.h"

namespace fts {

// Returns the module whose split result the loss takes; empty where there is
// none, or no `loss_parallel`. Errors: tp_layouts, tp_size (uneven input
// features without a colwise module that is split alike).
std::string CheckTpPairs(const TpModules& modules, bool loss_parallel,
                         int64_t tp, TpFindings* findings);

}  // namespace fts

#endif  // FTS_CORE_PLAN_TP_PAIRS_H_
