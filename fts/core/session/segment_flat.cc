// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/session/segment_flat.h"

#include <utility>

namespace fts {

SegmentFlat::SegmentFlat(std::shared_ptr<shard::Segment> segment)
    : segment_(std::move(segment)) {
  for (const shard::Segment::Extent& extent : segment_->extents()) {
    extents_.push_back(
        {extent.begin, extent.end, extent.leaf->index(), extent.leaf->decay()});
  }
}

}  // namespace fts
