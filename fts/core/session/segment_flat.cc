// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/session/segment_flat.h"

#include <algorithm>
#include <utility>

namespace fts {

SegmentFlat::SegmentFlat(std::shared_ptr<shard::Segment> segment)
    : segment_(std::move(segment)) {
  const int64_t first = segment_->begin();
  const int64_t last = first + segment_->shard().numel();
  for (const auto& leaf : segment_->leaves()) {
    const int64_t begin = std::max(leaf->offset(), first);
    const int64_t end = std::min(leaf->offset() + leaf->numel(), last);
    if (begin >= end) continue;
    extents_.push_back(
        {begin - first, end - first, leaf->index(), leaf->decay()});
  }
}

}  // namespace fts
