// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The best state of a run so far, kept in host memory: this rank's part of
// every trainable segment and the optimizer's moments, so that restoring it at
// a phase transition reads no disk and sends nothing.
//
// [Note: segments thawed after the best]
// They were frozen when the best was saved, so their values of then are the
// ones they thaw with; Extend copies those at the thaw. Their moments did not
// exist and start afresh after a restore.
//
// Threads: confined to the training thread.
#ifndef FTS_CORE_SESSION_BEST_SNAPSHOT_H_
#define FTS_CORE_SESSION_BEST_SNAPSHOT_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>

#include "absl/status/status.h"
#include "fts/core/optim/optimizer.h"
#include "fts/core/shard/engine.h"

namespace fts {

class BestSnapshot {
 public:
  bool empty() const { return !taken_; }

  // Replaces what was kept.
  void Save(const shard::ShardEngine& engine,
            const optim::Optimizer& optimizer);

  // Adds segments of `phase`, right after their thaw. No-op when empty.
  void Extend(const shard::ShardEngine& engine, int phase);

  // Brings values and moments back; learning rates stay. Marks the engine's
  // shards as updated. Errors: FAILED_PRECONDITION when empty.
  absl::Status Restore(shard::ShardEngine* engine,
                       optim::Optimizer* optimizer) const;

  int64_t bytes() const;

 private:
  void Keep(const shard::Segment& segment);

  bool taken_ = false;
  std::map<const shard::Segment*, at::Tensor> values_;
  optim::OptimizerSnapshot moments_;
};

}  // namespace fts

#endif  // FTS_CORE_SESSION_BEST_SNAPSHOT_H_
