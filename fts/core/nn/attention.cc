// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/nn/attention.h"

#include <ATen/ops/empty_like.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include <cmath>
#include <stdexcept>
#include <string>

namespace fts::nn {
namespace {

// Above this head size PyTorch's fused kernels don't take grouped heads.
constexpr int64_t kMaxGroupedHeadDim = 256;

at::Tensor RepeatHeads(const at::Tensor& x, int64_t times) {
  const int64_t batch = x.size(0), heads = x.size(1);
  const int64_t length = x.size(2), dim = x.size(3);
  return x.unsqueeze(2)
      .expand({batch, heads, times, length, dim})
      .reshape({batch, heads * times, length, dim});
}

}  // namespace

at::Tensor CausalAttention(const at::Tensor& q, const at::Tensor& k,
                           const at::Tensor& v) {
  const int64_t heads = q.size(1), kv_heads = k.size(1);
  if (kv_heads == 0 || heads % kv_heads != 0 || v.size(1) != kv_heads) {
    throw std::invalid_argument(
        "attention: " + std::to_string(heads) + " query heads over " +
        std::to_string(kv_heads) + " key and " + std::to_string(v.size(1)) +
        " value heads; key and value heads must be equal and divide them");
  }
  const int64_t head_dim = q.size(3);
  if (q.is_meta()) {
    // The meta kernels that PyTorch's takes are Python's.
    if (k.size(2) != q.size(2) || v.size(2) != q.size(2)) {
      throw std::invalid_argument("attention: " + std::to_string(q.size(2)) +
                                  " queries, " + std::to_string(k.size(2)) +
                                  " keys and " + std::to_string(v.size(2)) +
                                  " values; a causal one has as many of each");
    }
    return at::empty_like(q);
  }
  const double scale = std::pow(static_cast<double>(head_dim), -0.5);
  const bool causal = q.size(2) > 1;
  const bool grouped = kv_heads != heads;
  if (grouped && head_dim > kMaxGroupedHeadDim) {
    return at::scaled_dot_product_attention(q, RepeatHeads(k, heads / kv_heads),
                                            RepeatHeads(v, heads / kv_heads),
                                            std::nullopt, 0.0, causal, scale);
  }
  return at::scaled_dot_product_attention(q, k, v, std::nullopt, 0.0, causal,
                                          scale, /*enable_gqa=*/grouped);
}

at::Tensor SplitHeads(const at::Tensor& x, int64_t head_dim) {
  return x.view({x.size(0), x.size(1), -1, head_dim}).transpose(1, 2);
}

at::Tensor JoinHeads(const at::Tensor& x) {
  return x.transpose(1, 2).reshape({x.size(0), x.size(2), -1});
}

}  // namespace fts::nn
