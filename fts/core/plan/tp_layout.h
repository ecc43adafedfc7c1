// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Layouts as a tp_plan writes them: replicate, shard(1), null, or a list of
// them, one for each tensor. PyTorch's own spellings are read as well.
// Threads: pure functions.
#ifndef FTS_CORE_PLAN_TP_LAYOUT_H_
#define FTS_CORE_PLAN_TP_LAYOUT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"
#include "fts/core/plan/tp_plan.h"

namespace fts {

// The value of `key` of `owner` ("tp_plan entry 'model.norm'"); nullopt after
// an error, which goes to `diags`.
std::optional<std::vector<TpLayout>> ReadTpLayouts(const YamlNode& value,
                                                   const std::string& owner,
                                                   const std::string& key,
                                                   Diagnostics* diags);

// "replicate", "shard(-1)", "partial", "null".
std::string TpLayoutText(const TpLayout& layout);
// "shard(1)" for one, "[shard(1), null]" for several, "nothing" for none.
std::string TpLayoutsText(const std::vector<TpLayout>& layouts);

// Split along the last dimension, as colwise modules leave their results: -1,
// or 2 of [batch, sequence, features].
bool IsFeatureShard(const TpLayout& layout);
// Split along another one: a part of the sequence.
bool IsSequenceShard(const TpLayout& layout);
// Whether activations are split along dimension `dim`, 0 or 1, somewhere.
bool TpSplits(const TpPlan& plan, int64_t dim);

}  // namespace fts

#endif  // FTS_CORE_PLAN_TP_LAYOUT_H_
