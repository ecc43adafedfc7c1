// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/tp_plan.h"

#include <algorithm>

namespace fts {

const char* TpStyleName(TpStyle style) {
  switch (style) {
    case TpStyle::kColwise:
      return "colwise";
    case TpStyle::kRowwise:
      return "rowwise";
    case TpStyle::kSequence:
      return "sequence";
    case TpStyle::kPrepareInput:
      return "prepare_input";
    case TpStyle::kPrepareOutput:
      return "prepare_output";
    case TpStyle::kPrepareInputOutput:
      return "prepare_input_output";
  }
  return "";
}

const TpRule* TpPlan::Find(const std::string& module) const {
  for (const TpRule& rule : rules) {
    if (rule.module == module) return &rule;
  }
  return nullptr;
}

TpChunk ChunkOf(int64_t whole, int64_t parts, int64_t index) {
  const int64_t chunk = (whole + parts - 1) / parts;
  TpChunk out;
  out.begin = std::min(whole, chunk * index);
  out.size = std::min(whole, chunk * (index + 1)) - out.begin;
  return out;
}

std::vector<int64_t> TpLocalShape(const std::vector<int64_t>& shape,
                                  const TpParameter& parameter, int64_t parts,
                                  int64_t index) {
  std::vector<int64_t> local = shape;
  if (parameter.placement.is_shard()) {
    const auto placement =
        parameter.placement.Resolve(static_cast<int64_t>(shape.size()));
    if (placement.ok()) {
      int64_t& size = local[placement->dim()];
      size = ChunkOf(size, parts, index).size;
    }
  }
  return local;
}

}  // namespace fts
