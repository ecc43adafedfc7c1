// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/session/shard_interceptor.h"

#include <c10/core/GradMode.h>

#include <algorithm>
#include <utility>

namespace fts {
namespace {

void ThrowIfError(const absl::Status& status) {
  if (!status.ok()) throw StatusError(status);
}

bool RequiresGrad(const at::Tensor& tensor) {
  return tensor.defined() && tensor.requires_grad();
}

}  // namespace

ShardInterceptor::ShardInterceptor(std::shared_ptr<shard::Unit> unit,
                                   std::vector<at::Tensor> parameters,
                                   int which, UnitCasts casts)
    : unit_(std::move(unit)),
      parameters_(std::move(parameters)),
      which_(which),
      casts_(casts) {}

bool ShardInterceptor::NeedsGraph(const nn::Tensors& inputs) const {
  return std::any_of(inputs.begin(), inputs.end(), RequiresGrad) ||
         std::any_of(parameters_.begin(), parameters_.end(), RequiresGrad);
}

nn::Tensors ShardInterceptor::Intercept(nn::Module& module, nn::Tensors inputs,
                                        const Next& next) {
  (void)module;
  if (unit_ == nullptr) return next(std::move(inputs));
  called_ |= c10::GradMode::is_enabled();
  c10::AutoGradMode mode(c10::GradMode::is_enabled() && NeedsGraph(inputs));
  inputs = CastFloating(std::move(inputs), casts_.inputs);
  ThrowIfError(unit_->PreForward(inputs));
  nn::Tensors outputs = next(std::move(inputs));
  ThrowIfError(unit_->PostForward(outputs, which_));
  return CastFloating(std::move(outputs), casts_.outputs);
}

void ShardInterceptor::Detach() {
  unit_ = nullptr;
  parameters_.clear();
}

}  // namespace fts
