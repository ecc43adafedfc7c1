// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/bindable.h"

#include "absl/strings/str_cat.h"

namespace fts {
namespace {

std::string WhyNot(const UnitSpec& unit, const std::string& name,
                   const DtypeNames& run) {
  if (unit.options.reshard_group.has_value()) {
    return absl::StrCat(
        name, " has reshard_after_forward: ", *unit.options.reshard_group);
  }
  for (const SegmentSpec& segment : unit.segments) {
    if (segment.shard_dim != 0) {
      return absl::StrCat(name, " has shard_placement dim ", segment.shard_dim);
    }
    const DtypeNames d = ResolveDtypes(unit.options, run, segment.dtype);
    if (d.param != "float32" || d.reduce != "float32" ||
        d.master != "float32") {
      return absl::StrCat(name, " is not all float32");
    }
  }
  return "";
}

}  // namespace

std::string WhyNotBindable(const Plan& plan, const DtypeNames& run) {
  if (!plan.bind) return "binding is off";
  if (plan.tp.active()) return absl::StrCat("mesh.tp is ", plan.tp.size);
  if (plan.gradient_divide_factor.has_value()) {
    return "gradient_divide_factor is set";
  }
  for (const UnitSpec& unit : plan.units) {
    std::string why = WhyNot(
        unit,
        unit.module.empty() ? "the root" : absl::StrCat("unit ", unit.module),
        run);
    if (!why.empty()) return why;
  }
  return WhyNot(plan.remainder, "what no unit holds", run);
}

}  // namespace fts
