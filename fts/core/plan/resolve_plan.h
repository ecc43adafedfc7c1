// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Resolves `strategy_adapter_cfg` (fsdp_plan, fsdp_default_kwargs, unplanned,
// tp_plan and what belongs to it) against a model. Needs no device.
// Threads: no state.
#ifndef FTS_CORE_PLAN_RESOLVE_PLAN_H_
#define FTS_CORE_PLAN_RESOLVE_PLAN_H_

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"
#include "fts/core/match/model_description.h"
#include "fts/core/plan/plan.h"
#include "fts/core/plan/plan_options.h"

namespace fts {

// `strategy_adapter_cfg` may be null: then there are no units and everything is
// the remainder.
//
// Entries apply in the order written. An entry is a module name, else a Python
// regular expression (re.match) over all module names in pre-order. Containers
// are dropped with a warning. A module hit again keeps its first position and
// takes the later options whole. A module below an earlier unit is skipped with
// a warning; one above earlier units becomes a unit around them. The modules of
// an entry with `one_unit: true` form one unit: of those within another of them
// only the outer one counts, and none may be in a unit already.
//
// A parameter belongs to the lowest unit that contains all modules owning it
// (several when it is tied), else to the remainder. The root is the unit that
// is an ancestor of every other one; under `unplanned: shard` it is the
// remainder, unless that is empty. Errors: INVALID_ARGUMENT; every problem
// found is recorded in `diags`.
absl::StatusOr<Plan> ResolvePlan(const YamlNode& strategy_adapter_cfg,
                                 const ModelDescription& model,
                                 const PlanOptions& options,
                                 Diagnostics* diags);

}  // namespace fts

#endif  // FTS_CORE_PLAN_RESOLVE_PLAN_H_
