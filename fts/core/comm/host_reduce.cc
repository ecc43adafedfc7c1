// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/host_reduce.h"

#include <c10/util/BFloat16.h>
#include <c10/util/Exception.h>
#include <c10/util/Half.h>

#include <algorithm>
#include <cstdint>

namespace fts::comm {
namespace {

// Accumulators stay in the first-level cache.
constexpr int64_t kBlock = 2048;

template <typename T, typename Accumulator>
void Reduce(const void* slices_data, void* output_data, int64_t n,
            int64_t ranks, ReduceOp op) {
  const T* slices = static_cast<const T*>(slices_data);
  T* output = static_cast<T*>(output_data);
  Accumulator sums[kBlock];
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t count = std::min(kBlock, n - begin);
    const T* first = slices + begin;
    for (int64_t i = 0; i < count; ++i) {
      sums[i] = static_cast<Accumulator>(first[i]);
    }
    for (int64_t rank = 1; rank < ranks; ++rank) {
      const T* slice = slices + rank * n + begin;
      if (op == ReduceOp::kSum) {
        for (int64_t i = 0; i < count; ++i) {
          sums[i] += static_cast<Accumulator>(slice[i]);
        }
      } else {
        for (int64_t i = 0; i < count; ++i) {
          sums[i] = std::max(sums[i], static_cast<Accumulator>(slice[i]));
        }
      }
    }
    for (int64_t i = 0; i < count; ++i) {
      output[begin + i] = static_cast<T>(sums[i]);
    }
  }
}

}  // namespace

void ReduceSlices(const at::Tensor& slices, const at::Tensor& output,
                  ReduceOp op) {
  const int64_t n = output.numel();
  if (n == 0) return;
  const int64_t ranks = slices.numel() / n;
  const void* from = slices.const_data_ptr();
  void* to = output.mutable_data_ptr();
  switch (output.scalar_type()) {
    case at::kFloat:
      return Reduce<float, float>(from, to, n, ranks, op);
    case at::kDouble:
      return Reduce<double, double>(from, to, n, ranks, op);
    case at::kBFloat16:
      return Reduce<c10::BFloat16, float>(from, to, n, ranks, op);
    case at::kHalf:
      return Reduce<c10::Half, float>(from, to, n, ranks, op);
    case at::kChar:
      return Reduce<int8_t, int32_t>(from, to, n, ranks, op);
    case at::kByte:
      return Reduce<uint8_t, int32_t>(from, to, n, ranks, op);
    case at::kInt:
      return Reduce<int32_t, int64_t>(from, to, n, ranks, op);
    case at::kLong:
      return Reduce<int64_t, int64_t>(from, to, n, ranks, op);
    default:
      TORCH_CHECK(false, "cannot reduce ", output.scalar_type());
  }
}

}  // namespace fts::comm
