// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/session/best_snapshot.h"

#include "fts/core/base/status.h"
#include "fts/core/shard/tensor_util.h"

namespace fts {

void BestSnapshot::Keep(const shard::Segment& segment) {
  shard::SilentWrites guard;
  at::Tensor& kept = values_[&segment];
  if (kept.defined() && kept.scalar_type() == segment.shard().scalar_type()) {
    kept.copy_(segment.shard());
  } else {
    kept = segment.shard().to(at::kCPU, /*non_blocking=*/false, /*copy=*/true);
  }
}

void BestSnapshot::Save(const shard::ShardEngine& engine,
                        const optim::Optimizer& optimizer) {
  for (const auto& segment : engine.segments()) {
    if (segment->trainable()) Keep(*segment);
  }
  optimizer.Save(&moments_);
  taken_ = true;
}

void BestSnapshot::Extend(const shard::ShardEngine& engine, int phase) {
  if (!taken_) return;
  for (const auto& segment : engine.segments()) {
    if (segment->trainable() && segment->phase() == phase) Keep(*segment);
  }
}

absl::Status BestSnapshot::Restore(shard::ShardEngine* engine,
                                   optim::Optimizer* optimizer) const {
  if (!taken_) {
    return absl::FailedPreconditionError(
        "there is no best state to restore yet");
  }
  FTS_RETURN_IF_ERROR(optimizer->Restore(moments_));
  {
    shard::SilentWrites guard;
    for (const auto& [segment, value] : values_) {
      segment->shard().copy_(value);
    }
  }
  engine->MarkUpdated();
  return absl::OkStatus();
}

int64_t BestSnapshot::bytes() const {
  int64_t total = moments_.bytes();
  for (const auto& [segment, value] : values_) total += shard::Bytes(value);
  return total;
}

}  // namespace fts
