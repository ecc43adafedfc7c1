// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/shard/replica_sums.h"

#include "fts/core/base/status.h"

namespace fts::shard {

absl::Status ReplicaSums::Start(const std::shared_ptr<Segment>& segment) {
  FTS_RETURN_IF_ERROR(segment->StartReplicaReduce());
  in_flight_.push_back(segment);
  if (in_flight_.size() <= kMaxInFlight) return absl::OkStatus();
  const std::shared_ptr<Segment> oldest = in_flight_.front();
  in_flight_.pop_front();
  return oldest->FinishReplicaReduce();
}

absl::Status ReplicaSums::Finish() {
  while (!in_flight_.empty()) {
    const std::shared_ptr<Segment> segment = in_flight_.front();
    in_flight_.pop_front();
    FTS_RETURN_IF_ERROR(segment->FinishReplicaReduce());
  }
  return absl::OkStatus();
}

}  // namespace fts::shard
