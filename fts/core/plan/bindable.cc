// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/bindable.h"

namespace fts {
namespace {

bool IsFit(const UnitSpec& unit, const DtypeNames& run) {
  if (unit.options.reshard_group.has_value()) return false;
  for (const SegmentSpec& segment : unit.segments) {
    const DtypeNames d = ResolveDtypes(unit.options, run, segment.dtype);
    if (segment.shard_dim != 0 || d.param != "float32" ||
        d.reduce != "float32" || d.master != "float32") {
      return false;
    }
  }
  return true;
}

}  // namespace

bool Bindable(const Plan& plan, const DtypeNames& run) {
  if (!plan.bind || plan.gradient_divide_factor.has_value()) return false;
  for (const UnitSpec& unit : plan.units) {
    if (!IsFit(unit, run)) return false;
  }
  return IsFit(plan.remainder, run);
}

}  // namespace fts
