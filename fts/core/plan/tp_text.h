// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A resolved tp_plan for people: one table of rules, one of parameters.
// Threads: pure functions.
#ifndef FTS_CORE_PLAN_TP_TEXT_H_
#define FTS_CORE_PLAN_TP_TEXT_H_

#include <string>

#include "fts/core/plan/tp_plan.h"

namespace fts {

// Modules and parameters whose names differ in numbers only and that are
// treated alike share a line, with `*` for the number. Empty where there are no
// rules; else it begins with an empty line.
std::string TpPlanToText(const TpPlan& plan);

}  // namespace fts

#endif  // FTS_CORE_PLAN_TP_TEXT_H_
