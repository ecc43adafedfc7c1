// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/shard/reduction.h"

#include <cmath>

namespace fts::shard {
namespace {

// The power of two that float16 gradients are divided by before they are
// summed.
double PreDivisor(double factor) {
  double p = 1;
  while (std::fmod(factor, p) == 0 && factor / p > p) p *= 2;
  return p;
}

double Divisor(ReductionOp op, const Reduction& reduction, int size) {
  switch (op) {
    case ReductionOp::kAverage:
      return size;
    case ReductionOp::kPremulSum:
      return reduction.premul_divisor;
    case ReductionOp::kNone:
    case ReductionOp::kSum:
      break;
  }
  return 1;
}

}  // namespace

Reduction ReductionFor(const ReductionRequest& request) {
  const double factor = request.factor.value_or(
      static_cast<double>(request.shard_size) * request.replicate_size);
  Reduction out;
  if (request.dtype == at::kHalf) {
    out.pre_divide = PreDivisor(factor);
    out.post_divide = factor / out.pre_divide;
  } else if (request.force_sum) {
    out.post_divide = factor;
  } else if (!request.factor.has_value()) {
    out.shard = out.replicate = ReductionOp::kAverage;
  } else if (request.shard_size == 1) {
    out.post_divide = factor;
  } else if (factor == request.shard_size) {
    out.shard = ReductionOp::kAverage;
  } else if (factor != 1) {
    out.shard = ReductionOp::kPremulSum;
    out.premul_divisor = factor;
  }
  if (request.shard_size == 1) out.shard = ReductionOp::kNone;
  if (request.replicate_size == 1) out.replicate = ReductionOp::kNone;
  return out;
}

SumReduction AsSums(const Reduction& reduction, int shard_size,
                    int replicate_size) {
  SumReduction out;
  out.pre_divide = reduction.pre_divide;
  // After the sums rather than before: on a shard it is the smaller tensor.
  out.post_divide = reduction.post_divide *
                    Divisor(reduction.shard, reduction, shard_size) *
                    Divisor(reduction.replicate, reduction, replicate_size);
  return out;
}

}  // namespace fts::shard
