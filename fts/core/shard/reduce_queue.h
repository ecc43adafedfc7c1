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
// [Note: memory of a backward pass]
// PyTorch's bound (test_fully_shard_memory) holds on any number of ranks: twice
// the shards, which are parameters and gradients, what stays gathered, and
// three times the largest unit. Two of the three are weights, those of the unit
// that computes and of the one gathered ahead: a unit is over before the next
// one's backward begins (unit.h). The third and half of the shards are for
// gradients. A reduction in flight holds unreduced ones too; it is left alone
// while the sharded gradients that are still to come leave room for it, and
// finished before the next unit's are allocated where they do not. On many
// ranks, whose shards are small, that is most often so; the reduction then had
// until the first gradient of that unit. Where nothing is gathered ahead there
// is room for one more. What a unit takes that holds other units (the root)
// comes on top.
//
// Ranks wait for the same reductions at the same places, as what they count
// does not depend on what was gathered when. A reduction that one rank launches
// later, since it leaves a parameter out, is launched before that rank's next
// gather.
//
// Threads: confined to the training thread.

#ifndef FTS_CORE_SHARD_REDUCE_QUEUE_H_
#define FTS_CORE_SHARD_REDUCE_QUEUE_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "fts/core/shard/ledger.h"
#include "fts/core/shard/replica_sums.h"
#include "fts/core/shard/segment.h"
#include "fts/core/shard/unit.h"

namespace fts::shard {

class ReduceQueue {
 public:
  // Both outlive this.
  ReduceQueue(const Ledger* ledger, ReplicaSums* sums)
      : ledger_(ledger), sums_(sums) {}

  // Notes a forward of `unit`.
  void OnForward(Unit& unit);
  // Its backward begins. A unit whose forward was never noted, since it ran
  // inside a backward, comes behind the others, in the order of these calls.
  void OnBackward(Unit& unit);

  // A backward pass begins, during which gradients, reduced or not, are to take
  // no more than they do now and `bytes`. `last`: nothing follows in this step,
  // so that what it has reduced may cross the replicas.
  void BeginBackward(int64_t bytes, bool last);
  // Something follows after all, inside it.
  void NotLast() { last_ = false; }
  // See BackwardListener.
  absl::Status MakeRoom(const Segment& segment, int64_t bytes);

  // A segment's gradients are complete: launches what that unblocked.
  absl::Status OnComplete();

  // Launches the reductions of these units outside the order, behind the
  // gathers of all units: the order is that of the outer pass, while these are
  // of one that ran inside it. Same calls at the same point between gathers on
  // all ranks.
  absl::Status ReduceNow(const std::vector<std::shared_ptr<Unit>>& units);

  // End of backward: launches the rest and waits for all of it.
  absl::Status Flush();

  // Forgets everything: a step has ended or failed. The order lasts for a whole
  // optimizer step, since any graph recorded in it may still run.
  void Reset();

 private:
  // However much room there is: one on the wire, one behind it.
  static constexpr size_t kMaxInFlight = 2;

  using Flight = std::deque<std::shared_ptr<Segment>>;

  void BuildSequence();
  void Append(const Unit& unit);
  absl::Status LaunchReady(bool all);
  absl::Status Launch(const std::shared_ptr<Segment>& segment, Flight* flight);
  absl::Status FinishOldest(Flight* flight);
  absl::Status Sum(bool all);
  int64_t held() const;

  const Ledger* ledger_;
  ReplicaSums* sums_;
  std::vector<std::shared_ptr<Unit>> order_;        // first forward first
  std::vector<std::shared_ptr<Unit>> late_;         // behind them
  std::vector<std::shared_ptr<Segment>> sequence_;  // of this backward
  size_t next_ = 0;
  size_t summed_ = 0;  // of sequence_, given to sums_
  bool last_ = false;
  Flight in_flight_;
  Flight nested_;      // of ReduceNow
  int64_t limit_ = 0;  // of held(), in this backward
};

}  // namespace fts::shard

#endif  // FTS_CORE_SHARD_REDUCE_QUEUE_H_
