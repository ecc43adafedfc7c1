// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A plan for people: units with options, segments by phase, counts, reasons.
// Threads: pure functions.
#ifndef FTS_CORE_PLAN_PLAN_TEXT_H_
#define FTS_CORE_PLAN_PLAN_TEXT_H_

#include <cstdint>
#include <string>

#include "fts/core/plan/plan.h"

namespace fts {

// A table of units and segments, then the rules and placements of a tp_plan,
// then what was skipped and why, then notes.
// Ends in a newline.
std::string PlanToText(const Plan& plan);

// "46,404,096".
std::string WithCommas(int64_t n);

}  // namespace fts

#endif  // FTS_CORE_PLAN_PLAN_TEXT_H_
