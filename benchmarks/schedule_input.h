// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A large model and a schedule for it, for benchmarks: `parameters` names in
// blocks of ten, thawed from the last block to the first in `phases` phases of
// patterns, as people write them.
// Threads: pure functions.
#ifndef BENCHMARKS_SCHEDULE_INPUT_H_
#define BENCHMARKS_SCHEDULE_INPUT_H_

#include <string>

#include "fts/core/match/model_description.h"

namespace fts::benchmarks {

ModelDescription LargeModel(int parameters);

// Three patterns per block, so 3/10 as many entries as names; every name is in
// one phase. Precondition: parameters is a multiple of 10 * phases.
std::string LargeSchedule(int parameters, int phases);

}  // namespace fts::benchmarks

#endif  // BENCHMARKS_SCHEDULE_INPUT_H_
