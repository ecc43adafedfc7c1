// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/session/check_supported.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "fts/core/base/codes.h"
#include "fts/core/recompute/parse_options.h"

namespace fts {
namespace {

void Reject(const std::string& what, const std::string& instead,
            const SourceLocation& where, Diagnostics* diags) {
  diags->Error(
      codes::kNotAvailable,
      absl::StrCat(what, " is not available in this version; ", instead),
      where);
}

bool Written(const YamlNode& node) {
  return node.kind() != YamlNode::Kind::kNull;
}

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
  if (Written(plan.tp.written)) {
    Reject("tp_plan", "remove it and set mesh.tp to 1", plan.tp.written.where(),
           diags);
  }
  if (plan.tp.loss_parallel) {
    Reject("loss_parallel", "remove it", plan.tp.written.where(), diags);
  }
}

}  // namespace fts
