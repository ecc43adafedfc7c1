// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/shard/unit.h"

#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/graph_task.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"

namespace fts::shard {
namespace {

using torch::autograd::FunctionPreHook;
using torch::autograd::variable_list;

constexpr int kNoTask = -1;  // autograd's own value

bool InsideBackward() {
  return torch::autograd::get_current_graph_task_id() != kNoTask;
}

}  // namespace

// Fires before the backward of a node that made one of a unit's outputs.
class OutputHook : public FunctionPreHook {
 public:
  OutputHook(std::weak_ptr<Unit> unit, std::shared_ptr<Unit::Call> call)
      : unit_(std::move(unit)), call_(std::move(call)) {}
  variable_list operator()(const variable_list& grads) override {
    const auto unit = unit_.lock();
    if (unit == nullptr) {
      throw std::runtime_error(
          "backward through a model whose sharding engine is gone: its "
          "parameters are not in memory; run backward first");
    }
    unit->PreBackward(*call_);
    return grads;
  }

 private:
  std::weak_ptr<Unit> unit_;
  std::shared_ptr<Unit::Call> call_;
};

// Fires when the gradient of one of a unit's inputs is complete.
class InputHook : public FunctionPreHook {
 public:
  InputHook(std::weak_ptr<Unit> unit, std::weak_ptr<Unit::Call> call)
      : unit_(std::move(unit)), call_(std::move(call)) {}
  variable_list operator()(const variable_list& grads) override {
    const auto unit = unit_.lock();
    const auto call = call_.lock();
    if (unit != nullptr && call != nullptr) unit->OnInputGradient(*call);
    return grads;
  }

 private:
  std::weak_ptr<Unit> unit_;
  std::weak_ptr<Unit::Call> call_;  // outlives the unit's own graph
};

Unit::Unit(Context* context, UnitListener* listener, std::string module,
           bool reshard, std::vector<std::shared_ptr<Segment>> segments)
    : context_(context),
      listener_(listener),
      modules_({std::move(module)}),
      label_(modules_[0].empty() ? "(root)" : modules_[0]),
      reshard_(reshard),
      segments_(std::move(segments)),
      inside_(segments_) {}

bool Unit::trainable() const {
  return std::any_of(segments_.begin(), segments_.end(),
                     [](const auto& s) { return s->trainable(); });
}

bool Unit::gathered() const {
  return std::all_of(segments_.begin(), segments_.end(),
                     [](const auto& s) { return s->gathered(); });
}

bool Unit::has_graph() const {
  return std::any_of(recorded_.begin(), recorded_.end(),
                     [](const auto& call) { return !call.expired(); });
}

absl::Status Unit::StartGather(bool prefetch) {
  for (const auto& segment : segments_) {
    FTS_RETURN_IF_ERROR(segment->StartGather(prefetch));
  }
  return absl::OkStatus();
}

absl::Status Unit::FinishGather() {
  for (const auto& segment : segments_) {
    FTS_RETURN_IF_ERROR(segment->FinishGather());
  }
  return absl::OkStatus();
}

void Unit::ReleaseUnused() {
  if (!open_.empty() || in_backward_ || twice_differentiable_) return;
  ReleaseChanging();
}

void Unit::Release() {
  for (const auto& segment : segments_) segment->Release();
}

absl::Status Unit::PreForward(const std::vector<at::Tensor>& inputs) {
  const bool grad_mode = c10::GradMode::is_enabled();
  const bool recomputation = InsideBackward();
  context_->trace.Record("pre_forward", label_);
  if (grad_mode && recomputation && context_->listener != nullptr) {
    // A backward inside this one may follow, and must find it begun.
    context_->listener->OnBackwardActivity();
  }
  if (grad_mode && !recomputation) listener_->OnForward(*this);
  FTS_RETURN_IF_ERROR(StartGather());
  if (!recomputation) {
    FTS_RETURN_IF_ERROR(listener_->OnEnter(*this, Pass::kForward));
  }
  FTS_RETURN_IF_ERROR(FinishGather());
  auto call = std::make_shared<Call>();
  call->generation = generation_;
  call->recomputation = recomputation;
  if (grad_mode) {
    for (const at::Tensor& input : inputs) {
      if (!input.defined() || !input.requires_grad()) continue;
      // A leaf input has no node; it stays pending and the end of backward
      // releases the unit.
      call->takes_grad = true;
      ++call->num_inputs;
      // First of all: the node may be that of another unit's output, whose
      // backward begins there. This one is over before.
      if (const auto& node = input.grad_fn()) {
        auto& hooks = node->pre_hooks();
        hooks.insert(hooks.begin(),
                     std::make_unique<InputHook>(weak_from_this(), call));
      }
    }
  }
  call->pending_inputs = call->num_inputs;
  open_.push_back(std::move(call));
  return absl::OkStatus();
}

bool Unit::EndsRound(int which) {
  if (modules_.size() < 2) return true;
  if (ran_.empty() || ran_[which]) ran_.assign(modules_.size(), false);
  ran_[which] = true;
  if (std::count(ran_.begin(), ran_.end(), false) > 0) return false;
  ran_.clear();
  return true;
}

absl::Status Unit::PostForward(const std::vector<at::Tensor>& outputs,
                               int which) {
  if (open_.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "unit '", label_, "': PostForward without a matching PreForward"));
  }
  context_->trace.Record("post_forward", label_);
  const std::shared_ptr<Call> call = std::move(open_.back());
  open_.pop_back();
  for (const at::Tensor& output : outputs) {
    context_->nonfinite.Check("the output of ", label_, output);
  }
  recorded_.erase(std::remove_if(recorded_.begin(), recorded_.end(),
                                 [](const auto& c) { return c.expired(); }),
                  recorded_.end());
  bool recorded = false;
  if (c10::GradMode::is_enabled()) {
    for (const at::Tensor& output : outputs) {
      if (!output.defined() || !output.requires_grad()) continue;
      if (const auto& node = output.grad_fn()) {
        recorded = true;
        node->add_pre_hook(
            std::make_unique<OutputHook>(weak_from_this(), call));
      }
    }
    if (recorded && !call->recomputation) recorded_.push_back(call);
  }
  // A recomputation with a graph is about to be differentiated.
  const bool needed = in_backward_ || twice_differentiable_ ||
                      (call->recomputation && recorded);
  const bool over = call->recomputation || EndsRound(which);
  if (reshard_ && over && !needed) {
    for (const auto& segment : segments_) segment->ReleaseAfterForward();
  }
  return absl::OkStatus();
}

void Unit::PreBackward(const Call& call) {
  if (call.generation != generation_) {
    ThrowIfError(
        *context_,
        absl::FailedPreconditionError(absl::StrCat(
            "unit '", label_,
            "': its parameters were updated between this forward and its "
            "backward, so the gradient would be of other weights; run backward "
            "before the optimizer step, or forward again")));
  }
  const bool nested =
      context_->listener != nullptr && context_->listener->OnBackwardActivity();
  if (!in_backward_) {
    in_backward_ = true;
    nested_task_ =
        nested ? torch::autograd::get_current_graph_task_id() : kNoTask;
    context_->trace.Record("pre_backward", label_);
  }
  // create_graph: a second backward will read the weights once more.
  if (c10::GradMode::is_enabled()) twice_differentiable_ = true;
  ThrowIfError(*context_, StartGather());
  ThrowIfError(*context_, listener_->OnEnter(*this, Pass::kBackward));
  ThrowIfError(*context_, FinishGather());
}

void Unit::OnInputGradient(Call& call) {
  // An outer pass may still run the same call.
  if (nested_task_ != kNoTask) return;
  if (--call.pending_inputs > 0) return;
  MaybeEndBackward();
}

// A backward may run while a forward of this unit is under way.
bool Unit::MayRelease() const {
  return !twice_differentiable_ &&
         std::all_of(open_.begin(), open_.end(),
                     [](const auto& call) { return call->recomputation; });
}

void Unit::MaybeEndBackward() {
  if (!in_backward_ || nested_task_ != kNoTask) return;
  int calls = 0;           // whose graph is still there
  int without_inputs = 0;  // of those, with no input that requires grad
  for (const auto& weak : recorded_) {
    const auto call = weak.lock();
    if (call == nullptr) continue;
    if (call->pending_inputs > 0) return;
    ++calls;
    if (!call->takes_grad) ++without_inputs;
  }
  // Counting tells of one such call only; no call at all is one that an update
  // made us forget.
  if (calls == 0 || (without_inputs > 0 && calls > 1)) return;
  if (without_inputs > 0) {  // only counting tells
    for (const auto& segment : inside_) {
      if (segment->trainable() && !segment->complete()) return;
    }
  }
  in_backward_ = false;  // before Close: its listener asks this unit again
  context_->trace.Record("post_backward", label_);
  for (const auto& segment : segments_) {
    if (segment->trainable() && !segment->complete()) segment->Close();
  }
  if (reshard_after_backward_ && MayRelease()) ReleaseChanging();
}

void Unit::EndNested(int task) {
  if (!in_backward_ || nested_task_ != task) return;  // of an outer one
  in_backward_ = false;
  nested_task_ = kNoTask;
  context_->trace.Record("post_backward", label_);
  if (reshard_after_backward_ && MayRelease()) ReleaseChanging();
}

// Frozen segments of a unit that does not reshard stay: nothing changes them.
void Unit::ReleaseChanging() {
  for (const auto& segment : segments_) {
    if (reshard_ || segment->trainable()) segment->Release();
  }
}

void Unit::EndBackward() {
  // Recomputations that stopped early never left their forward.
  open_.erase(std::remove_if(open_.begin(), open_.end(),
                             [](const auto& c) { return c->recomputation; }),
              open_.end());
  if (in_backward_) {
    context_->trace.Record("post_backward", label_);
    if (reshard_after_backward_ && MayRelease()) ReleaseChanging();
    if (open_.empty()) ran_.clear();
  }
  in_backward_ = false;
  nested_task_ = kNoTask;
  // A retained graph may run again.
  for (const auto& weak : recorded_) {
    if (const auto call = weak.lock()) call->pending_inputs = call->num_inputs;
  }
}

void Unit::FinishStep() {
  if (trainable()) MarkUpdated();
  twice_differentiable_ = false;
  if (reshard_) Release();  // frozen segments that a backward left gathered
}

void Unit::MarkUpdated() {
  ++generation_;
  recorded_.clear();
  ran_.clear();
  twice_differentiable_ = false;
  for (const auto& segment : segments_) {
    if (segment->trainable()) segment->MarkUpdated();
  }
}

void Unit::Reset() {
  open_.clear();
  ran_.clear();
  recorded_.clear();
  in_backward_ = false;
  nested_task_ = kNoTask;
  twice_differentiable_ = false;
  for (const auto& segment : segments_) {
    segment->BeginBackward();
    segment->ZeroGrad();
    segment->Release();
  }
}

}  // namespace fts::shard
