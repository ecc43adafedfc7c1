// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Root-mean-square normalisation over the last dimension, computed as Hugging
// Face's Llama does: in fp32, cast back, then scaled.
// Threads: as Module.

#ifndef FTS_CORE_NN_RMS_NORM_H_
#define FTS_CORE_NN_RMS_NORM_H_

#include <cstdint>
#include <string>

#include "fts/core/nn/module.h"

namespace fts::nn {

class RmsNorm : public Module {
 public:
  // Parameter: "weight" [dim], undefined until set.
  RmsNorm(int64_t dim, double eps, at::TensorOptions options = {});

  std::string ClassName() const override { return "RMSNorm"; }
  double eps() const { return eps_; }

 protected:
  // weight · cast(x · rsqrt(mean(x²) + eps)), the cast to the input's dtype.
  Tensors Forward(Tensors inputs) override;

 private:
  at::Tensor& weight_;
  double eps_;
};

}  // namespace fts::nn

#endif  // FTS_CORE_NN_RMS_NORM_H_
