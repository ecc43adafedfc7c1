// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Whether a tp_plan's layouts meet where one module hands a tensor to another:
// what no look at names and shapes of parameters can tell. The model runs on
// the meta device, where tensors have shapes and no data, once whole and once
// as each of two ranks would see it (the first and the last, whose parts differ
// in size). A tensor that is smaller than in the whole run is a part, and
// whoever reads it must expect one. Threads: confined to the calling thread.
#ifndef FTS_CORE_TP_FLOW_CHECK_H_
#define FTS_CORE_TP_FLOW_CHECK_H_

#include <functional>

#include "fts/core/base/diagnostics.h"
#include "fts/core/plan/tp_plan.h"
#include "fts/core/tp/styles.h"
#include "fts/core/tp/tensor_parallel.h"

namespace fts::tp {

// A model that nobody else uses, its parameters on the meta device. Its
// interceptors stay, and let calls pass. `run` calls it on meta tensors.
struct FlowModel {
  NamedTensors parameters;
  NamedModules modules;
  std::function<void()> run;
};

// Records the first place where layouts do not meet, of each rank: tp_layouts
// where a rule expects another layout, tp_no_rule where a module with
// parameters and no rule gets a part. `plan` is active and its parameters fit
// its size. A model that does not run on the meta device at all is not checked.
void CheckFlow(const FlowModel& model, const TpPlan& plan, Diagnostics* diags);

}  // namespace fts::tp

#endif  // FTS_CORE_TP_FLOW_CHECK_H_
