// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/recompute/checkpoint.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/graph_task.h>
#include <torch/csrc/autograd/saved_variable.h>

#include <map>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

#include "fts/core/recompute/saved_tensor_hooks.h"
#include "fts/core/recompute/thread_state.h"

namespace fts::recompute {
namespace {

struct Metadata {
  std::vector<int64_t> shape;
  at::ScalarType dtype = at::kFloat;
  at::Device device = at::kCPU;

  explicit Metadata(const at::Tensor& tensor)
      : shape(tensor.sizes().vec()),
        dtype(tensor.scalar_type()),
        device(tensor.device()) {}
  bool operator==(const Metadata& other) const {
    return shape == other.shape && dtype == other.dtype &&
           device == other.device;
  }
  std::string ToString() const {
    std::ostringstream out;
    out << c10::toString(dtype) << at::IntArrayRef(shape) << " on " << device;
    return out.str();
  }
};

// Stands in the graph for one saved tensor.
struct Holder {
  explicit Holder(const at::Tensor& tensor) : metadata(tensor) {}
  Metadata metadata;
  std::map<int, at::Tensor> values;  // by backward pass
};

// Thrown by a recomputation's own hooks to leave its forward early. Not a
// std::exception, so that handlers of errors in between don't take it for one.
struct StopRecomputing {
  const void* who;
};

// One checkpointed forward. Owned by what stands in the graph, so it goes when
// the graph's last holder does.
struct Frame {
  std::string label;
  CheckpointOptions options;
  nn::Interceptor::Next next;
  std::vector<torch::autograd::SavedVariable> inputs;
  RngState rng;
  AutocastState autocast;
  std::vector<std::weak_ptr<Holder>> holders;
  std::set<int> done;  // backward passes recomputed for
  int outside = 0;     // unpacks outside of any backward pass
  std::shared_ptr<int64_t> recomputations;

  void Recompute(int pass);
  void Forget(int pass) {
    for (const auto& weak : holders) {
      if (auto holder = weak.lock()) holder->values.erase(pass);
    }
  }
};

bool IsParameter(const at::Tensor& tensor) {
  return tensor.is_leaf() && tensor.requires_grad();
}

class ByReference : public PackedTensor {
 public:
  explicit ByReference(at::Tensor tensor)
      : tensor_(std::move(tensor)), version_(tensor_._version()) {}
  at::Tensor Unpack() override {
    if (tensor_._version() != version_) {
      throw CheckpointError(
          "checkpoint: a parameter was changed in place between forward and "
          "backward; run the forward again");
    }
    return tensor_;
  }

 private:
  at::Tensor tensor_;
  int64_t version_;
};

class ByRecomputation : public PackedTensor {
 public:
  ByRecomputation(std::shared_ptr<Frame> frame, std::shared_ptr<Holder> holder)
      : frame_(std::move(frame)), holder_(std::move(holder)) {}

  at::Tensor Unpack() override {
    int pass = torch::autograd::get_current_graph_task_id();
    const bool outside = pass < 0;
    if (outside) pass = -2 - frame_->outside++;
    if (frame_->done.count(pass) == 0) frame_->Recompute(pass);
    auto found = holder_->values.find(pass);
    if (found == holder_->values.end()) {
      throw CheckpointError("checkpoint: " + frame_->label +
                            ": a saved tensor was read twice in one backward "
                            "pass; read saved tensors once");
    }
    at::Tensor value = std::move(found->second);
    holder_->values.erase(found);
    if (outside) frame_->Forget(pass);
    return value;
  }

 private:
  std::shared_ptr<Frame> frame_;
  std::shared_ptr<Holder> holder_;
};

// Of the first forward: keeps holders only.
class ForwardHooks : public SavedTensorHooks {
 public:
  explicit ForwardHooks(std::shared_ptr<Frame> frame)
      : frame_(std::move(frame)) {}

  std::unique_ptr<PackedTensor> Pack(const at::Tensor& tensor) override {
    if (IsParameter(tensor)) return std::make_unique<ByReference>(tensor);
    auto holder = std::make_shared<Holder>(tensor);
    frame_->holders.push_back(holder);
    return std::make_unique<ByRecomputation>(frame_, std::move(holder));
  }

 private:
  std::shared_ptr<Frame> frame_;
};

// Of the recomputed graph, which nobody runs backward through as a rule.
class ByValue : public PackedTensor {
 public:
  explicit ByValue(at::Tensor tensor) : tensor_(std::move(tensor)) {}
  at::Tensor Unpack() override { return tensor_; }

 private:
  at::Tensor tensor_;
};

// Of a recomputation: fills the holders in order.
class RecomputeHooks : public SavedTensorHooks {
 public:
  RecomputeHooks(Frame* frame, int pass) : frame_(frame), pass_(pass) {}

  std::unique_ptr<PackedTensor> Pack(const at::Tensor& tensor) override {
    if (IsParameter(tensor)) return std::make_unique<ByReference>(tensor);
    const at::Tensor value = tensor.detach();
    const size_t index = count_++;
    const size_t wanted = frame_->holders.size();
    if (index < wanted) {
      if (auto holder = frame_->holders[index].lock()) {
        Fill(*holder, index, value);
      }
      if (frame_->options.early_stop && count_ == wanted) {
        throw StopRecomputing{this};
      }
    }
    return std::make_unique<ByValue>(value);
  }

  void Check() const {
    const std::string start = "checkpoint: recomputing " + frame_->label;
    if (count_ != frame_->holders.size()) {
      throw CheckpointError(
          start + " saved a different number of tensors than its forward: " +
          std::to_string(frame_->holders.size()) + " in the forward, " +
          std::to_string(count_) +
          " in the recomputation; the forward must do the same work each time");
    }
    if (!differences_.empty()) {
      throw CheckpointError(
          start + " saved tensors with different metadata than its forward: " +
          differences_ + "; the forward must do the same work each time");
    }
  }

 private:
  void Fill(Holder& holder, size_t index, const at::Tensor& value) {
    if (frame_->options.determinism_check) {
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
};

void Frame::Recompute(int pass) {
  // An enclosing checkpoint recomputes here if it has to, before any state of
  // ours is set.
  nn::Tensors again;
  again.reserve(inputs.size());
  for (const auto& input : inputs) again.push_back(input.unpack());

  RecomputeHooks hooks(this, pass);
  try {
    at::AutoGradMode grad_mode(true);
    AutocastGuard autocast_guard(autocast);
    std::unique_ptr<RngGuard> rng_guard;
    if (options.preserve_rng_state) rng_guard.reset(new RngGuard(rng));
    SavedTensorHooksGuard hooks_guard(&hooks);
    ++*recomputations;
    try {
      next(std::move(again));
    } catch (const StopRecomputing& stop) {
      if (stop.who != &hooks) throw;
    }
    hooks.Check();
  } catch (...) {
    Forget(pass);
    throw;
  }
  done.insert(pass);
}

}  // namespace

CheckpointInterceptor::CheckpointInterceptor(CheckpointOptions options,
                                             std::string label)
    : options_(options),
      label_(std::move(label)),
      recomputations_(std::make_shared<int64_t>(0)) {}

nn::Tensors CheckpointInterceptor::Intercept(nn::Module& module,
                                             nn::Tensors inputs,
                                             const Next& next) {
  if (!enabled_ || !at::GradMode::is_enabled()) return next(std::move(inputs));
  if (!SavedTensorHooksEngineInstalled()) {
    throw std::logic_error(
        "checkpoint: call InstallSavedTensorHooksEngine() before the first "
        "checkpointed forward");
  }
  auto frame = std::make_shared<Frame>();
  frame->label = label_.empty() ? module.ClassName() : label_;
  frame->options = options_;
  frame->next = next;
  frame->recomputations = recomputations_;
  frame->autocast = AutocastState::Capture();
  if (options_.preserve_rng_state) frame->rng = RngState::Capture(inputs);
  frame->inputs.reserve(inputs.size());
  for (const at::Tensor& input : inputs) {
    frame->inputs.emplace_back(input, /*is_output=*/false);
  }
  ForwardHooks hooks(frame);
  SavedTensorHooksGuard guard(&hooks);
  return next(std::move(inputs));
}

}  // namespace fts::recompute
