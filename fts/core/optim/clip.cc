// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/clip.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/zeros.h>

namespace fts::optim {

at::Tensor LocalSquaredNorm(const FlatParameters& flats) {
  at::NoGradGuard no_grad;
  at::Tensor total;
  for (const auto& flat : flats) {
    const at::Tensor grad = flat->grad();
    if (!grad.defined()) continue;
    const at::ScalarType dtype =
        grad.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
    const at::Tensor square =
        at::linalg_vector_norm(grad, 2, at::OptionalIntArrayRef(), false, dtype)
            .to(at::kDouble)
            .square();
    total = total.defined() ? total.add(square) : square;
  }
  return total.defined() ? total : at::zeros({}, at::kDouble);
}

at::Tensor ClipCoefficient(const at::Tensor& total_norm, double max_norm) {
  at::NoGradGuard no_grad;
  return total_norm.add(1e-6).reciprocal().mul(max_norm).clamp_max(1.0);
}

void ScaleGradients(const FlatParameters& flats, const at::Tensor& factor) {
  at::NoGradGuard no_grad;
  for (const auto& flat : flats) {
    at::Tensor grad = flat->grad();
    if (grad.defined()) grad.mul_(factor.to(grad.device()));
  }
}

}  // namespace fts::optim
