// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A parameter that is split along one of its dimensions (shard_placement):
// where its elements lie in a segment of such parameters.
//
// [Note: placement on a dimension]
// Sharded flat, a rank owns a range of the segment. Split along dimension d, it
// owns the same part of every parameter, row-major, one after another, so what
// is gathered are pieces, and a full parameter is put together from a piece of
// each rank: one copy more than flat segments need. The dimension must divide
// evenly; then a parameter that begins at element `offset` of the segment
// begins at `offset / ranks` of every rank's chunk.
//
// Threads: no state.
#ifndef FTS_CORE_SHARD_DIM_LAYOUT_H_
#define FTS_CORE_SHARD_DIM_LAYOUT_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

#include "absl/status/status.h"

namespace fts::shard {

struct DimLayout {
  int dim = 0;  // of every parameter
  int ranks = 1;

  // The parameter of `sizes` at `offset` in `pieces`, the chunks of all ranks
  // one after another: a view, sizes[dim] split in (ranks, sizes[dim] / ranks).
  at::Tensor In(const at::Tensor& pieces, int64_t offset,
                at::IntArrayRef sizes) const;
  // The same view of a whole parameter.
  at::Tensor Split(const at::Tensor& parameter) const;

  // Calls fn(begin, end, at) for every run of elements [begin, end) of the
  // parameter that `rank` owns: they lie at `at` of its piece.
  absl::Status ForEachRun(
      at::IntArrayRef sizes, int rank,
      const std::function<absl::Status(int64_t, int64_t, int64_t)>& fn) const;
};

}  // namespace fts::shard

#endif  // FTS_CORE_SHARD_DIM_LAYOUT_H_
