// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Sums the shards' gradients over the replicas (shard_group.h), once per
// optimizer step: each as soon as its last reduction inside the replica is
// over, where it is known to be the last, so that it crosses the replicas while
// backward goes on; the rest when the step's gradients are completed.
//
// All replicas start the same segments in the same order: ReduceQueue's, then
// that of the engine's segments.
//
// Threads: confined to the training thread.
#ifndef FTS_CORE_SHARD_REPLICA_SUMS_H_
#define FTS_CORE_SHARD_REPLICA_SUMS_H_

#include <cstddef>
#include <deque>
#include <memory>

#include "absl/status/status.h"
#include "fts/core/shard/segment.h"

namespace fts::shard {

class ReplicaSums {
 public:
  // No-op for what is frozen, has no replicas, or was started since its
  // gradients changed last. Errors: those of the communicator.
  absl::Status Start(const std::shared_ptr<Segment>& segment);

  // Waits for all of them.
  absl::Status Finish();

  // The step has ended or failed.
  void Reset() { in_flight_.clear(); }

 private:
  // Each may hold a copy in the reduce dtype.
  static constexpr size_t kMaxInFlight = 2;

  std::deque<std::shared_ptr<Segment>> in_flight_;
};

}  // namespace fts::shard

#endif  // FTS_CORE_SHARD_REPLICA_SUMS_H_
