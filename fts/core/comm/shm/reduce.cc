// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/reduce.h"

#include <c10/util/BFloat16.h>
#include <c10/util/Exception.h>
#include <c10/util/Half.h>

#include <algorithm>
#include <cstdint>

namespace fts::comm::shm {
namespace {

// Accumulators stay in the first-level cache.
constexpr int64_t kBlock = 1024;

template <typename A>
A Sum(A a, A b) {
  return a + b;
}

template <typename A>
A Max(A a, A b) {
  return std::max(a, b);
}

// T as stored, A as added up, R as rounded to after each step.
template <typename T, typename A, typename R, A (*kOp)(A, A)>
void Reduce(const void* const* sources, int count, void* out_data, int64_t n) {
  T* const out = static_cast<T*>(out_data);
  const auto source = [&](int i) { return static_cast<const T*>(sources[i]); };
  if (count == 2) {
    const T* const a = source(0);
    const T* const b = source(1);
    // `out` may be a or b, at the same index only.
#pragma GCC ivdep
    for (int64_t i = 0; i < n; ++i) {
      out[i] = static_cast<T>(kOp(static_cast<A>(a[i]), static_cast<A>(b[i])));
    }
    return;
  }
  A sums[kBlock];
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t block = std::min(kBlock, n - begin);
    const T* const first = source(0) + begin;
    for (int64_t i = 0; i < block; ++i) sums[i] = static_cast<A>(first[i]);
    for (int rank = 1; rank < count; ++rank) {
      const T* const next = source(rank) + begin;
      for (int64_t i = 0; i < block; ++i) {
        sums[i] = static_cast<A>(
            static_cast<R>(kOp(sums[i], static_cast<A>(next[i]))));
      }
    }
    for (int64_t i = 0; i < block; ++i) {
      out[begin + i] = static_cast<T>(sums[i]);
    }
  }
}

template <typename T, typename A, typename R = A>
ReduceFn Pick(ReduceOp op) {
  return op == ReduceOp::kSum ? Reduce<T, A, R, Sum<A>>
                              : Reduce<T, A, R, Max<A>>;
}

template <typename T>
ReduceFn PickHalf(ReduceOp op, HalfSums half_sums) {
  return half_sums == HalfSums::kFloat32 ? Pick<T, float>(op)
                                         : Pick<T, float, T>(op);
}

}  // namespace

// Sums are formed in a type in which they cannot overflow, or in an unsigned
// one.
ReduceFn FindReduce(at::ScalarType dtype, ReduceOp op, HalfSums half_sums) {
  switch (dtype) {
    case at::kFloat:
      return Pick<float, float>(op);
    case at::kDouble:
      return Pick<double, double>(op);
    case at::kBFloat16:
      return PickHalf<c10::BFloat16>(op, half_sums);
    case at::kHalf:
      return PickHalf<c10::Half>(op, half_sums);
    case at::kChar:
      return Pick<int8_t, int32_t>(op);
    case at::kByte:
      return Pick<uint8_t, int32_t>(op);
    case at::kInt:
      return Pick<int32_t, int64_t>(op);
    case at::kLong:
      return op == ReduceOp::kSum ? Pick<uint64_t, uint64_t>(op)
                                  : Pick<int64_t, int64_t>(op);
    default:
      TORCH_CHECK(false, "cannot reduce ", dtype);
  }
}

}  // namespace fts::comm::shm
