// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Resolves `tp_plan`, `loss_parallel` and `sequence_parallel` of
// strategy_adapter_cfg against a model: rules by module, and how each parameter
// is split. Needs no device.
//
// A plan is `llama` (tp_llama.h) or a mapping {module or pattern: style}
// (tp_entry.h). Patterns select as those of fsdp_plan: an exact name, else
// Python's re.match over all modules. Entries apply in the order written; a
// module hit again takes the later entry whole. Containers are left out with a
// warning.
// Threads: no state.
#ifndef FTS_CORE_PLAN_RESOLVE_TP_H_
#define FTS_CORE_PLAN_RESOLVE_TP_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/base/source_location.h"
#include "fts/core/config/yaml.h"
#include "fts/core/match/model_description.h"
#include "fts/core/plan/tp_plan.h"

namespace fts {

// The keys of strategy_adapter_cfg that are read here.
const std::vector<const char*>& TpPlanKeys();

// `tp`: ranks along the mesh's tp dimension; `tp_where` is the place of that
// number. With 1 the rules are made and checked as far as sizes do not matter.
// Errors: INVALID_ARGUMENT; every problem found is recorded in `diags`.
absl::StatusOr<TpPlan> ResolveTp(const YamlNode& strategy_adapter_cfg,
                                 const ModelDescription& model, int64_t tp,
                                 const SourceLocation& tp_where,
                                 Diagnostics* diags);

}  // namespace fts

#endif  // FTS_CORE_PLAN_RESOLVE_TP_H_
