// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/nn/loss.h"

#include <ATen/core/Reduction.h>
#include <ATen/ops/cross_entropy_loss.h>

namespace fts::nn {

LossSum SumCrossEntropy(const at::Tensor& logits, const at::Tensor& labels) {
  const at::Tensor rows = logits.reshape({-1, logits.size(-1)}).to(at::kFloat);
  const at::Tensor wanted = labels.reshape({-1});
  return {at::cross_entropy_loss(rows, wanted, /*weight=*/{},
                                 at::Reduction::Sum, kIgnoreLabel),
          wanted.ne(kIgnoreLabel).sum()};
}

}  // namespace fts::nn
