// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/recompute/offload.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_strided.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

#include "fts/core/recompute/kept_tensor.h"
#include "fts/core/recompute/saved_tensor_hooks.h"

namespace fts::recompute {
namespace {

// Of the same strides where that is possible: kernels may choose their way by
// them, and the result must not differ in a bit.
at::Tensor HostCopy(const at::Tensor& tensor) {
  const auto options = at::TensorOptions(at::kCPU)
                           .dtype(tensor.scalar_type())
                           .pinned_memory(tensor.device().type() == at::kCUDA);
  at::Tensor host =
      tensor.is_non_overlapping_and_dense()
          ? at::empty_strided(tensor.sizes(), tensor.strides(), options)
          : at::empty(tensor.sizes(), options);
  return host.copy_(tensor, /*non_blocking=*/true);
}

class OnHost : public PackedTensor {
 public:
  explicit OnHost(const at::Tensor& tensor)
      : device_(tensor.device()), host_(HostCopy(tensor.detach())) {}
  at::Tensor Unpack() override {
    return host_.to(device_, /*non_blocking=*/true);
  }

 private:
  at::Device device_;
  at::Tensor host_;
};

class OffloadHooks : public SavedTensorHooks {
 public:
  OffloadHooks(const std::string& label,
               const std::vector<at::Tensor>& parameters, OffloadBytes* bytes)
      : label_(label), parameters_(parameters), bytes_(bytes) {}

  std::unique_ptr<PackedTensor> Pack(const at::Tensor& tensor) override {
    const int64_t size = static_cast<int64_t>(tensor.nbytes());
    if (IsParameter(tensor) || SharesWithParameter(tensor)) {
      bytes_->parameters += size;
      return Keep(tensor, "a parameter");
    }
    if (tensor.is_cpu() || !tensor.has_storage()) {
      bytes_->on_host += size;
      return Keep(tensor, "a tensor saved for backward");
    }
    bytes_->moved += size;
    return std::make_unique<OnHost>(tensor);
  }

 private:
  std::unique_ptr<PackedTensor> Keep(const at::Tensor& tensor,
                                     const char* what) const {
    return std::make_unique<KeptTensor>(
        tensor, std::string("offload: ") + label_ + ": " + what +
                    " was changed in place between forward and backward; run "
                    "the forward again");
  }

  // Asked anew each time: a unit inside the module may gather its parameters
  // after this forward has begun.
  bool SharesWithParameter(const at::Tensor& tensor) const {
    if (!tensor.has_storage()) return false;
    const auto* storage = tensor.storage().unsafeGetStorageImpl();
    return std::any_of(parameters_.begin(), parameters_.end(),
                       [&](const at::Tensor& p) {
                         return p.storage().unsafeGetStorageImpl() == storage;
                       });
  }

  const std::string& label_;
  const std::vector<at::Tensor>& parameters_;
  OffloadBytes* const bytes_;
};

}  // namespace

OffloadInterceptor::OffloadInterceptor(std::string label)
    : label_(std::move(label)) {}

nn::Tensors OffloadInterceptor::Intercept(nn::Module& module,
                                          nn::Tensors inputs,
                                          const Next& next) {
  if (!enabled_ || !at::GradMode::is_enabled()) return next(std::move(inputs));
  if (!SavedTensorHooksEngineInstalled()) {
    throw std::logic_error(
        "offload: call InstallSavedTensorHooksEngine() before the first "
        "forward");
  }
  if (module_ != &module) {
    module_ = &module;
    parameters_.clear();
    for (auto& [name, tensor] : module.NamedParameters()) {
      parameters_.push_back(tensor);
    }
    if (label_.empty()) label_ = module.ClassName();
  }
  OffloadHooks hooks(label_, parameters_, &bytes_);
  SavedTensorHooksGuard guard(&hooks);
  return next(std::move(inputs));
}

}  // namespace fts::recompute
