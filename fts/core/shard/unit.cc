// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/shard/unit.h"

#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/graph_task.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"

namespace fts::shard {
namespace {

using torch::autograd::FunctionPreHook;
using torch::autograd::variable_list;

bool InsideBackward() {
  return torch::autograd::get_current_graph_task_id() != -1;
}

}  // namespace

// Fires before the backward of a node that made one of a unit's outputs.
class OutputHook : public FunctionPreHook {
 public:
  OutputHook(std::weak_ptr<Unit> unit, std::shared_ptr<Unit::Call> call)
      : unit_(std::move(unit)), call_(std::move(call)) {}
  variable_list operator()(const variable_list& grads) override {
    if (auto unit = unit_.lock()) unit->PreBackward(call_);
    return grads;
  }

 private:
  std::weak_ptr<Unit> unit_;
  std::shared_ptr<Unit::Call> call_;
};

// Fires when the gradient of one of a unit's inputs is complete.
class InputHook : public FunctionPreHook {
 public:
  InputHook(std::weak_ptr<Unit> unit, std::shared_ptr<Unit::Call> call)
      : unit_(std::move(unit)), call_(std::move(call)) {}
  variable_list operator()(const variable_list& grads) override {
    if (auto unit = unit_.lock()) unit->OnInputGradient(call_);
    return grads;
  }

 private:
  std::weak_ptr<Unit> unit_;
  std::shared_ptr<Unit::Call> call_;
};

Unit::Unit(Context* context, UnitListener* listener, std::string module,
           bool reshard, std::vector<std::shared_ptr<Segment>> segments)
    : context_(context),
      listener_(listener),
      module_(std::move(module)),
      reshard_(reshard),
      segments_(std::move(segments)) {}

bool Unit::trainable() const {
  return std::any_of(segments_.begin(), segments_.end(),
                     [](const auto& s) { return s->trainable(); });
}

bool Unit::gathered() const {
  return std::all_of(segments_.begin(), segments_.end(),
                     [](const auto& s) { return s->gathered(); });
}

absl::Status Unit::Gather() {
  for (const auto& segment : segments_) {
    FTS_RETURN_IF_ERROR(segment->StartGather());
  }
  for (const auto& segment : segments_) {
    FTS_RETURN_IF_ERROR(segment->FinishGather());
  }
  return absl::OkStatus();
}

void Unit::Release() {
  for (const auto& segment : segments_) segment->Release();
}

absl::Status Unit::PreForward(const std::vector<at::Tensor>& inputs) {
  const bool grad_mode = c10::GradMode::is_enabled();
  if (grad_mode && !InsideBackward()) listener_->OnForward(*this);
  FTS_RETURN_IF_ERROR(Gather());
  auto call = std::make_shared<Call>();
  call->generation = generation_;
  if (grad_mode) {
    for (const at::Tensor& input : inputs) {
      if (!input.defined() || !input.requires_grad()) continue;
      // A leaf input has no node; it stays pending and the end of backward
      // releases the unit.
      call->takes_grad = true;
      ++call->pending_inputs;
      if (const auto& node = input.grad_fn()) {
        node->add_pre_hook(
            std::make_unique<InputHook>(weak_from_this(), call));
      }
    }
  }
  open_.push_back(std::move(call));
  return absl::OkStatus();
}

absl::Status Unit::PostForward(const std::vector<at::Tensor>& outputs) {
  if (open_.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "unit '", module_, "': PostForward without a matching PreForward"));
  }
  const std::shared_ptr<Call> call = std::move(open_.back());
  open_.pop_back();
  if (c10::GradMode::is_enabled()) {
    bool recorded = false;
    for (const at::Tensor& output : outputs) {
      if (!output.defined() || !output.requires_grad()) continue;
      if (const auto& node = output.grad_fn()) {
        recorded = true;
        node->add_pre_hook(
            std::make_unique<OutputHook>(weak_from_this(), call));
      }
    }
    if (recorded && !InsideBackward()) recorded_.push_back(call);
  }
  // A recomputation inside backward is about to be differentiated.
  if (reshard_ && !InsideBackward()) Release();
  return absl::OkStatus();
}

void Unit::PreBackward(const std::shared_ptr<Call>& call) {
  if (call->generation != generation_) {
    ThrowIfError(
        *context_,
        absl::FailedPreconditionError(absl::StrCat(
            "unit '", module_,
            "': its parameters were updated between this forward and its "
            "backward, so the gradient would be of other weights; run backward "
            "before the optimizer step, or forward again")));
  }
  if (context_->listener != nullptr) context_->listener->OnBackwardActivity();
  if (!in_backward_) {
    in_backward_ = true;
    context_->trace.Record("pre_backward",
                           module_.empty() ? "(root)" : module_);
  }
  ThrowIfError(*context_, Gather());
}

void Unit::OnInputGradient(const std::shared_ptr<Call>& call) {
  if (--call->pending_inputs > 0) return;
  MaybeEndBackward();
}

void Unit::MaybeEndBackward() {
  if (!in_backward_) return;
  bool inputs_done = true;  // every call has all its input gradients
  bool any_takes_grad = false;
  for (const auto& call : recorded_) {
    any_takes_grad |= call->takes_grad;
    if (call->pending_inputs > 0) inputs_done = false;
    if (!call->takes_grad && recorded_.size() > 1) inputs_done = false;
  }
  if (!inputs_done) return;
  const bool closing = any_takes_grad;
  for (const auto& segment : segments_) {
    if (!segment->trainable() || segment->complete()) continue;
    if (!closing) return;  // only counting tells
  }
  // Before Close: its listener asks this unit again.
  recorded_.clear();
  in_backward_ = false;
  for (const auto& segment : segments_) {
    if (segment->trainable() && !segment->complete()) segment->Close();
  }
  Release();
}

void Unit::EndBackward() {
  open_.clear();  // recomputations that stopped early never left their forward
  if (in_backward_) Release();
  in_backward_ = false;
}

void Unit::MarkUpdated() {
  ++generation_;
  recorded_.clear();
  for (const auto& segment : segments_) {
    if (segment->trainable()) segment->MarkUpdated();
  }
}

void Unit::Reset() {
  open_.clear();
  recorded_.clear();
  in_backward_ = false;
  for (const auto& segment : segments_) {
    segment->BeginBackward();
    segment->ZeroGrad();
    segment->Release();
  }
}

}  // namespace fts::shard
