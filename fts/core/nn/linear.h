// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// y = x·Wᵀ + b, with W [out, in] as in PyTorch.
// Threads: as Module.

#ifndef FTS_CORE_NN_LINEAR_H_
#define FTS_CORE_NN_LINEAR_H_

#include <cstdint>
#include <string>

#include "fts/core/nn/module.h"

namespace fts::nn {

class Linear : public Module {
 public:
  // Parameters: "weight" [out_features, in_features] and, with `bias`, "bias"
  // [out_features]. Their values are undefined until set (see init.h).
  Linear(int64_t in_features, int64_t out_features, bool bias,
         at::TensorOptions options = {});
  // Takes a given weight, for instance one tied to another module's.
  explicit Linear(at::Tensor weight);

  std::string ClassName() const override { return "Linear"; }
  const at::Tensor& weight() const { return *weight_; }
  bool has_bias() const { return bias_ != nullptr; }

 protected:
  Tensors Forward(Tensors inputs) override;

 private:
  at::Tensor* weight_;
  at::Tensor* bias_ = nullptr;
};

}  // namespace fts::nn

#endif  // FTS_CORE_NN_LINEAR_H_
