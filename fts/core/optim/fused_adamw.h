// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Sums the ranks' gradients and applies AdamW to the sum, in one pass over
// memory: for gradients that all stand in memory which the ranks share. No
// torch here.
// Threads: pure functions of the memory they are given.
#ifndef FTS_CORE_OPTIM_FUSED_ADAMW_H_
#define FTS_CORE_OPTIM_FUSED_ADAMW_H_

#include <cstdint>

namespace fts::optim {

struct AdamWStep {
  double lr = 0;
  double beta1 = 0;
  double beta2 = 0;
  double eps = 0;
  double weight_decay = 0;
  int64_t step = 1;  // the number of this one
};

// True where this processor has what SumAndAdamW needs to be fast and, over
// gradients summed before, to give the bits of at::_fused_adamw_.
bool CanFuseAdamW();

// For i < n, with g = gradients[0][i] + gradients[1][i] + ..., in this order:
// one AdamW step of value, moment and square. Nothing overlaps. Returns the sum
// of the g's squares, each 1024 of them added up in float, those in double.
double SumAndAdamW(const float* const* gradients, int count, float* value,
                   float* moment, float* square, int64_t n,
                   const AdamWStep& step);

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_FUSED_ADAMW_H_
