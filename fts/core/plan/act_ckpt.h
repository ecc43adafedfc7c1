// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The forms of `act_ckpt`, and the keywords each mode takes: composable and
// wrapped those of PyTorch's non-reentrant checkpoint, and two of ours: `save`,
// operators whose outputs are kept, and `every: n`, which ResolvePlan counts
// (units it passes over get `act_ckpt: null`); wrapped_offload none.
// Threads: pure functions.
#ifndef FTS_CORE_PLAN_ACT_CKPT_H_
#define FTS_CORE_PLAN_ACT_CKPT_H_

#include <optional>
#include <string>

#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"

namespace fts {

// The one form of `value`: a mapping {mode, kwargs}, or null for off. nullopt
// after an error. `owner` is who has the option, for messages.
std::optional<YamlNode> CheckActCkpt(const YamlNode& value,
                                     const std::string& owner,
                                     Diagnostics* diags);

}  // namespace fts

#endif  // FTS_CORE_PLAN_ACT_CKPT_H_
