// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Gradient norm and clipping over flat parameters, without waiting for the
// device. The caller sums the squared norms over ranks, each flat parameter
// counted on one rank of every group that holds copies of it.
// Threads: pure functions.

#ifndef FTS_CORE_OPTIM_CLIP_H_
#define FTS_CORE_OPTIM_CLIP_H_

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "fts/core/optim/flat_parameter.h"

namespace fts::optim {

using FlatParameters = std::vector<std::shared_ptr<FlatParameter>>;

// The sum over all gradients' squares on this rank: an fp64 scalar on the
// device of the first gradient (the CPU when there is none). Padding must be
// zero.
at::Tensor LocalSquaredNorm(const FlatParameters& flats);

// min(max_norm / (norm + 1e-6), 1) as PyTorch's clip_grad_norm_ has it. A norm
// that is not finite gives a coefficient that is not finite either.
at::Tensor ClipCoefficient(const at::Tensor& total_norm, double max_norm);

// Multiplies every gradient by the coefficient, in place.
void ScaleGradients(const FlatParameters& flats, const at::Tensor& factor);

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_CLIP_H_
