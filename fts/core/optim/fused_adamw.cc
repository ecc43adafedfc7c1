// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// [Note: the bits of the fused kernel]
//
// at::_fused_adamw_ computes its constants in double and rounds them to float,
// moves the moment towards the gradient by one fused multiply-add, and adds the
// gradient's square to the second moment by another; in which order, differs
// between its vector loop and its loop over the last elements. That is written
// out here, and the compiler is kept from contracting anything else. Plain
// loops, built once per instruction set: memory is the limit, not arithmetic.
#include "fts/core/optim/fused_adamw.h"

#include <algorithm>
#include <cmath>

namespace fts::optim {
namespace {

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define FTS_FOR_EACH_PROCESSOR \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FTS_FOR_EACH_PROCESSOR
#endif

// Sums stay in the first-level cache between the loops.
constexpr int64_t kBlock = 1024;
constexpr int64_t kLanes = 16;
constexpr int64_t kLanesOfTorch = 8;

struct Constants {
  float decay;         // of the value
  float toward;        // how far the moment goes towards the gradient
  bool from_gradient;  // measured from the gradient, not from the moment
  float keep_square;   // of the second moment
  float take_square;   // of the gradient's square
  float root_scale;    // what the root of the second moment is divided by
  float eps;
  float minus_rate;
};

Constants MakeConstants(const AdamWStep& s) {
  const double correction1 = 1 - std::pow(s.beta1, s.step);
  const double correction2 = 1 - std::pow(s.beta2, s.step);
  Constants c;
  c.decay = static_cast<float>(1 - s.lr * s.weight_decay);
  const float weight = static_cast<float>(1 - s.beta1);
  c.from_gradient = !(std::abs(weight) < 0.5f);
  c.toward = c.from_gradient ? weight - 1.0f : weight;
  c.keep_square = static_cast<float>(s.beta2);
  c.take_square = static_cast<float>(1 - s.beta2);
  c.root_scale = static_cast<float>(std::sqrt(correction2));
  c.eps = static_cast<float>(s.eps);
  c.minus_rate = static_cast<float>(-(s.lr / correction1));
  return c;
}

FTS_FOR_EACH_PROCESSOR
double Pass(const float* const* gradients, int count, float* value,
            float* moment, float* square, int64_t n, const Constants& c,
            bool decays) {
  const float decay = decays ? c.decay : 1.0f;
  const float toward = c.toward;
  const bool from_gradient = c.from_gradient;
  const float keep = c.keep_square, take = c.take_square;
  const float root_scale = c.root_scale, eps = c.eps;
  const float minus_rate = c.minus_rate;
  alignas(64) float sums[kBlock];
  double squares = 0;
  const int64_t in_vectors = n / kLanesOfTorch * kLanesOfTorch;
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t size = std::min(kBlock, n - begin);
    const float* const first = gradients[0] + begin;
    if (count == 1) {
      for (int64_t i = 0; i < size; ++i) sums[i] = first[i];
    } else {
      const float* const second = gradients[1] + begin;
      for (int64_t i = 0; i < size; ++i) sums[i] = first[i] + second[i];
    }
    for (int rank = 2; rank < count; ++rank) {
      const float* const next = gradients[rank] + begin;
      for (int64_t i = 0; i < size; ++i) sums[i] += next[i];
    }
    for (int64_t i = size; i < kBlock && i % kLanes != 0; ++i) sums[i] = 0;
    float lanes[kLanes] = {};
    for (int64_t i = 0; i < size; i += kLanes) {
      for (int64_t j = 0; j < kLanes; ++j) {
        lanes[j] += sums[i + j] * sums[i + j];
      }
    }
    for (int64_t j = 0; j < kLanes; ++j) squares += lanes[j];
    float* __restrict p = value + begin;
    float* __restrict m = moment + begin;
    float* __restrict v = square + begin;
    const float* __restrict g = sums;
    const int64_t vectors =
        std::max<int64_t>(0, std::min(size, in_vectors - begin));
    for (int64_t i = 0; i < vectors; ++i) {
      const float base = from_gradient ? g[i] : m[i];
      const float new_m = __builtin_fmaf(toward, g[i] - m[i], base);
      const float new_v = __builtin_fmaf(take * g[i], g[i], v[i] * keep);
      m[i] = new_m;
      v[i] = new_v;
      const float denominator = __builtin_sqrtf(new_v) / root_scale + eps;
      p[i] = p[i] * decay + (minus_rate * new_m) / denominator;
    }
    for (int64_t i = vectors; i < size; ++i) {
      const float base = from_gradient ? g[i] : m[i];
      const float new_m = __builtin_fmaf(toward, g[i] - m[i], base);
      const float new_v = __builtin_fmaf(v[i], keep, take * g[i] * g[i]);
      m[i] = new_m;
      v[i] = new_v;
      const float denominator = __builtin_sqrtf(new_v) / root_scale + eps;
      p[i] = p[i] * decay + (minus_rate * new_m) / denominator;
    }
  }
  return squares;
}

}  // namespace

bool CanFuseAdamW() {
#if defined(__x86_64__) && defined(__GNUC__)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return false;
#endif
}

double SumAndAdamW(const float* const* gradients, int count, float* value,
                   float* moment, float* square, int64_t n,
                   const AdamWStep& step) {
  return Pass(gradients, count, value, moment, square, n, MakeConstants(step),
              step.weight_decay != 0);
}

}  // namespace fts::optim
