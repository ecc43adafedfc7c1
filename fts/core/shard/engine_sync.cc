// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The part of ShardEngine that ends a step: what ranks must agree on before
// the optimizer runs, and the check that replicas did not drift.
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <deque>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/core/shard/engine.h"
#include "fts/core/shard/tensor_util.h"

namespace fts::shard {

absl::Status ShardEngine::CompleteGradients() {
  if (backward_task_ != -1) {
    return absl::FailedPreconditionError(
        "the last backward pass failed, so there is no complete gradient; run "
        "forward and backward again before the optimizer step");
  }
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
  constexpr size_t kMaxInFlight = 2;
  std::deque<Segment*> in_flight;
  for (const auto& segment : segments_) {
    FTS_RETURN_IF_ERROR(segment->StartReplicaReduce());
    in_flight.push_back(segment.get());
    if (in_flight.size() <= kMaxInFlight) continue;
    FTS_RETURN_IF_ERROR(in_flight.front()->FinishReplicaReduce());
    in_flight.pop_front();
  }
  for (Segment* segment : in_flight) {
    FTS_RETURN_IF_ERROR(segment->FinishReplicaReduce());
  }
  return absl::OkStatus();
}

bool ShardEngine::CountsInNorm(const Segment& segment) const {
  if (segment.bound()) return true;
  if (segment.replicated()) return context_.rank() == 0;
  return segment.replica() == 0;
}

// [Note: the step's all-reduce]
// One vector of doubles is summed over the ranks per optimizer step: the loss,
// the squared gradient norm, rank 0's clock, and one number per parameter that
// says whether this rank had a gradient for it. A sharded segment contributes
// its chunk's norm on every rank; a replicated one, already reduced, only on
// rank 0; one that has replicas, only on the first of them.
absl::StatusOr<StepSummary> ShardEngine::Synchronize(double loss,
                                                     double squared_norm,
                                                     double seconds) {
  constexpr int64_t kFirst = 3;  // of the numbers per parameter
  SilentWrites guard;
  const int64_t num_parameters = static_cast<int64_t>(names_.size());
  at::Tensor numbers = at::zeros({kFirst + num_parameters}, at::kDouble);
  double* const data = numbers.data_ptr<double>();
  data[0] = loss;
  data[1] = squared_norm;
  data[2] = context_.rank() == 0 ? seconds : 0;
  for (const auto& segment : segments_) {
    for (const auto& leaf : segment->leaves()) {
      if (leaf->used) data[kFirst + leaf->index()] = 1;
    }
  }
  if (context_.world() > 1) {
    context_.trace.Record("all_reduce", "(step)");
    context_.reduce->SetLabel("(step)");
    FTS_ASSIGN_OR_RETURN(
        comm::EventPtr event,
        context_.reduce->AllReduce(numbers, comm::ReduceOp::kSum));
    FTS_RETURN_IF_ERROR(event->Wait());
  }
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
