// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/nn/embedding.h"

#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>

#include <vector>

namespace fts::nn {

Embedding::Embedding(int64_t num_embeddings, int64_t dim,
                     at::TensorOptions options)
    : weight_(RegisterParameter("weight",
                                at::empty({num_embeddings, dim}, options))) {}

Tensors Embedding::Forward(Tensors inputs) {
  const at::Tensor& ids = inputs.at(0);
  if (ids.is_meta()) {
    // The meta kernel of at::embedding is Python's.
    std::vector<int64_t> sizes = ids.sizes().vec();
    sizes.push_back(weight_.size(1));
    return {at::empty(sizes, weight_.options().requires_grad(false))};
  }
  return {at::embedding(weight_, ids)};
}

}  // namespace fts::nn
