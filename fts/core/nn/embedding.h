// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Rows of a table picked by token id.
// Threads: as Module.

#ifndef FTS_CORE_NN_EMBEDDING_H_
#define FTS_CORE_NN_EMBEDDING_H_

#include <cstdint>
#include <string>

#include "fts/core/nn/module.h"

namespace fts::nn {

// weight [rows, dim] picked by ids of any shape: that shape + [dim]. Works on
// the meta device too, for which PyTorch's own operator has no kernel outside
// of Python.
at::Tensor PickRows(const at::Tensor& weight, const at::Tensor& ids);

class Embedding : public Module {
 public:
  // Parameter: "weight" [num_embeddings, dim], undefined until set.
  Embedding(int64_t num_embeddings, int64_t dim,
            at::TensorOptions options = {});

  std::string ClassName() const override { return "Embedding"; }
  const at::Tensor& weight() const { return weight_; }

 protected:
  // One integer tensor of any shape in; that shape + [dim] out. Throws on an id
  // outside the table.
  Tensors Forward(Tensors inputs) override;

 private:
  at::Tensor& weight_;
};

}  // namespace fts::nn

#endif  // FTS_CORE_NN_EMBEDDING_H_
