// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Sums and maxima over several sources, in the order of the sources.
//
// Threads: pure functions.
#ifndef FTS_CORE_COMM_SHM_REDUCE_H_
#define FTS_CORE_COMM_SHM_REDUCE_H_

#include <c10/core/ScalarType.h>

#include "fts/core/comm/communicator.h"
#include "fts/core/comm/shm/call.h"

namespace fts::comm::shm {

// How bfloat16 and float16 are added up: in float32, rounded once at the end,
// or rounded after each addition, as in their own precision. With two sources
// it is the same.
enum class HalfSums { kFloat32, kOwnPrecision };

// For a reducible type of [Note: collective calls]; integers wrap around.
// A source may be `out` itself. Plain loops: no thread is started.
ReduceFn FindReduce(at::ScalarType dtype, ReduceOp op, HalfSums half_sums);

}  // namespace fts::comm::shm

#endif  // FTS_CORE_COMM_SHM_REDUCE_H_
