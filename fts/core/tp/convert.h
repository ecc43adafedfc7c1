// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Changes how a tensor lies over the ranks of a group, with its gradient: the
// collectives of tensor parallelism as one function, differentiable as often as
// one likes.
//
// [Note: two placements]
// A tensor has a placement, and so has the gradient that comes back for it.
// They may differ: where every rank holds the same activation but goes on with
// its own part of the weights, the value is replicated and the gradient is one
// term of a sum. A conversion says both for both ends; forward moves the value
// from `from.value` to `to.value`, backward moves the gradient from
// `to.gradient` to `from.gradient`:
//
// clang-format off
//   Replicate -> Shard(d)   slice            Partial -> Replicate  all-reduce
//   Shard(d) -> Replicate   all-gather       Partial -> Shard(d)   reduce-scatter
//   Shard(i) -> Shard(j)    all-to-all       Replicate -> Partial  rank 0 keeps it
//   Shard(d) -> Partial     all-gather, and rank 0 keeps it
// clang-format on
//
// The table of PyTorch's DTensor (torch/distributed/tensor/_redistribute.py)
// with plain tensors; its Replicate -> Partial divides by the ranks instead.
//
// Threads: as Group. Collective: every rank of the group converts the same
// tensors in the same order, also in backward.
#ifndef FTS_CORE_TP_CONVERT_H_
#define FTS_CORE_TP_CONVERT_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "fts/core/mesh/placement.h"
#include "fts/core/tp/group.h"

namespace fts::tp {

struct Layout {
  Placement value;
  Placement gradient;

  // Whole everywhere, as after an all-reduce.
  static Layout Replicated() {
    return {Placement::Replicate(), Placement::Replicate()};
  }
  // Whole everywhere, each rank uses it for its own part of what follows.
  static Layout Shared() {
    return {Placement::Replicate(), Placement::Partial()};
  }
  // A part per rank.
  static Layout Split(int64_t dim) {
    return {Placement::Shard(dim), Placement::Shard(dim)};
  }
  // One term of a sum per rank.
  static Layout Unreduced() {
    return {Placement::Partial(), Placement::Replicate()};
  }
  // A placement as tensors usually have it: a Partial one is Unreduced.
  static Layout Of(const Placement& placement) {
    return {placement,
            placement.is_partial() ? Placement::Replicate() : placement};
  }
  friend bool operator==(const Layout& a, const Layout& b) {
    return a.value == b.value && a.gradient == b.gradient;
  }
};

struct ConvertOptions {
  // For errors and traces: the module it is done for.
  std::string label;
  // Size of the whole of a split dimension that the ranks do not share evenly
  // (ChunkOf); 0: they share it evenly.
  int64_t whole = 0;
  // Nobody else reads x from here on, no graph and no recomputation either: a
  // sum may be made in its place.
  bool consume = false;
};

// x [any shape], any float dtype, as this rank holds it under `from`. Returns
// it as under `to`. No copy and no collective where nothing changes. Half types
// are reduced as the communicator does (communicator.h).
// Throws std::invalid_argument where a dimension does not divide, and
// StatusError (comm/status_error.h) when a collective fails.
at::Tensor Convert(const at::Tensor& x, const Layout& from, const Layout& to,
                   const GroupPtr& group, const ConvertOptions& options = {});

// x brought to every rank, once, for two kinds of readers: `handed` as
// Layout::Replicated, for readers that do the same on every rank, and `shared`
// as Layout::Shared, for those that go on with a part each. Backward moves what
// comes back from the two by one collective each, and none for what nobody
// read. The two share memory: a reader that was handed one and has changed it
// in place must not go on with the other.
struct Readable {
  at::Tensor handed, shared;
};
Readable ConvertForReaders(const at::Tensor& x, const Layout& from,
                           const GroupPtr& group,
                           const ConvertOptions& options = {});

}  // namespace fts::tp

#endif  // FTS_CORE_TP_CONVERT_H_
