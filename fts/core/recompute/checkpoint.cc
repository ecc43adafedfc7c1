// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/recompute/checkpoint.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "fts/core/recompute/frame.h"
#include "fts/core/recompute/saved_tensor_hooks.h"

namespace fts::recompute {
namespace {

bool RequiresGrad(const at::Tensor& tensor) {
  return tensor.defined() && tensor.requires_grad();
}

}  // namespace

CheckpointInterceptor::CheckpointInterceptor(CheckpointOptions options,
                                             std::string label)
    : options_(options),
      label_(std::move(label)),
      recomputations_(std::make_shared<int64_t>(0)) {}

// Parameters are the same tensors for ever, so they are listed once.
bool CheckpointInterceptor::NeedsGraph(const nn::Module& module,
                                       const nn::Tensors& inputs) {
  if (std::any_of(inputs.begin(), inputs.end(), RequiresGrad)) return true;
  if (module_ != &module) {
    module_ = &module;
    parameters_.clear();
    for (const auto& [name, tensor] : module.NamedParameters()) {
      parameters_.push_back(tensor);
    }
  }
  return std::any_of(parameters_.begin(), parameters_.end(), RequiresGrad);
}

nn::Tensors CheckpointInterceptor::Intercept(nn::Module& module,
                                             nn::Tensors inputs,
                                             const Next& next) {
  if (!enabled_ || !at::GradMode::is_enabled() || !NeedsGraph(module, inputs)) {
    return next(std::move(inputs));
  }
  if (!SavedTensorHooksEngineInstalled()) {
    throw std::logic_error(
        "checkpoint: call InstallSavedTensorHooksEngine() before the first "
        "checkpointed forward");
  }
  const auto frame =
      std::make_shared<Frame>(label_.empty() ? module.ClassName() : label_,
                              options_, inputs, next, recomputations_);
  return frame->Run(std::move(inputs));
}

}  // namespace fts::recompute
