// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A segment of the sharding engine as the optimizer wants it: one flat value,
// its gradient, and which elements belong to which parameter.
// Threads: confined to the training thread.
#ifndef FTS_CORE_SESSION_SEGMENT_FLAT_H_
#define FTS_CORE_SESSION_SEGMENT_FLAT_H_

#include <memory>
#include <vector>

#include "fts/core/optim/flat_parameter.h"
#include "fts/core/shard/segment.h"

namespace fts {

class SegmentFlat : public optim::FlatParameter {
 public:
  explicit SegmentFlat(std::shared_ptr<shard::Segment> segment);

  at::Tensor value() override { return segment_->shard(); }
  at::Tensor grad() override { return segment_->grad(); }
  std::vector<at::Tensor> gradient_parts() override {
    return segment_->GradientParts();
  }
  // The leaves' ranges cut to this rank's chunk; padding is a gap.
  const std::vector<optim::Extent>& extents() const override {
    return extents_;
  }
  const shard::Segment& segment() const { return *segment_; }

 private:
  std::shared_ptr<shard::Segment> segment_;
  std::vector<optim::Extent> extents_;
};

}  // namespace fts

#endif  // FTS_CORE_SESSION_SEGMENT_FLAT_H_
