// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/shard/dim_layout.h"

#include <vector>

#include "fts/core/base/status.h"

namespace fts::shard {
namespace {

// Elements in one step of dimension `dim`.
int64_t Inner(at::IntArrayRef sizes, int dim) {
  int64_t inner = 1;
  for (size_t i = dim + 1; i < sizes.size(); ++i) inner *= sizes[i];
  return inner;
}

}  // namespace

at::Tensor DimLayout::In(const at::Tensor& pieces, int64_t offset,
                         at::IntArrayRef sizes) const {
  std::vector<int64_t> shape, strides;
  int64_t stride = 1;
  for (int i = static_cast<int>(sizes.size()) - 1; i >= 0; --i) {
    const int64_t size = i == dim ? sizes[i] / ranks : sizes[i];
    shape.insert(shape.begin(), size);
    strides.insert(strides.begin(), stride);
    stride *= size;
    if (i == dim) {
      shape.insert(shape.begin(), ranks);
      strides.insert(strides.begin(), pieces.numel() / ranks);
    }
  }
  return pieces.as_strided(shape, strides,
                           pieces.storage_offset() + offset / ranks);
}

at::Tensor DimLayout::Split(const at::Tensor& parameter) const {
  std::vector<int64_t> shape = parameter.sizes().vec();
  shape[dim] /= ranks;
  shape.insert(shape.begin() + dim, ranks);
  return parameter.view(shape);
}

absl::Status DimLayout::ForEachRun(
    at::IntArrayRef sizes, int rank,
    const std::function<absl::Status(int64_t, int64_t, int64_t)>& fn) const {
  const int64_t step = Inner(sizes, dim) * sizes[dim];
  const int64_t run = step / ranks;
  int64_t outer = 1;
  for (int i = 0; i < dim; ++i) outer *= sizes[i];
  if (run == 0) return absl::OkStatus();
  for (int64_t o = 0; o < outer; ++o) {
    const int64_t begin = o * step + rank * run;
    FTS_RETURN_IF_ERROR(fn(begin, begin + run, o * run));
  }
  return absl::OkStatus();
}

}  // namespace fts::shard
