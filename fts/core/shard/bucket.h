// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// One flat gradient buffer for all replicated segments (the remainder), so that
// everything no unit shards is reduced by a single all-reduce, once per
// optimizer step: micro-steps are added up in it first. (After every backward
// where the reduce dtype is narrower than the masters'.) Its memory exists from
// the first gradient of a step; afterwards the segments' gradients are views of
// it where dtypes agree. Threads: confined to the training thread.

#ifndef FTS_CORE_SHARD_BUCKET_H_
#define FTS_CORE_SHARD_BUCKET_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "fts/core/shard/context.h"

namespace fts::shard {

class Segment;

class Bucket {
 public:
  explicit Bucket(Context* context) : context_(context) {}

  // Membership follows trainability: Thaw adds, Freeze removes.
  void Add(const Segment& segment, int64_t numel);
  void Remove(const Segment& segment);
  bool empty() const { return members_.empty(); }
  // What the first gradient will take; zero when that is there already.
  int64_t MissingBytes() const;

  // The segment's range, 1-D in the reduce dtype, uninitialised at first.
  at::Tensor Slice(const Segment& segment, at::Device device);

  // Sums the buffer over the ranks and lets go of it; slices stay valid.
  // Blocks. No-op when no slice was taken.
  absl::Status AllReduce();

  void Reset();

 private:
  Context* context_;
  struct Member {
    const Segment* segment;
    int64_t numel;
    int64_t offset = 0;  // while buffer_ exists
  };
  std::vector<Member> members_;  // in order of thaw, equal on every rank
  at::Tensor buffer_;
};

}  // namespace fts::shard

#endif  // FTS_CORE_SHARD_BUCKET_H_
