// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/shard/reduce_queue.h"

#include <algorithm>

#include "fts/core/base/status.h"

namespace fts::shard {

void ReduceQueue::OnForward(Unit& unit) {
  std::shared_ptr<Unit> shared = unit.shared_from_this();
  if (std::find(order_.begin(), order_.end(), shared) == order_.end()) {
    order_.push_back(std::move(shared));
  }
}

void ReduceQueue::BuildSequence() {
  if (!sequence_.empty()) return;
  next_ = 0;
  for (auto unit = order_.rbegin(); unit != order_.rend(); ++unit) {
    for (const auto& segment : (*unit)->segments()) {
      if (segment->trainable() && !segment->reduces_through_bucket()) {
        sequence_.push_back(segment);
      }
    }
  }
}

absl::Status ReduceQueue::OnComplete() {
  BuildSequence();
  return LaunchReady(/*all=*/false);
}

absl::Status ReduceQueue::LaunchReady(bool all) {
  while (next_ < sequence_.size() && (all || sequence_[next_]->complete())) {
    FTS_RETURN_IF_ERROR(Launch(sequence_[next_]));
    ++next_;
  }
  return absl::OkStatus();
}

absl::Status ReduceQueue::Launch(const std::shared_ptr<Segment>& segment) {
  if (in_flight_.size() >= kMaxInFlight) {
    FTS_RETURN_IF_ERROR(in_flight_.front()->FinishReduce());
    in_flight_.pop_front();
  }
  FTS_RETURN_IF_ERROR(segment->StartReduce());
  in_flight_.push_back(segment);
  return absl::OkStatus();
}

absl::Status ReduceQueue::Flush() {
  BuildSequence();
  FTS_RETURN_IF_ERROR(LaunchReady(/*all=*/true));
  while (!in_flight_.empty()) {
    FTS_RETURN_IF_ERROR(in_flight_.front()->FinishReduce());
    in_flight_.pop_front();
  }
  sequence_.clear();
  return absl::OkStatus();
}

void ReduceQueue::Reset() {
  order_.clear();
  sequence_.clear();
  in_flight_.clear();
  next_ = 0;
}

}  // namespace fts::shard
