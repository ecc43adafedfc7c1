// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// How activations lie between the modules of one body under a tp_plan, whole or
// in parts of the sequence, and whether every module there expects them so.
//
// [Note: what can be told]
// The order in which a model calls its modules is not known, only which stand
// together below one module. Between them, activations are taken to lie as the
// rules there leave them: rowwise modules, prepare_output and sequence modules
// say it, for the nearest module around that has any.
// Threads: pure functions.
#ifndef FTS_CORE_PLAN_TP_REGIONS_H_
#define FTS_CORE_PLAN_TP_REGIONS_H_

#include "fts/core/base/source_location.h"
#include "fts/core/plan/tp_modules.h"

namespace fts {

// Errors: tp_layouts; tp_no_rule, for a module with parameters that stands
// among modules that work on parts of the sequence. Warning: tp_unruled, where
// it may work on a part of something. `where` is the place of the tp_plan.
void CheckTpRegions(const TpModules& modules, const SourceLocation& where,
                    TpFindings* findings);

}  // namespace fts

#endif  // FTS_CORE_PLAN_TP_REGIONS_H_
