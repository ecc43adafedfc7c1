// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Token cross-entropy as a sum and a count, so that the mean can be taken over
// all micro-steps and ranks at once.
// Threads: a pure function.

#ifndef FTS_CORE_NN_LOSS_H_
#define FTS_CORE_NN_LOSS_H_

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace fts::nn {

// Labels of this value are left out of sum and count.
inline constexpr int64_t kIgnoreLabel = -100;

struct LossSum {
  at::Tensor sum;    // fp32 scalar, differentiable
  at::Tensor count;  // int64 scalar on the same device: tokens not ignored
};

// logits [batch, length, vocabulary] in any float dtype, computed in fp32;
// labels [batch, length] int64. No host synchronisation.
LossSum SumCrossEntropy(const at::Tensor& logits, const at::Tensor& labels);

}  // namespace fts::nn

#endif  // FTS_CORE_NN_LOSS_H_
