// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/nn/embedding.h"

#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>

#include <vector>

namespace fts::nn {

at::Tensor PickRows(const at::Tensor& weight, const at::Tensor& ids) {
  if (!ids.is_meta()) return at::embedding(weight, ids);
  std::vector<int64_t> sizes = ids.sizes().vec();
  sizes.push_back(weight.size(1));
  return at::empty(sizes, weight.options().requires_grad(false));
}

Embedding::Embedding(int64_t num_embeddings, int64_t dim,
                     at::TensorOptions options)
    : weight_(RegisterParameter("weight",
                                at::empty({num_embeddings, dim}, options))) {}

Tensors Embedding::Forward(Tensors inputs) {
  return {PickRows(weight_, inputs.at(0))};
}

}  // namespace fts::nn
