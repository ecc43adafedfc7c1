// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Modules with parameters that a tp_plan has no rule for, where what they work
// on may be a part: each rank would then have a part of their gradients only.
// Threads: pure functions.
#ifndef FTS_CORE_PLAN_TP_UNRULED_H_
#define FTS_CORE_PLAN_TP_UNRULED_H_

#include "fts/core/base/source_location.h"
#include "fts/core/plan/tp_modules.h"

namespace fts {

// Error: tp_no_rule, for a module among modules that work on parts of the
// sequence. Warning: tp_unruled, where it is likely but not certain to work on
// a part. `where` is the place of the tp_plan.
void CheckTpUnruled(const TpModules& modules, const SourceLocation& where,
                    TpFindings* findings);

}  // namespace fts

#endif  // FTS_CORE_PLAN_TP_UNRULED_H_
