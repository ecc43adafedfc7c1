// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/check_mesh.h"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fts/core/plan/codes.h"

namespace fts {
namespace {

// The elements along `dim` that some rank holds and `shards` does not divide,
// or 0.
int64_t Uneven(const TpPlan& tp, const std::string& name,
               const std::vector<int64_t>& shape, int64_t dim, int64_t shards) {
  const auto split = tp.parameters.find(name);
  if (!tp.active() || split == tp.parameters.end()) {
    return shape[dim] % shards == 0 ? 0 : shape[dim];
  }
  for (const int64_t rank : {int64_t{0}, tp.size - 1}) {
    const int64_t mine = TpLocalShape(shape, split->second, tp.size, rank)[dim];
    if (mine % shards != 0) return mine;
  }
  return 0;
}

}  // namespace

absl::Status CheckPlanFitsMesh(const Plan& plan, const ModelDescription& model,
                               const DeviceMesh& mesh, Diagnostics* diags) {
  const int64_t shards = mesh.DimSize(kDpShard);
  std::unordered_map<std::string, const ParameterInfo*> parameters;
  for (const ParameterInfo& p : model.parameters) parameters[p.name] = &p;
  Diagnostics found;
  std::vector<const UnitSpec*> units;
  for (const UnitSpec& unit : plan.units) units.push_back(&unit);
  if (plan.unplanned_shard) units.push_back(&plan.remainder);
  for (const UnitSpec* each : units) {
    const UnitSpec& unit = *each;
    if (unit.options.reshard_group && shards % *unit.options.reshard_group) {
      const YamlNode* written =
          unit.options.written.Find("reshard_after_forward");
      found.Error(
          codes::kReshardGroup,
          absl::StrCat(each == &plan.remainder
                           ? std::string("the unplanned parameters")
                           : absl::StrCat("unit '", unit.label(), "'"),
                       ": reshard_after_forward ", *unit.options.reshard_group,
                       " does not divide the ", shards,
                       " ranks of dp_shard; give a divisor, true or "
                       "false"),
          written ? written->where() : unit.where);
    }
    const YamlNode* dim_node = unit.options.shard_placement.Find("dim");
    if (dim_node == nullptr) continue;
    for (const SegmentSpec& segment : unit.segments) {
      for (const std::string& name : segment.parameters) {
        const auto it = parameters.find(name);
        if (it == parameters.end()) continue;
        const auto& shape = it->second->shape;
        int64_t dim = dim_node->as_int();
        if (dim < 0) dim += static_cast<int64_t>(shape.size());
        if (dim <= 0 || dim >= static_cast<int64_t>(shape.size())) continue;
        // A rank along tp has a part of it; the last one's may be smaller.
        const int64_t uneven = Uneven(plan.tp, name, shape, dim, shards);
        if (uneven == 0) continue;
        found.Error(
            codes::kShardPlacement,
            absl::StrCat("unit '", unit.label(), "': dimension ", dim, " of '",
                         name, "' has ", uneven, " elements",
                         uneven == shape[dim] ? "" : " on a rank along tp",
                         ", which ", shards,
                         " ranks of dp_shard do not divide; only "
                         "dimension 0 may be split unevenly"),
            dim_node->where());
      }
    }
  }
  for (const Diagnostic& diagnostic : found.all()) diags->Add(diagnostic);
  return found.ok() ? absl::OkStatus() : diags->status();
}

}  // namespace fts
