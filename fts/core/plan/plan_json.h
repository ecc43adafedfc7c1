// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A plan as JSON: the object of `fts plan resolve --json`, and the whole plan
// (segments included) that a run leaves as plan.json.
// Threads: pure functions.
#ifndef FTS_CORE_PLAN_PLAN_JSON_H_
#define FTS_CORE_PLAN_PLAN_JSON_H_

#include <string>

#include "fts/core/base/diagnostics.h"
#include "fts/core/base/diagnostics_json.h"
#include "fts/core/config/yaml.h"
#include "fts/core/plan/plan.h"

namespace fts {

// {"units":[{"module","options"}],"skipped":[{"module","reason"}],
//  "warnings":[{"code","message","file","line","column"}]} on one line.
// `options` holds exactly the keys written. A unit of several modules also has
// "modules", all of them. Where there is a tp_plan, "tp" as below.
std::string PlanToJson(const Plan& plan, const Diagnostics& diags);

// The above with format "fts-plan/1", and for each unit and for the remainder:
// is_root, reshard, segments [{phase,dtype,replicated,numel,decay_numel,
// parameters}], with shard_dim where it is not 0, and tp ("sharded", "partial")
// where ranks along tp hold parts or get terms of a sum; then notes. "tp" is
// null without a tp_plan, else {size, loss_parallel, sequence_parallel,
// loss_module, rules [{module, class, style, input, compute, output, result,
// use_local_output, whole}], parameters {name: {placement, partial_gradient}}},
// where a layout is "Shard(1)", "Replicate()", "Partial()" or null. Indented.
std::string FullPlanToJson(const Plan& plan, const Diagnostics& diags);

// A YAML value as JSON; numbers that JSON lacks (inf, nan) become strings.
Json YamlToJson(const YamlNode& node);

}  // namespace fts

#endif  // FTS_CORE_PLAN_PLAN_JSON_H_
