// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/session/best_snapshot.h"

#include "fts/core/base/status.h"
#include "fts/core/shard/tensor_util.h"

namespace fts {

void BestSnapshot::Keep(const shard::Segment& segment) {
  shard::SilentWrites guard;
  Kept& kept = values_[&segment];
  if (kept.value.defined() &&
      kept.value.scalar_type() == segment.shard().scalar_type()) {
    kept.value.copy_(segment.shard());
  } else {
    kept.value =
        segment.shard().to(at::kCPU, /*non_blocking=*/false, /*copy=*/true);
  }
  kept.settled = !segment.trainable();
  kept.version = segment.version();
}

void BestSnapshot::Save(const shard::ShardEngine& engine,
                        const optim::Optimizer* optimizer) {
  for (const auto& segment : engine.segments()) {
    const auto known = values_.find(segment.get());
    // One that was frozen again changes no more: copied once.
    if (segment->trainable() ||
        (known != values_.end() && !known->second.settled)) {
      Keep(*segment);
    }
  }
  if (optimizer != nullptr) optimizer->Save(&moments_);
  replaced_ = false;
  taken_ = true;
}

void BestSnapshot::Extend(const shard::ShardEngine& engine, int phase) {
  if (!taken_) return;
  for (const auto& segment : engine.segments()) {
    if (!segment->spec().thaws_at(phase) || !segment->trainable()) continue;
    const auto known = values_.find(segment.get());
    if (known == values_.end()) {
      Keep(*segment);
    } else {
      known->second.settled = false;  // it moves again
    }
  }
}

void BestSnapshot::Forget(
    const std::vector<std::shared_ptr<SegmentFlat>>& frozen) {
  for (const auto& flat : frozen) moments_.entries.erase(flat.get());
}

void BestSnapshot::OptimizerReplaced() {
  if (!taken_) return;
  replaced_ = true;
  moments_ = {};
}

absl::StatusOr<bool> BestSnapshot::Restore(shard::ShardEngine* engine,
                                           optim::Optimizer* optimizer) {
  if (!taken_) {
    return absl::FailedPreconditionError(
        "there is no best state to restore yet");
  }
  if (optimizer != nullptr) {
    FTS_RETURN_IF_ERROR(optimizer->Restore(moments_));
  }
  FTS_RETURN_IF_ERROR(engine->Fence());
  std::set<const shard::Segment*> changed;
  {
    shard::SilentWrites guard;
    for (const auto& [segment, kept] : values_) {
      if (segment->version() == kept.version) continue;
      segment->shard().copy_(kept.value);
      changed.insert(segment);
    }
  }
  FTS_RETURN_IF_ERROR(engine->Fence());
  engine->MarkUpdated(changed);
  for (auto& [segment, kept] : values_) kept.version = segment->version();
  return !replaced_;
}

int64_t BestSnapshot::bytes() const {
  int64_t total = moments_.bytes();
  for (const auto& [segment, kept] : values_) {
    total += shard::Bytes(kept.value);
  }
  return total;
}

}  // namespace fts
