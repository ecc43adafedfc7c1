// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Causal attention with grouped key/value heads, through PyTorch's
// scaled_dot_product_attention, called as Hugging Face's "sdpa" path calls it.
// Threads: a pure function.

#ifndef FTS_CORE_NN_ATTENTION_H_
#define FTS_CORE_NN_ATTENTION_H_

#include <ATen/core/Tensor.h>

namespace fts::nn {

// q [batch, heads, length, head_dim]; k and v [batch, kv_heads, length,
// head_dim], where kv_heads divides heads. Returns [batch, heads, length,
// head_dim]. Throws std::invalid_argument on head counts that don't divide.
at::Tensor CausalAttention(const at::Tensor& q, const at::Tensor& k,
                           const at::Tensor& v);

// [batch, length, heads·head_dim] to [batch, heads, length, head_dim]: a view.
at::Tensor SplitHeads(const at::Tensor& x, int64_t head_dim);

// The way back; copies.
at::Tensor JoinHeads(const at::Tensor& x);

}  // namespace fts::nn

#endif  // FTS_CORE_NN_ATTENTION_H_
