// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Gives every parameter to a unit or to the remainder, split into segments.
// Threads: pure functions.
#ifndef FTS_CORE_PLAN_SEGMENTS_H_
#define FTS_CORE_PLAN_SEGMENTS_H_

#include <string>

#include "fts/core/base/diagnostics.h"
#include "fts/core/match/model_description.h"
#include "fts/core/plan/plan.h"
#include "fts/core/plan/plan_options.h"

namespace fts {

// True when `module` is `ancestor` or lies below it. The root is "".
bool IsWithin(const std::string& module, const std::string& ancestor);

// The module that holds `parameter`: all before its last dot.
std::string OwnerOf(const std::string& parameter);

// The module above `module`. Precondition: module is not "".
std::string ParentOf(const std::string& module);

// Fills segments and `ignored` of plan->units and plan->remainder, whose
// modules and options are set, then is_root and reshard, then plan->notes.
// Errors: bad_pattern, unmatched_ignored_params, shard_placement.
// Warning: empty_unit.
void AssignParameters(const ModelDescription& model, const PlanOptions& options,
                      Plan* plan, Diagnostics* diags);

}  // namespace fts

#endif  // FTS_CORE_PLAN_SEGMENTS_H_
