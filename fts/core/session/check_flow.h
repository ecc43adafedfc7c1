// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Runs a model on the meta device to see whether a plan's tp layouts meet
// (fts/core/tp/flow_check.h). Needs no device and no values.
// Threads: confined to the calling thread.
#ifndef FTS_CORE_SESSION_CHECK_FLOW_H_
#define FTS_CORE_SESSION_CHECK_FLOW_H_

#include <functional>

#include "fts/core/base/diagnostics.h"
#include "fts/core/plan/plan.h"
#include "fts/core/session/session.h"

namespace fts {

// `model`: on the meta device, used by nobody else. `run` calls it on meta
// tensors whose dimensions differ from each other and divide where they are
// split. Nothing to do without an active tp_plan. Errors: tp_layouts,
// tp_no_rule.
void CheckFlow(const Plan& plan, const SessionModel& model,
               const std::function<void()>& run, Diagnostics* diags);

}  // namespace fts

#endif  // FTS_CORE_SESSION_CHECK_FLOW_H_
