// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Runs a sharding unit around the module it shards.
//
// A module below which nothing trains, and whose inputs need no gradient, runs
// without a graph: the frozen prefix saves no activations and is never
// recomputed.
//
// [Note: casts and hooks]
// Inputs are cast before PreForward, so that the hook on an input's node waits
// for what this unit makes of it and not for its other readers. Outputs are
// cast after PostForward: the gather for backward need not wait for less.
// Threads: confined to the training thread.
#ifndef FTS_CORE_SESSION_SHARD_INTERCEPTOR_H_
#define FTS_CORE_SESSION_SHARD_INTERCEPTOR_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fts/core/comm/status_error.h"
#include "fts/core/nn/module.h"
#include "fts/core/session/unit_casts.h"
#include "fts/core/shard/unit.h"

namespace fts {

class ShardInterceptor : public nn::Interceptor {
 public:
  // `parameters`: all leaves below the module, tied ones included. `which`: of
  // the unit's modules.
  ShardInterceptor(std::shared_ptr<shard::Unit> unit,
                   std::vector<at::Tensor> parameters, int which = 0,
                   UnitCasts casts = {});

  // Throws StatusError when a gather fails.
  nn::Tensors Intercept(nn::Module& module, nn::Tensors inputs,
                        const Next& next) override;

  // Null once detached.
  const std::shared_ptr<shard::Unit>& unit() const { return unit_; }
  // Whether the module was called under grad mode since this was last asked.
  bool TakeCalled() { return std::exchange(called_, false); }

  // Lets go of the unit; from here on calls pass through. The model keeps its
  // interceptors for ever, the engine behind the unit does not last that long.
  void Detach();

 private:
  bool NeedsGraph(const nn::Tensors& inputs) const;

  std::shared_ptr<shard::Unit> unit_;  // null: detached
  std::vector<at::Tensor> parameters_;
  int which_;
  UnitCasts casts_;
  bool called_ = false;
};

}  // namespace fts

#endif  // FTS_CORE_SESSION_SHARD_INTERCEPTOR_H_
