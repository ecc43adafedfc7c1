// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/session/check_supported.h"

#include "fts/core/recompute/parse_options.h"

namespace fts {
namespace {

void CheckUnit(const UnitSpec& unit, Diagnostics* diags) {
  const UnitOptions& o = unit.options;
  if (o.act_ckpt.has_value() && o.act_ckpt->mode != "wrapped_offload") {
    // Records what is wrong by itself.
    recompute::ParseCheckpointOptions(o.act_ckpt->mode, o.act_ckpt->kwargs,
                                      diags)
        .status()
        .IgnoreError();
  }
}

}  // namespace

void CheckSupported(const Plan& plan, Diagnostics* diags) {
  for (const UnitSpec& unit : plan.units) CheckUnit(unit, diags);
  if (plan.unplanned_shard) CheckUnit(plan.remainder, diags);
}

}  // namespace fts
