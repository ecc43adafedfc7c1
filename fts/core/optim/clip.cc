// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/clip.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/zeros.h>

#include <cstdint>

namespace fts::optim {
namespace {

// [Note: norms in rows]
//
// A float norm adds up its squares in float: over 10^8 elements it is wrong by
// one per cent, and a flat segment is that long. So rows that are short enough
// are normed in float, at full speed, and joined in double.
constexpr int64_t kRow = 4096;

at::Tensor SquareOfNorms(const at::Tensor& norms) {
  return at::linalg_vector_norm(norms, 2, at::OptionalIntArrayRef(), false,
                                at::kDouble)
      .square();
}

// Of a 1-D tensor, as a double scalar.
at::Tensor SquaredNorm(const at::Tensor& grad) {
  const int64_t n = grad.numel();
  const int64_t in_rows = n / kRow * kRow;
  const at::Tensor rest = SquareOfNorms(grad.narrow(0, in_rows, n - in_rows));
  if (in_rows == 0) return rest;
  const at::ScalarType dtype =
      grad.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const at::Tensor rows =
      at::linalg_vector_norm(grad.narrow(0, 0, in_rows).view({-1, kRow}), 2,
                             at::IntArrayRef{1}, false, dtype);
  return rest.add(SquareOfNorms(rows));
}

}  // namespace

at::Tensor LocalSquaredNorm(const FlatParameters& flats) {
  at::NoGradGuard no_grad;
  at::Tensor total;
  for (const auto& flat : flats) {
    const at::Tensor grad = flat->grad();
    if (!grad.defined()) continue;
    const at::Tensor square = SquaredNorm(grad);
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
