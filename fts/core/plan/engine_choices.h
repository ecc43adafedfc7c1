// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Reads the run-level keys of strategy_adapter_cfg that say how the engine
// works: prefetch, accumulation, frozen_placement, find_nonfinite.
// Threads: pure functions.
#ifndef FTS_CORE_PLAN_ENGINE_CHOICES_H_
#define FTS_CORE_PLAN_ENGINE_CHOICES_H_

#include <vector>

#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"
#include "fts/core/plan/plan.h"

namespace fts {

// The keys that ReadEngineChoices reads.
const std::vector<const char*>& EngineChoiceKeys();

// `config`: strategy_adapter_cfg, or null. Absent and null keys keep their
// defaults; wrong values are recorded in `diags`.
EngineChoices ReadEngineChoices(const YamlNode& config, Diagnostics* diags);

}  // namespace fts

#endif  // FTS_CORE_PLAN_ENGINE_CHOICES_H_
