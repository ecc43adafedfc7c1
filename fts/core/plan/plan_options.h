// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What a plan depends on beside its own configuration and the model.
// Threads: values.
#ifndef FTS_CORE_PLAN_PLAN_OPTIONS_H_
#define FTS_CORE_PLAN_PLAN_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "fts/core/base/source_location.h"
#include "fts/core/schedule/schedule.h"

namespace fts {

struct PlanOptions {
  // Substrings: a parameter whose name contains one is in the no_decay class.
  std::vector<std::string> no_decay;
  // Null: every parameter belongs to phase 0. Not kept.
  const Schedule* schedule = nullptr;
  // Ranks along the mesh's tp dimension, which the tp_plan is resolved for.
  int64_t tp = 1;
  SourceLocation tp_where;  // of that size, for messages
};

}  // namespace fts

#endif  // FTS_CORE_PLAN_PLAN_OPTIONS_H_
