// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The best state of a run so far, kept in host memory: this rank's part of
// every segment that has trained, and the optimizer's moments, so that
// restoring it at a phase transition reads no disk and sends nothing.
//
// [Note: segments thawed after the best]
// They were frozen when the best was saved, so their values of then are the
// ones they thaw with; Extend copies those at the thaw. Their moments did not
// exist and start afresh after a restore.
//
// [Note: segments frozen since the best]
// Their values are kept and come back. Their moments are forgotten at the
// freeze: a later thaw starts without any.
//
// Threads: confined to the training thread.
#ifndef FTS_CORE_SESSION_BEST_SNAPSHOT_H_
#define FTS_CORE_SESSION_BEST_SNAPSHOT_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/optim/optimizer.h"
#include "fts/core/session/segment_flat.h"
#include "fts/core/shard/engine.h"

namespace fts {

class BestSnapshot {
 public:
  bool empty() const { return !taken_; }

  // Replaces what was kept. `optimizer` is null where somebody else has it,
  // who then keeps its state; so it is for Restore.
  void Save(const shard::ShardEngine& engine,
            const optim::Optimizer* optimizer);

  // Adds segments that thaw at `phase` and have not trained before, right after
  // their thaw. No-op when empty.
  void Extend(const shard::ShardEngine& engine, int phase);

  // These are being frozen: their moments are forgotten.
  void Forget(const std::vector<std::shared_ptr<SegmentFlat>>& frozen);

  // The optimizer is another one from here on: moments are forgotten.
  void OptimizerReplaced();

  // Brings values and moments back; learning rates stay. Marks the shards that
  // have changed since as updated, so that of what stayed frozen nothing is
  // gathered again. False when the optimizer was replaced since: then all
  // moments start afresh. Errors: FAILED_PRECONDITION when empty.
  absl::StatusOr<bool> Restore(shard::ShardEngine* engine,
                               optim::Optimizer* optimizer);

  int64_t bytes() const;

 private:
  struct Kept {
    at::Tensor value;
    bool settled = false;  // frozen, and copied since
    int64_t version = 0;   // the segment's when its values were these
  };
  void Keep(const shard::Segment& segment);

  bool taken_ = false;
  bool replaced_ = false;  // the optimizer, since the last Save
  std::map<const shard::Segment*, Kept> values_;
  optim::OptimizerSnapshot moments_;
};

}  // namespace fts

#endif  // FTS_CORE_SESSION_BEST_SNAPSHOT_H_
