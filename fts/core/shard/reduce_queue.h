// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Launches the gradient reductions of one backward pass in an order that is
// the same on every rank: units in reverse order of their first forward,
// whatever order their gradients arrive in.
//
// [Note: order of reductions]
// Ranks may use different parameters inside a unit, so gradients can complete
// in different orders. A segment that is ready waits until all segments before
// it in the order have been launched; Flush at the end of backward launches the
// rest, with zeros for what never got a gradient. Ranks that run different
// *units* cannot be reconciled here.
//
// Threads: confined to the training thread.

#ifndef FTS_CORE_SHARD_REDUCE_QUEUE_H_
#define FTS_CORE_SHARD_REDUCE_QUEUE_H_

#include <deque>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "fts/core/shard/segment.h"
#include "fts/core/shard/unit.h"

namespace fts::shard {

class ReduceQueue {
 public:
  // Notes a forward of `unit`.
  void OnForward(Unit& unit);

  // A segment's gradients are complete: launches what that unblocked.
  absl::Status OnComplete();

  // End of backward: launches the rest and waits for all of it.
  absl::Status Flush();

  // Forgets everything: a step has ended or failed. The order lasts for a whole
  // optimizer step, since any graph recorded in it may still run.
  void Reset();

 private:
  // Two reductions in flight: one on the wire while the next fills.
  static constexpr size_t kMaxInFlight = 2;

  void BuildSequence();
  absl::Status LaunchReady(bool all);
  absl::Status Launch(const std::shared_ptr<Segment>& segment);

  std::vector<std::shared_ptr<Unit>> order_;        // first forward first
  std::vector<std::shared_ptr<Segment>> sequence_;  // of this backward
  size_t next_ = 0;
  std::deque<std::shared_ptr<Segment>> in_flight_;
};

}  // namespace fts::shard

#endif  // FTS_CORE_SHARD_REDUCE_QUEUE_H_
