// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/nn/embedding.h"

#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>

namespace fts::nn {

Embedding::Embedding(int64_t num_embeddings, int64_t dim,
                     at::TensorOptions options)
    : weight_(RegisterParameter("weight",
                                at::empty({num_embeddings, dim}, options))) {}

Tensors Embedding::Forward(Tensors inputs) {
  return {at::embedding(weight_, inputs.at(0))};
}

}  // namespace fts::nn
