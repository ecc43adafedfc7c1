// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The part of ShardEngine that only the bound form has; see bound.h.
#include <unordered_map>
#include <utility>

#include "fts/core/base/status.h"
#include "fts/core/shard/engine.h"

namespace fts::shard {
namespace {

bool IsFloat32(const Dtypes& dtypes) {
  return dtypes.compute == at::kFloat && dtypes.reduce == at::kFloat &&
         dtypes.master == at::kFloat;
}

}  // namespace

absl::Status ShardEngine::Bind(const Plan& plan,
                               const std::vector<NamedLeaf>& parameters,
                               const EngineOptions& options) {
  const bool replicas =
      options.group != nullptr && options.group->replicas() > 1;
  if (!options.bind || context_.world() == 1 || replicas ||
      !IsFloat32(options.dtypes)) {
    return absl::OkStatus();
  }
  std::unordered_map<std::string, int64_t> numel;
  for (const NamedLeaf& p : parameters) {
    if (!p.tensor.device().is_cpu()) return absl::OkStatus();
    numel[p.name] = p.tensor.numel();
  }
  // In the order of MakeSegments(), which also complains of unknown names.
  Bound::Layout layout;
  layout.parameters = static_cast<int64_t>(parameters.size());
  const auto add = [&](const UnitSpec& unit) {
    for (const SegmentSpec& segment : unit.segments) {
      if (segment.parameters.empty()) continue;
      int64_t sum = 0;
      for (const std::string& name : segment.parameters) sum += numel[name];
      layout.numel.push_back(Segment::PaddedFor(sum, context_.world()));
      layout.trains.push_back(segment.phase >= 0);
    }
  };
  for (const UnitSpec& unit : plan.units) add(unit);
  add(plan.remainder);
  FTS_ASSIGN_OR_RETURN(
      bound_, Bound::Create(*context_.gather, layout, options.leave_out));
  return absl::OkStatus();
}

absl::StatusOr<StepSummary> ShardEngine::MeetBound(double loss,
                                                   double seconds) {
  Bound::Header header;
  header.step = bound_step_++;
  header.order_hash = context_.order.value();
  header.loss = loss;
  header.seconds = seconds;
  std::vector<bool> used(names_.size());
  for (const auto& segment : segments_) {
    for (const auto& leaf : segment->leaves()) {
      if (leaf->used) used[leaf->index()] = true;
    }
  }
  context_.trace.Record("barrier", "(gradients)");
  FTS_ASSIGN_OR_RETURN(Bound::Met met, bound_->Meet(header, used));
  if (!met.same_order) {
    return ExplainOrder("run the same modules", header.step);
  }
  context_.order.Clear();
  StepSummary summary;
  summary.loss = met.loss;
  summary.seconds = met.seconds;
  summary.used = std::move(met.used);
  return summary;
}

void ShardEngine::SumBound() {
  for (const auto& segment : segments_) segment->SumGradients();
}

absl::StatusOr<double> ShardEngine::ShareNorm(double squared_norm) {
  context_.trace.Record("barrier", "(norm)");
  return bound_->ShareNorm(squared_norm);
}

void ShardEngine::BeginUpdate() { bound_->BeginUpdate(); }

absl::StatusOr<double> ShardEngine::EndUpdate(double squared_norm) {
  context_.trace.Record("barrier", "(update)");
  return bound_->EndUpdate(squared_norm);
}

absl::Status ShardEngine::Fence() {
  return bound_ == nullptr ? absl::OkStatus() : bound_->Fence();
}

}  // namespace fts::shard
