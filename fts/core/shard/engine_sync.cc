// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The part of ShardEngine that ends a step: complete gradients, and what ranks
// must agree on before the optimizer runs.
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/core/shard/engine.h"
#include "fts/core/shard/exchange.h"
#include "fts/core/shard/tensor_util.h"

namespace fts::shard {
namespace {

// "the summed gradient of W", the first parameter's whose part here is not
// finite; empty when all are.
std::string NonfiniteGradient(const Segment& segment) {
  if (!segment.trainable() || !segment.grad().defined()) return "";
  if (!HasNonfinite(segment.grad())) return "";
  const int64_t first = segment.begin();
  const int64_t last = first + segment.grad().numel();
  for (const auto& leaf : segment.leaves()) {
    const int64_t begin = std::max(leaf->offset(), first);
    const int64_t end = std::min(leaf->offset() + leaf->numel(), last);
    if (begin < end &&
        HasNonfinite(segment.grad().narrow(0, begin - first, end - begin))) {
      return absl::StrCat("the summed gradient of ", leaf->name());
    }
  }
  return "";
}

}  // namespace

absl::Status ShardEngine::CompleteGradients() {
  if (backward_task_ != -1 || nested_failed_) {
    return absl::FailedPreconditionError(absl::StrCat(
        backward_task_ != -1 ? "the last backward pass"
                             : "a backward pass inside the last one",
        " failed, so there is no complete gradient; run forward and backward "
        "again before the optimizer step"));
  }
  // The last micro-step had no backward.
  if (held_back_) FTS_RETURN_IF_ERROR(ReduceRest());
  FTS_RETURN_IF_ERROR(ReduceBucket());
  for (const auto& segment : segments_) {
    if (segment->trainable() && segment->unreduced()) {
      return absl::InternalError(absl::StrCat(
          "gradients of unit '", segment->label(),
          "' were never reduced over the ranks: its parameters were used "
          "outside the unit's forward"));
    }
    segment->CompleteGradient();
  }
  FTS_RETURN_IF_ERROR(ReduceReplicas());
  return SumPartialGradients();
}

// [Note: partial gradients]
// A norm under sequence parallelism sees a part of the tokens on each rank
// along tp, so its gradient is one term of a sum. PyTorch adds the terms before
// FSDP reduces them, parameter by parameter in every backward. A sum over
// data-parallel ranks and one over ranks along tp may change places, so the
// chunks that are left after the former are added here, all in one collective
// per optimizer step.
absl::Status ShardEngine::SumPartialGradients() {
  if (context_.tp_size() == 1) return absl::OkStatus();
  SilentWrites guard;
  std::vector<at::Tensor> parts;
  for (const auto& segment : segments_) {
    if (segment->trainable() && segment->spec().tp_partial &&
        segment->grad().defined()) {
      parts.push_back(segment->grad());
    }
  }
  if (parts.empty()) return absl::OkStatus();
  // Terms of half types are added in fp32, as reduce-scatters add them.
  const at::Tensor sum = at::cat(parts).to(at::kFloat);
  static const std::string* const kLabel =
      new std::string("(partial gradients)");
  context_.trace.Record("all_reduce", *kLabel);
  context_.ledger.all_reduced.calls += 1;
  context_.ledger.all_reduced.bytes += Bytes(sum);
  context_.tp->SetLabel(*kLabel);
  FTS_ASSIGN_OR_RETURN(comm::EventPtr event,
                       context_.tp->AllReduce(sum, comm::ReduceOp::kSum));
  FTS_RETURN_IF_ERROR(event->Wait());
  int64_t at = 0;
  for (at::Tensor& part : parts) {
    part.copy_(sum.narrow(0, at, part.numel()));
    at += part.numel();
  }
  return absl::OkStatus();
}

absl::Status ShardEngine::ReduceReplicas() {
  for (const auto& segment : segments_) {
    FTS_RETURN_IF_ERROR(sums_.Start(segment));
  }
  return sums_.Finish();
}

bool ShardEngine::CountsInNorm(const Segment& segment) const {
  if (segment.bound()) return true;
  if (!segment.spec().tp_sharded && context_.tp_rank() != 0) return false;
  if (segment.replicated()) return context_.rank() == 0;
  return segment.replica() == 0;
}

// [Note: the step's all-reduce]
// One vector of doubles is summed over the ranks per optimizer step: the loss,
// the squared gradient norm, rank 0's clock, one number per parameter that says
// whether this rank had a gradient for it, and one per rank, its order hash; a
// zero there is a rank that only a fake communicator knows. Where ranks share
// layers, one more per rank: its hash of the calls along tp. A sharded segment
// contributes its chunk's norm on every rank; a replicated one, already
// reduced, only on rank 0; one that has replicas, only on the first of them;
// one that is not split along tp, only on the first rank along it, and so the
// loss, which ranks along tp make together.
absl::StatusOr<StepSummary> ShardEngine::Synchronize(double loss,
                                                     double squared_norm,
                                                     double seconds) {
  constexpr int64_t kFirst = 3;  // of the numbers per parameter
  SilentWrites guard;
  const int64_t num_parameters = static_cast<int64_t>(names_.size());
  at::Tensor numbers =
      at::zeros({kFirst + num_parameters +
                 context_.everyone->size() * (context_.tp_size() > 1 ? 2 : 1)},
                at::kDouble);
  double* const data = numbers.data_ptr<double>();
  data[0] = context_.tp_rank() == 0 ? loss : 0;
  data[1] = squared_norm;
  data[2] = context_.everyone->rank() == 0 ? seconds : 0;
  for (const auto& segment : segments_) {
    for (const auto& leaf : segment->leaves()) {
      if (leaf->used) data[kFirst + leaf->index()] = 1;
    }
  }
  double* const hashes = data + kFirst + num_parameters;
  hashes[context_.everyone->rank()] = context_.order.value();
  double* tp_hashes = nullptr;
  if (context_.tp_size() > 1) {
    tp_hashes = hashes + context_.everyone->size();
    tp_hashes[context_.everyone->rank()] = context_.tp_order.value();
  }
  if (context_.everyone->size() > 1) {
    context_.trace.Record("all_reduce", "(step)");
    context_.everyone->SetLabel("(step)");
    FTS_ASSIGN_OR_RETURN(
        comm::EventPtr event,
        context_.everyone->AllReduce(numbers, comm::ReduceOp::kSum));
    FTS_RETURN_IF_ERROR(event->Wait());
    FTS_RETURN_IF_ERROR(CheckOrder(hashes, tp_hashes));
  }
  context_.order.Clear();
  context_.tp_order.Clear();
  prefetch_.AdoptRecord();
  ++step_;
  StepSummary summary;
  summary.loss = data[0];
  summary.grad_norm = std::sqrt(data[1]);
  summary.seconds = data[2];
  summary.used.resize(num_parameters);
  for (int64_t i = 0; i < num_parameters; ++i) {
    summary.used[i] = data[kFirst + i] > 0;
  }
  return summary;
}

absl::StatusOr<std::string> ShardEngine::ExplainNonfinite(double loss) {
  const auto exchange =
      [&](const std::string& mine) -> absl::StatusOr<std::vector<std::string>> {
    if (context_.everyone->size() == 1) return std::vector<std::string>{mine};
    context_.everyone->SetLabel("(not finite)");
    return ExchangeTexts(*context_.everyone, mine);
  };
  std::string mine = context_.nonfinite.first();
  if (mine.empty() && !std::isfinite(loss)) mine = "the loss";
  FTS_ASSIGN_OR_RETURN(std::vector<std::string> texts, exchange(mine));
  if (std::all_of(texts.begin(), texts.end(),
                  [](const auto& text) { return text.empty(); })) {
    // Sums tell what is wrong, not on which rank it began. Gradients arrive
    // last unit first.
    for (auto it = segments_.rbegin(); mine.empty() && it != segments_.rend();
         ++it) {
      mine = NonfiniteGradient(**it);
    }
    FTS_ASSIGN_OR_RETURN(texts, exchange(mine));
  }
  return JoinFindings(texts);
}

}  // namespace fts::shard
