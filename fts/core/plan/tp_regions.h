// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Whether every module of a tp_plan gets its input, whole or as a part of the
// sequence, as the modules of its body leave it ([Note: what can be told] in
// tp_bodies.h).
// Threads: pure functions.
#ifndef FTS_CORE_PLAN_TP_REGIONS_H_
#define FTS_CORE_PLAN_TP_REGIONS_H_

#include "fts/core/plan/tp_modules.h"

namespace fts {

// Errors: tp_layouts.
void CheckTpRegions(const TpModules& modules, TpFindings* findings);

}  // namespace fts

#endif  // FTS_CORE_PLAN_TP_REGIONS_H_
