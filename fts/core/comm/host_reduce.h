// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Reduces the slices that all ranks sent to this one, on the calling thread.
// For .cc files of comm only.
//
// Threads: pure function.
#ifndef FTS_CORE_COMM_HOST_REDUCE_H_
#define FTS_CORE_COMM_HOST_REDUCE_H_

#include <ATen/core/Tensor.h>

#include "fts/core/comm/communicator.h"

namespace fts::comm {

// output[i] = slices[i] op slices[n + i] op ..., in rank order, with
// n = output.numel() and slices.numel() a multiple of n. bfloat16 and float16
// are accumulated in float32 and rounded once. Both are 1-D, contiguous, on the
// CPU, of one reducible type of [Note: collective calls].
// Plain loops, not at:: operators: those would start a pool of threads of their
// own for every backend thread.
void ReduceSlices(const at::Tensor& slices, const at::Tensor& output,
                  ReduceOp op);

}  // namespace fts::comm

#endif  // FTS_CORE_COMM_HOST_REDUCE_H_
