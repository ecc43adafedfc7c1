// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The part of ShardEngine that runs inside backward passes: when one begins and
// ends, what it may hold, and what it reduces when.
//
// [Note: a backward inside a backward]
// Hooks may fire in a graph task that runs inside another one: a function or a
// hook of the user's ran a backward of its own. The pass is the outermost task
// that any hook or recomputation of ours was seen in; `running_` tells it, as
// long as it lives, from one that an exception ended. What a pass does at its
// end is bound to that task alone.
//
// Gradients that arrive in an inner task are added where those of the pass are.
// How often that will happen to a segment nobody knows, so none is complete
// because of it. At its end an inner task reduces every unit whose backward it
// ran, whole, whatever is in their buffers. Its reductions cannot stand in the
// pass's own order: a rank that leaves a parameter out is behind others there.
// Between the gathers they can: those are issued in the same order on all
// ranks, and the end of the inner task is at the same place between them. So
// they go over the gathers' communicator.
//
// What an inner task's end is too late for: a unit that a graph used outside
// its forward. CompleteGradients finds and names it.
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/graph_task.h>

#include <algorithm>
#include <utility>

#include "fts/core/base/status.h"
#include "fts/core/shard/engine.h"
#include "fts/core/shard/tensor_util.h"

namespace fts::shard {
namespace {

constexpr int kNoTask = -1;

void AddOnce(std::vector<std::shared_ptr<Unit>>* units,
             const std::shared_ptr<Unit>& unit) {
  if (std::find(units->begin(), units->end(), unit) == units->end()) {
    units->push_back(unit);
  }
}

}  // namespace

absl::Status ShardEngine::OnEnter(Unit& unit, Pass pass) {
  if (pass == Pass::kBackward) {
    if (nested_.empty()) {
      queue_.OnBackward(unit);
    } else {
      AddOnce(&nested_.back().units, unit.shared_from_this());
    }
  }
  return prefetch_.OnEnter(unit, pass);
}

void ShardEngine::OnForward(Unit& unit) {
  // A backward that threw never ran its end callback: what it left is void.
  if (backward_task_ != kNoTask || nested_failed_) ResetStep();
  queue_.OnForward(unit);
  if (bound()) context_.order.AddModule(unit.label());
}

bool ShardEngine::OnBackwardActivity() {
  const int task = torch::autograd::get_current_graph_task_id();
  if (nested_.empty() ? task == backward_task_ : task == nested_.back().task) {
    return !nested_.empty();
  }
  return EnterBackward(task);
}

bool ShardEngine::EnterBackward(int task) {
  auto& autograd = torch::autograd::Engine::get_default_engine();
  const std::weak_ptr<bool> alive = alive_;
  if (backward_task_ != kNoTask && !running_.expired()) {
    const auto known =
        std::find_if(nested_.begin(), nested_.end(),
                     [&](const Nested& each) { return each.task == task; });
    if (task == backward_task_ || known != nested_.end()) {
      // Back in it from one inside that threw, which somebody caught.
      nested_failed_ = true;
      nested_.erase(task == backward_task_ ? nested_.begin() : known + 1,
                    nested_.end());
      return !nested_.empty();
    }
    FollowSums();
    queue_.NotLast();
    nested_.push_back({task, {}});
    autograd.queue_callback([this, alive, task] {
      if (!alive.expired()) EndNested(task);
    });
    return true;
  }
  backward_task_ = task;
  const auto running = std::make_shared<bool>(true);
  running_ = running;
  nested_.clear();
  prefetch_.BeginBackward();
  FollowSums();
  for (const auto& segment : segments_) segment->BeginBackward();
  queue_.BeginBackward(BackwardRoom(), said_last_ && group_->replicas() > 1);
  autograd.queue_callback([this, alive, running] {
    if (!alive.expired()) EndBackward();
  });
  return false;
}

void ShardEngine::FollowSums() {
  ThrowIfError(context_, sums_.Finish());
  for (const auto& segment : segments_) segment->KeepOneSum();
}

int64_t ShardEngine::BackwardRoom() const {
  int64_t room = bucket_.MissingBytes();
  for (const auto& segment : segments_) {
    if (!segment->trainable() || segment->reduces_through_bucket()) continue;
    if (!segment->grad().defined()) room += Bytes(segment->shard());
  }
  int64_t weights = 0, unreduced = 0;  // of the largest unit
  bool gathers = false;
  for (const auto& unit : units_) {
    int64_t gather = 0, reduce = 0;
    for (const auto& segment : unit->segments()) {
      if (segment->spans()) continue;
      gather += segment->GatherBytes();
      gathers |= !segment->gathered();
      if (segment->trainable()) reduce += segment->ReduceBytes();
    }
    weights = std::max(weights, gather);
    unreduced = std::max(unreduced, reduce);
  }
  const bool ahead = gathers && prefetch_.in_backward();
  return room + unreduced + (ahead ? 0 : weights);
}

absl::Status ShardEngine::MakeRoom(const Segment& segment, int64_t bytes) {
  return queue_.MakeRoom(segment, bytes);
}

void ShardEngine::OnSegmentComplete(Segment& segment) {
  if (!segment.reduces_through_bucket() && !holds_back()) {
    ThrowIfError(context_, queue_.OnComplete());
  }
  for (const auto& unit : units_) unit->MaybeEndBackward();
}

void ShardEngine::EndNested(int task) {
  const auto ended =
      std::find_if(nested_.begin(), nested_.end(),
                   [&](const Nested& each) { return each.task == task; });
  if (ended == nested_.end()) return;  // the step was given up
  for (const auto& unit : ended->units) {
    unit->EndNested(task);
    AddOnce(&ran_nested_, unit);
  }
  nested_failed_ |= ended + 1 != nested_.end();
  nested_.erase(ended, nested_.end());
  if (!holds_back()) ThrowIfError(context_, ReduceNested());
}

absl::Status ShardEngine::ReduceNested() {
  return queue_.ReduceNow(std::exchange(ran_nested_, {}));
}

void ShardEngine::EndBackward() {
  nested_failed_ |= !nested_.empty();
  nested_.clear();
  for (const auto& unit : units_) unit->EndBackward();
  prefetch_.EndPass();
  held_back_ = holds_back();
  bucket_waits_ |= !bucket_.empty();
  if (!held_back_) ThrowIfError(context_, ReduceRest());
  backward_task_ = kNoTask;
}

absl::Status ShardEngine::ReduceRest() {
  FTS_RETURN_IF_ERROR(ReduceNested());
  FTS_RETURN_IF_ERROR(queue_.Flush());
  FTS_RETURN_IF_ERROR(CastRemainder());
  held_back_ = false;
  // In a dtype narrower than the gradient's own, micro-steps are not added up.
  const Dtypes& dtypes = context_.dtypes;
  if (c10::elementSize(dtypes.reduce) >= c10::elementSize(dtypes.master)) {
    return absl::OkStatus();
  }
  return ReduceBucket();
}

absl::Status ShardEngine::CastRemainder() {
  for (const auto& segment : remainder_) {
    if (segment->reduces_through_bucket() || !segment->trainable()) continue;
    FTS_RETURN_IF_ERROR(segment->StartReduce());
    FTS_RETURN_IF_ERROR(segment->FinishReduce());
  }
  return absl::OkStatus();
}

absl::Status ShardEngine::ReduceBucket() {
  if (!std::exchange(bucket_waits_, false)) return absl::OkStatus();
  for (const auto& segment : remainder_) {
    if (segment->trainable()) segment->PrepareBucket();
  }
  FTS_RETURN_IF_ERROR(bucket_.AllReduce());
  for (const auto& segment : remainder_) {
    if (segment->trainable()) segment->CollectBucket();
  }
  return absl::OkStatus();
}

}  // namespace fts::shard
