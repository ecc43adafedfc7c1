// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/recompute/kept_tensor.h"

#include <utility>

#include "fts/core/recompute/checkpoint_error.h"

namespace fts::recompute {

bool IsParameter(const at::Tensor& tensor) {
  return tensor.is_leaf() && tensor.requires_grad();
}

// A node's own output would own the node again, so only leaves are kept whole.
// A detached tensor shares the version counter.
KeptTensor::KeptTensor(const at::Tensor& tensor, std::string changed)
    : tensor_(tensor.is_leaf() ? tensor : tensor.detach()),
      version_(tensor._version()),
      changed_(std::move(changed)) {}

at::Tensor KeptTensor::Unpack() {
  if (tensor_._version() != version_) throw CheckpointError(changed_);
  return tensor_;
}

}  // namespace fts::recompute
