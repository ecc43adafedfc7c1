// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The part of ShardEngine that ends a step: what ranks must agree on before
// the optimizer runs, and the check that replicas did not drift.
#include <ATen/ops/equal.h>
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
  return ReduceReplicas();
}

absl::Status ShardEngine::ReduceReplicas() {
  for (const auto& segment : segments_) {
    FTS_RETURN_IF_ERROR(sums_.Start(segment));
  }
  return sums_.Finish();
}

bool ShardEngine::CountsInNorm(const Segment& segment) const {
  if (segment.bound()) return true;
  if (segment.replicated()) return context_.rank() == 0;
  return segment.replica() == 0;
}

// [Note: the step's all-reduce]
// One vector of doubles is summed over the ranks per optimizer step: the loss,
// the squared gradient norm, rank 0's clock, one number per parameter that says
// whether this rank had a gradient for it, and one per rank, its order hash; a
// zero there is a rank that only a fake communicator knows. A sharded segment
// contributes its chunk's norm on every rank; a replicated one, already
// reduced, only on rank 0; one that has replicas, only on the first of them.
absl::StatusOr<StepSummary> ShardEngine::Synchronize(double loss,
                                                     double squared_norm,
                                                     double seconds) {
  constexpr int64_t kFirst = 3;  // of the numbers per parameter
  SilentWrites guard;
  const int64_t num_parameters = static_cast<int64_t>(names_.size());
  at::Tensor numbers =
      at::zeros({kFirst + num_parameters + context_.world()}, at::kDouble);
  double* const data = numbers.data_ptr<double>();
  data[0] = loss;
  data[1] = squared_norm;
  data[2] = context_.rank() == 0 ? seconds : 0;
  for (const auto& segment : segments_) {
    for (const auto& leaf : segment->leaves()) {
      if (leaf->used) data[kFirst + leaf->index()] = 1;
    }
  }
  double* const hashes = data + kFirst + num_parameters;
  hashes[context_.rank()] = context_.order.value();
  if (context_.world() > 1) {
    context_.trace.Record("all_reduce", "(step)");
    context_.reduce->SetLabel("(step)");
    FTS_ASSIGN_OR_RETURN(
        comm::EventPtr event,
        context_.reduce->AllReduce(numbers, comm::ReduceOp::kSum));
    FTS_RETURN_IF_ERROR(event->Wait());
    FTS_RETURN_IF_ERROR(CheckOrder(hashes));
  }
  context_.order.Clear();
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

// Every rank sees the same hashes, so that all of them come to the exchange.
absl::Status ShardEngine::CheckOrder(const double* hashes) {
  bool same = true;
  double known = 0;
  for (int rank = 0; rank < context_.world(); ++rank) {
    if (hashes[rank] == 0) continue;
    same &= known == 0 || hashes[rank] == known;
    known = hashes[rank];
  }
  return same ? absl::OkStatus()
              : ExplainOrder("issue the same collectives", step_);
}

absl::Status ShardEngine::ExplainOrder(const char* not_done, int64_t step) {
  context_.reduce->SetLabel("(order of collectives)");
  FTS_ASSIGN_OR_RETURN(
      const std::vector<std::string> texts,
      ExchangeTexts(*context_.reduce, context_.order.ToText()));
  return absl::FailedPreconditionError(absl::StrCat(
      "the ranks did not ", not_done, " in step ", step, ": ",
      FirstDifference(texts),
      "; nothing was updated. Every rank must run the same modules in the same "
      "order: look for a branch on the rank or the data in a forward"));
}

absl::StatusOr<std::string> ShardEngine::ExplainNonfinite(double loss) {
  const auto exchange =
      [&](const std::string& mine) -> absl::StatusOr<std::vector<std::string>> {
    if (context_.world() == 1) return std::vector<std::string>{mine};
    context_.reduce->SetLabel("(not finite)");
    return ExchangeTexts(*context_.reduce, mine);
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

absl::Status ShardEngine::CheckReplicas() {
  // Bound, there is one copy.
  if (context_.world() == 1 || bound()) return absl::OkStatus();
  SilentWrites guard;
  for (const auto& segment : segments_) {
    const bool everywhere = segment->replicated();
    if (!everywhere && segment->replicas() == 1) continue;
    comm::Communicator& holders =
        everywhere ? *context_.gather : *group_->replicate;
    at::Tensor first = segment->shard().clone();
    FTS_ASSIGN_OR_RETURN(comm::EventPtr sent, holders.Broadcast(first, 0));
    FTS_RETURN_IF_ERROR(sent->Wait());
    at::Tensor differs = at::zeros({1}, at::kDouble);
    // Bits, not numbers: NaN equals itself and -0 differs from 0.
    if (!at::equal(first.view(at::kByte), segment->shard().view(at::kByte))) {
      differs.fill_(1);
    }
    // All ranks agree, so that all stop at the same segment.
    FTS_ASSIGN_OR_RETURN(
        comm::EventPtr agreed,
        context_.gather->AllReduce(differs, comm::ReduceOp::kMax));
    FTS_RETURN_IF_ERROR(agreed->Wait());
    if (differs.item<double>() != 0) {
      return absl::InternalError(absl::StrCat(
          everywhere ? "replicated parameters have drifted apart between ranks "
                       "(segment of "
                     : absl::StrCat("unit '", segment->label(),
                                    "': shards have drifted apart between "
                                    "replicas (segment of "),
          segment->leaves().size(), " parameters, first '",
          segment->leaves().front()->name(),
          "'); every rank must apply the same updates"));
    }
  }
  return absl::OkStatus();
}

}  // namespace fts::shard
