// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What every part of one sharding engine shares: communicators, dtypes, the
// ledger, the trace, and the listener that a segment tells when its gradients
// are complete.
// Threads: confined to the training thread.

#ifndef FTS_CORE_SHARD_CONTEXT_H_
#define FTS_CORE_SHARD_CONTEXT_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "fts/core/comm/communicator.h"
#include "fts/core/shard/ledger.h"
#include "fts/core/shard/nan_finder.h"
#include "fts/core/shard/order_hash.h"
#include "fts/core/shard/trace.h"

namespace fts::shard {

// Compute: what forward and backward run in, and what is gathered.
// Reduce: what gradients are summed over ranks in.
// Master: what the optimizer updates.
struct Dtypes {
  at::ScalarType compute = at::kFloat;
  at::ScalarType reduce = at::kFloat;
  at::ScalarType master = at::kFloat;
};

class Segment;

class BackwardListener {
 public:
  virtual ~BackwardListener() = default;
  // A hook of a backward pass fired (any leaf or unit). Returns whether that
  // pass runs inside another one.
  virtual bool OnBackwardActivity() = 0;
  // Every parameter of `segment` got its gradient in this backward pass.
  virtual void OnSegmentComplete(Segment& segment) = 0;
  // `segment` is about to take `bytes` for gradients that are not reduced.
  // Errors: those of reductions it had to wait for.
  virtual absl::Status MakeRoom(const Segment& segment, int64_t bytes) = 0;
};

struct Context {
  // Gathers and reductions run on communicators of their own, so that they
  // never queue behind each other. Both have the same ranks.
  std::shared_ptr<comm::Communicator> gather;
  std::shared_ptr<comm::Communicator> reduce;
  // All ranks of the run: those, and the ones that share layers with them
  // (core/tp), which is what a step's totals are of. Rank = data-parallel rank
  // * tp size + tp rank.
  std::shared_ptr<comm::Communicator> everyone;
  // The ranks that share this one's layers; null: this one alone.
  std::shared_ptr<comm::Communicator> tp;
  Dtypes dtypes;  // of the run; a segment has its own
  // What gradient sums are divided by; absent: nothing. See reduction.h.
  std::optional<double> gradient_divide_factor;
  Ledger ledger;
  Trace trace;
  OrderHash order;  // of this step's collectives
  // Of those along tp, which ranks there compare among each other: their parts
  // of the weights, and so their other collectives, may differ in size.
  OrderHash tp_order;
  NanFinder nonfinite;
  BackwardListener* listener = nullptr;
  // The backward that runs is the last one of the optimizer step: its
  // reductions must leave gradients complete. Until then sums may stay partial.
  bool last_backward = true;
  // First failure inside an autograd hook. Hooks can only throw; this keeps
  // the status code and text for whoever catches the exception.
  absl::Status hook_error;

  int rank() const { return gather->rank(); }
  int world() const { return gather->size(); }
  int tp_rank() const { return tp == nullptr ? 0 : tp->rank(); }
  int tp_size() const { return tp == nullptr ? 1 : tp->size(); }
};

// Throws a std::runtime_error carrying `status` and remembers it in `context`,
// for use inside autograd hooks. No-op when OK.
void ThrowIfError(Context& context, const absl::Status& status);

}  // namespace fts::shard

#endif  // FTS_CORE_SHARD_CONTEXT_H_
