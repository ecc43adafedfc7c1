// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A plan as one rank along tp holds it. A resolved plan speaks of whole
// parameters; the sharding engine and the memory model want the parts that are
// left for a rank when tp_plan has split them.
// Threads: pure functions.
#ifndef FTS_CORE_PLAN_TP_LOCAL_H_
#define FTS_CORE_PLAN_TP_LOCAL_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "fts/core/match/model_description.h"
#include "fts/core/plan/plan.h"

namespace fts {

// Shapes of whole parameters by canonical name.
using ParameterShapes = std::map<std::string, std::vector<int64_t>>;
ParameterShapes ShapesOf(const ModelDescription& model);

// The same plan with numel and decay_numel of every segment counted in the
// parts of rank `index` along tp; rank 0 holds the most. A copy when nothing is
// split. Parameters without a shape count nothing.
Plan TpLocalPlan(const Plan& plan, const ParameterShapes& shapes,
                 int64_t index);

}  // namespace fts

#endif  // FTS_CORE_PLAN_TP_LOCAL_H_
