// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// How a tp_plan's rules place each parameter along tp, and whether the model's
// sizes allow it.
//
//   colwise Linear     weight Shard(0), bias Shard(0)
//   rowwise Linear     weight Shard(1), bias whole, added once after the sum:
//                      its gradient is partial where the result is split
//   colwise Embedding  weight Shard(1)
//   rowwise Embedding  weight Shard(0)
//   sequence           whole, gradients partial: the module's, and those below
// Threads: pure functions.
#ifndef FTS_CORE_PLAN_TP_PARAMETERS_H_
#define FTS_CORE_PLAN_TP_PARAMETERS_H_

#include <cstdint>
#include <map>
#include <string>

#include "fts/core/plan/tp_modules.h"
#include "fts/core/plan/tp_plan.h"

namespace fts {

// Styles that do not fit their module. Errors: tp_style.
void CheckTpStyles(const TpModules& modules, TpFindings* findings);

// TpRule::whole of a rule. Precondition: CheckTpStyles found nothing.
int64_t WholeOf(const TpModules& modules, const TpRule& rule);

// By canonical name; those that are whole with whole gradients are not listed.
// Precondition: CheckTpStyles found nothing. Errors: tp_tied, for a tensor that
// its modules would place differently.
std::map<std::string, TpParameter> PlaceTpParameters(const TpModules& modules,
                                                     TpFindings* findings);

// Errors: tp_size, for a dimension of which a rank would get nothing, and for
// heads that would be cut.
void CheckTpSizes(const TpModules& modules, int64_t tp, TpFindings* findings);

}  // namespace fts

#endif  // FTS_CORE_PLAN_TP_PARAMETERS_H_
