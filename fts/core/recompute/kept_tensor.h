// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A saved tensor that is kept by reference, as autograd itself would: a
// parameter, a view of one, or a tensor that is already where it belongs.
// Threads: confined to one thread at a time.

#ifndef FTS_CORE_RECOMPUTE_KEPT_TENSOR_H_
#define FTS_CORE_RECOMPUTE_KEPT_TENSOR_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "fts/core/recompute/saved_tensor_hooks.h"

namespace fts::recompute {

// A leaf that requires grad: it is not an activation.
bool IsParameter(const at::Tensor& tensor);

class KeptTensor : public PackedTensor {
 public:
  // `changed`: the text of the error when it was changed in place before
  // backward.
  KeptTensor(const at::Tensor& tensor, std::string changed);

  // Throws CheckpointError(changed).
  at::Tensor Unpack() override;

 private:
  at::Tensor tensor_;
  int64_t version_;
  std::string changed_;
};

}  // namespace fts::recompute

#endif  // FTS_CORE_RECOMPUTE_KEPT_TENSOR_H_
