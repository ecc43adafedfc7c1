// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/nn/rotary.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/where.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace fts::nn {
namespace {

// scalar / tensor as Python's operator rounds it: the reciprocal first.
at::Tensor Divide(double numerator, const at::Tensor& denominator) {
  return denominator.reciprocal().mul(numerator);
}

at::Tensor Llama3Frequencies(const at::Tensor& base,
                             const RotaryOptions& options) {
  const double old_length =
      static_cast<double>(options.original_max_position_embeddings);
  const double low = options.low_freq_factor;
  const double high = options.high_freq_factor;
  const double long_wave = old_length / low;
  const double short_wave = old_length / high;

  const at::Tensor wave = Divide(2 * M_PI, base);
  const at::Tensor is_long = wave.gt(long_wave);
  const at::Tensor scaled = at::where(is_long, base.div(options.factor), base);
  const at::Tensor smooth = Divide(old_length, wave).sub(low).div(high - low);
  const at::Tensor blended = smooth.neg()
                                 .add(1)
                                 .mul(scaled)
                                 .div(options.factor)
                                 .add(smooth.mul(scaled));
  const at::Tensor is_medium =
      wave.lt(short_wave).logical_not().logical_and(is_long.logical_not());
  return at::where(is_medium, blended, scaled);
}

at::Tensor RotateHalf(const at::Tensor& x) {
  const int64_t half = x.size(-1) / 2;
  return at::cat({x.narrow(-1, half, half).neg(), x.narrow(-1, 0, half)}, -1);
}

}  // namespace

at::Tensor RotaryInverseFrequencies(const RotaryOptions& options) {
  if (options.head_dim <= 0 || options.head_dim % 2 != 0) {
    throw std::invalid_argument("rotary embedding: head_dim is " +
                                std::to_string(options.head_dim) +
                                "; it must be positive and even");
  }
  at::NoGradGuard no_grad;
  const at::Tensor exponent = at::arange(0, options.head_dim, 2, at::kFloat)
                                  .div(static_cast<double>(options.head_dim));
  const at::Tensor base = Divide(1.0, at::pow(options.theta, exponent));
  return options.type == RotaryOptions::Type::kLlama3
             ? Llama3Frequencies(base, options)
             : base;
}

RotaryTable::RotaryTable(RotaryOptions options) : options_(options) {}

std::pair<at::Tensor, at::Tensor> RotaryTable::CosSin(int64_t length,
                                                      at::Device device,
                                                      at::ScalarType dtype) {
  auto entry = std::find_if(
      entries_.begin(), entries_.end(),
      [&](const Entry& e) { return e.device == device && e.dtype == dtype; });
  if (entry == entries_.end() || entry->cos.size(0) < length) {
    at::NoGradGuard no_grad;
    const at::Tensor position =
        at::arange(length, at::TensorOptions(device).dtype(at::kFloat));
    const at::Tensor half = position.unsqueeze(1).mul(
        RotaryInverseFrequencies(options_).to(device));
    const at::Tensor angle = at::cat({half, half}, -1);
    Entry made{device, dtype, angle.cos().to(dtype), angle.sin().to(dtype)};
    if (entry == entries_.end()) {
      entry = entries_.insert(entries_.end(), std::move(made));
    } else {
      *entry = std::move(made);
    }
  }
  return {entry->cos.narrow(0, 0, length), entry->sin.narrow(0, 0, length)};
}

std::pair<at::Tensor, at::Tensor> ApplyRotary(const at::Tensor& q,
                                              const at::Tensor& k,
                                              const at::Tensor& cos,
                                              const at::Tensor& sin) {
  return {q.mul(cos).add(RotateHalf(q).mul(sin)),
          k.mul(cos).add(RotateHalf(k).mul(sin))};
}

}  // namespace fts::nn
