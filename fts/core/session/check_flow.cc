// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/session/check_flow.h"

#include "fts/core/tp/flow_check.h"

namespace fts {

void CheckFlow(const Plan& plan, const SessionModel& model,
               const std::function<void()>& run, Diagnostics* diags) {
  if (!plan.tp.active()) return;
  tp::FlowModel flow;
  for (const shard::NamedLeaf& leaf : model.parameters) {
    flow.parameters.emplace_back(leaf.name, leaf.tensor);
  }
  flow.modules = model.modules;
  flow.run = run;
  tp::CheckFlow(flow, plan.tp, diags);
}

}  // namespace fts
