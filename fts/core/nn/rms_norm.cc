// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/nn/rms_norm.h"

#include <ATen/ops/empty.h>

namespace fts::nn {

RmsNorm::RmsNorm(int64_t dim, double eps, at::TensorOptions options)
    : weight_(RegisterParameter("weight", at::empty({dim}, options))),
      eps_(eps) {}

Tensors RmsNorm::Forward(Tensors inputs) {
  const at::Tensor& input = inputs.at(0);
  const at::Tensor x = input.to(at::kFloat);
  const at::Tensor mean_square =
      x.pow(2).mean(at::IntArrayRef({-1}), /*keepdim=*/true);
  const at::Tensor normal = x.mul(mean_square.add(eps_).rsqrt());
  return {weight_.mul(normal.to(input.scalar_type()))};
}

}  // namespace fts::nn
