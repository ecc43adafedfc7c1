// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// One entry of a tp_plan: a style, and how tensors lie around the module.
// Threads: pure functions.
#ifndef FTS_CORE_PLAN_TP_ENTRY_H_
#define FTS_CORE_PLAN_TP_ENTRY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"
#include "fts/core/plan/tp_plan.h"

namespace fts {

// What is written; nothing filled in.
struct TpEntry {
  TpStyle style = TpStyle::kColwise;
  std::optional<std::vector<TpLayout>> input;
  std::optional<std::vector<TpLayout>> compute;
  std::optional<std::vector<TpLayout>> output;
  // As tensors leave: `output` of colwise and rowwise, `result` of the others.
  std::optional<std::vector<TpLayout>> result;
  std::optional<bool> use_local_output;
  int64_t sequence_dim = 1;
};

// The value of `owner` ("tp_plan entry 'model.norm'"): a style's name, or a
// mapping of `style` and these keys:
//   colwise, rowwise: input, output, use_local_output
//   sequence: sequence_dim, use_local_output
//   prepare_input: input, compute, use_local_output
//   prepare_output: output, result, use_local_output
//   prepare_input_output: input, compute, output, result, use_local_output
// PyTorch's names of them are read too: input_layouts, desired_input_layouts,
// output_layouts, desired_output_layouts. nullopt after errors.
std::optional<TpEntry> ReadTpEntry(const YamlNode& value,
                                   const std::string& owner,
                                   Diagnostics* diags);

// What a module is to the styles.
enum class TpModuleKind { kLinear, kEmbedding, kOther };

// The rule of an entry for a module of that kind, which the style fits; every
// default filled in. `module`, `class_name` and `where` are left to the caller.
TpRule MakeTpRule(const TpEntry& entry, TpModuleKind kind);

}  // namespace fts

#endif  // FTS_CORE_PLAN_TP_ENTRY_H_
