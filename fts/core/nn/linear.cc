// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/nn/linear.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>

namespace fts::nn {

Linear::Linear(int64_t in_features, int64_t out_features, bool bias,
               at::TensorOptions options)
    : weight_(&RegisterParameter(
          "weight", at::empty({out_features, in_features}, options))) {
  if (bias) {
    bias_ = &RegisterParameter("bias", at::empty({out_features}, options));
  }
}

Linear::Linear(at::Tensor weight)
    : weight_(&RegisterParameter("weight", std::move(weight))) {}

Tensors Linear::Forward(Tensors inputs) {
  return {at::linear(inputs.at(0), *weight_, bias_ ? *bias_ : at::Tensor())};
}

}  // namespace fts::nn
