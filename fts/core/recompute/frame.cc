// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/recompute/frame.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/graph_task.h>

#include <optional>
#include <sstream>
#include <utility>

#include "fts/core/recompute/checkpoint_error.h"
#include "fts/core/recompute/kept_tensor.h"
#include "fts/core/recompute/saved_tensor_hooks.h"

namespace fts::recompute {
namespace {

// Thrown by a recomputation's own hooks to leave its forward early. Not a
// std::exception, so that handlers of errors in between don't take it for one.
struct StopRecomputing {
  const void* who;
};

class ByRecomputation : public PackedTensor {
 public:
  ByRecomputation(std::shared_ptr<Frame> frame, std::shared_ptr<Holder> holder)
      : frame_(std::move(frame)), holder_(std::move(holder)) {}
  at::Tensor Unpack() override { return frame_->Take(*holder_); }

 private:
  std::shared_ptr<Frame> frame_;
  std::shared_ptr<Holder> holder_;
};

// Of the recomputed graph, which nobody runs backward through as a rule.
class ByValue : public PackedTensor {
 public:
  explicit ByValue(at::Tensor tensor) : tensor_(std::move(tensor)) {}
  at::Tensor Unpack() override { return tensor_; }

 private:
  at::Tensor tensor_;
};

std::unique_ptr<PackedTensor> KeepParameter(const at::Tensor& tensor) {
  return std::make_unique<KeptTensor>(
      tensor,
      "checkpoint: a parameter was changed in place between forward and "
      "backward; run the forward again");
}

constexpr char kSameWork[] = "; the forward must do the same work each time";

}  // namespace

Metadata::Metadata(const at::Tensor& tensor)
    : shape(tensor.sizes().vec()),
      dtype(tensor.scalar_type()),
      device(tensor.device()) {}

bool Metadata::operator==(const Metadata& other) const {
  return shape == other.shape && dtype == other.dtype && device == other.device;
}

std::string Metadata::ToString() const {
  std::ostringstream out;
  out << c10::toString(dtype) << at::IntArrayRef(shape) << " on " << device;
  return out.str();
}

// Of the first forward: keeps holders only.
class ForwardHooks : public SavedTensorHooks {
 public:
  explicit ForwardHooks(Frame* frame) : frame_(frame) {}

  std::unique_ptr<PackedTensor> Pack(const at::Tensor& tensor) override {
    if (IsParameter(tensor)) return KeepParameter(tensor);
    auto holder = std::make_shared<Holder>(tensor);
    frame_->holders_.push_back(holder);
    if (frame_->outputs() != nullptr) frame_->outputs()->OnPack();
    return std::make_unique<ByRecomputation>(frame_->shared_from_this(),
                                             std::move(holder));
  }

 private:
  Frame* frame_;
};

// Of a recomputation: fills the holders in order.
class RecomputeHooks : public SavedTensorHooks {
 public:
  RecomputeHooks(Frame* frame, int pass) : frame_(frame), pass_(pass) {}

  std::unique_ptr<PackedTensor> Pack(const at::Tensor& tensor) override {
    if (IsParameter(tensor)) return KeepParameter(tensor);
    OperatorLogGuard unlogged(nullptr);  // what we run ourselves
    const at::Tensor value = tensor.detach();
    const size_t index = count_++;
    const size_t wanted = frame_->holders_.size();
    if (index < wanted) {
      if (auto holder = frame_->holders_[index].lock()) {
        Fill(*holder, index, value);
      }
      if (frame_->options_.early_stop && count_ == wanted) {
        throw StopRecomputing{this};
      }
    }
    return std::make_unique<ByValue>(value);
  }

  OperatorLog* log() { return frame_->options_.debug ? &log_ : nullptr; }

  void Check() const {
    const std::string start = "checkpoint: recomputing " + frame_->label_;
    std::string end = kSameWork;
    if (frame_->options_.debug) {
      end = "; " + DescribeDifference(frame_->log_, log_) + end;
    }
    if (count_ != frame_->holders_.size()) {
      throw CheckpointError(
          start + " saved a different number of tensors than its forward: " +
          std::to_string(frame_->holders_.size()) + " in the forward, " +
          std::to_string(count_) + " in the recomputation" + end);
    }
    if (!differences_.empty()) {
      throw CheckpointError(
          start + " saved tensors with different metadata than its forward: " +
          differences_ + end);
    }
  }

 private:
  void Fill(Holder& holder, size_t index, const at::Tensor& value) {
    if (frame_->options_.determinism_check) {
      const Metadata seen(value);
      if (!(seen == holder.metadata)) {
        if (!differences_.empty()) differences_ += ", ";
        differences_ += "tensor " + std::to_string(index) + " is " +
                        seen.ToString() + " and was " +
                        holder.metadata.ToString();
      }
    }
    holder.values[pass_] = value;
  }

  Frame* frame_;
  int pass_;
  size_t count_ = 0;
  std::string differences_;
  OperatorLog log_;
};

Frame::Frame(std::string label, const CheckpointOptions& options,
             const nn::Tensors& inputs, nn::Interceptor::Next next,
             std::shared_ptr<int64_t> recomputations)
    : label_(std::move(label)),
      options_(options),
      next_(std::move(next)),
      autocast_(AutocastState::Capture()),
      recomputations_(std::move(recomputations)) {
  if (options_.preserve_rng_state) rng_ = RngState::Capture(inputs);
  inputs_.reserve(inputs.size());
  for (const at::Tensor& input : inputs) {
    inputs_.emplace_back(input, /*is_output=*/false);
  }
  const unsigned kinds = (options_.save_matmul ? kMatmul : 0) |
                         (options_.save_attention ? kAttention : 0);
  if (kinds != 0) outputs_ = std::make_unique<SavedOutputs>(kinds, label_);
}

nn::Tensors Frame::Run(nn::Tensors inputs) {
  nn::Tensors results;
  {
    ForwardHooks hooks(this);
    SavedTensorHooksGuard guard(&hooks);
    // Without a list of its own, the enclosing checkpoint's goes on.
    std::optional<SavedOutputsGuard> outputs_guard;
    if (outputs_ != nullptr) {
      outputs_guard.emplace(outputs_.get(), SavedOutputsGuard::Mode::kRecord);
    }
    std::optional<OperatorLogGuard> log_guard;
    if (options_.debug) log_guard.emplace(&log_);
    results = next_(std::move(inputs));
  }
  if (outputs_ != nullptr && options_.early_stop) outputs_->DropUnneeded();
  return results;
}

at::Tensor Frame::Take(Holder& holder) {
  int pass = torch::autograd::get_current_graph_task_id();
  const bool outside = pass < 0;
  if (outside) pass = -2 - outside_++;
  if (done_.count(pass) == 0) Recompute(pass);
  const auto found = holder.values.find(pass);
  if (found == holder.values.end()) {
    throw CheckpointError("checkpoint: " + label_ +
                          ": a saved tensor was read twice in one backward "
                          "pass; read saved tensors once");
  }
  at::Tensor value = std::move(found->second);
  holder.values.erase(found);
  if (outside) Forget(pass);
  return value;
}

void Frame::Recompute(int pass) {
  // An enclosing checkpoint recomputes here if it has to, before any state of
  // ours is set.
  nn::Tensors again;
  again.reserve(inputs_.size());
  for (const auto& input : inputs_) again.push_back(input.unpack());

  RecomputeHooks hooks(this, pass);
  try {
    at::AutoGradMode grad_mode(true);
    AutocastGuard autocast_guard(autocast_);
    std::optional<RngGuard> rng_guard;
    if (options_.preserve_rng_state) rng_guard.emplace(rng_);
    SavedTensorHooksGuard hooks_guard(&hooks);
    SavedOutputsGuard outputs_guard(outputs_.get(),
                                    SavedOutputsGuard::Mode::kReplay);
    OperatorLogGuard log_guard(hooks.log());
    ++*recomputations_;
    try {
      next_(std::move(again));
    } catch (const StopRecomputing& stop) {
      if (stop.who != &hooks) throw;
    }
    hooks.Check();
  } catch (...) {
    Forget(pass);
    throw;
  }
  done_.insert(pass);
}

void Frame::Forget(int pass) {
  for (const auto& weak : holders_) {
    if (auto holder = weak.lock()) holder->values.erase(pass);
  }
}

}  // namespace fts::recompute
