// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/models/llama/model.h"

#include <ATen/ops/silu.h>

#include <stdexcept>
#include <utility>

#include "fts/core/nn/attention.h"
#include "fts/core/nn/embedding.h"
#include "fts/core/nn/linear.h"
#include "fts/core/nn/rms_norm.h"
#include "fts/core/nn/rotary.h"

namespace fts::llama {
namespace {

using nn::Embedding;
using nn::Linear;
using nn::Module;
using nn::RmsNorm;
using nn::Tensors;

// One table for all layers.
using Rotary = std::shared_ptr<nn::RotaryTable>;

Rotary MakeRotary(const LlamaConfig& config) {
  nn::RotaryOptions options;
  options.head_dim = config.head_dim;
  options.theta = config.rope_theta;
  if (config.rope_scaling.has_value()) {
    options.type = nn::RotaryOptions::Type::kLlama3;
    options.factor = config.rope_scaling->factor;
    options.low_freq_factor = config.rope_scaling->low_freq_factor;
    options.high_freq_factor = config.rope_scaling->high_freq_factor;
    options.original_max_position_embeddings =
        config.rope_scaling->original_max_seq_len;
  }
  return std::make_shared<nn::RotaryTable>(options);
}

std::shared_ptr<Linear> MakeLinear(int64_t in, int64_t out,
                                   at::TensorOptions options) {
  return std::make_shared<Linear>(in, out, /*bias=*/false, options);
}

class Attention : public Module {
 public:
  Attention(const LlamaConfig& c, Rotary rotary, at::TensorOptions options)
      : head_dim_(c.head_dim), rotary_(std::move(rotary)) {
    const int64_t q = c.n_heads * c.head_dim;
    const int64_t kv = c.n_kv_heads * c.head_dim;
    wq_ = AddModule("wq", MakeLinear(c.dim, q, options));
    wk_ = AddModule("wk", MakeLinear(c.dim, kv, options));
    wv_ = AddModule("wv", MakeLinear(c.dim, kv, options));
    wo_ = AddModule("wo", MakeLinear(q, c.dim, options));
  }
  std::string ClassName() const override { return "Attention"; }

 protected:
  Tensors Forward(Tensors inputs) override {
    const at::Tensor& x = inputs.at(0);
    const at::Tensor q = nn::SplitHeads((*wq_)(x), head_dim_);
    const at::Tensor k = nn::SplitHeads((*wk_)(x), head_dim_);
    const at::Tensor v = nn::SplitHeads((*wv_)(x), head_dim_);
    const auto [cos, sin] =
        rotary_->CosSin(q.size(2), q.device(), q.scalar_type());
    const auto [rotated_q, rotated_k] = nn::ApplyRotary(q, k, cos, sin);
    const at::Tensor out = nn::CausalAttention(rotated_q, rotated_k, v);
    return {(*wo_)(nn::JoinHeads(out))};
  }

 private:
  int64_t head_dim_;
  Rotary rotary_;
  std::shared_ptr<Linear> wq_, wk_, wv_, wo_;
};

class FeedForward : public Module {
 public:
  FeedForward(const LlamaConfig& c, at::TensorOptions options) {
    w1_ = AddModule("w1", MakeLinear(c.dim, c.hidden_dim, options));
    w2_ = AddModule("w2", MakeLinear(c.hidden_dim, c.dim, options));
    w3_ = AddModule("w3", MakeLinear(c.dim, c.hidden_dim, options));
  }
  std::string ClassName() const override { return "FeedForward"; }

 protected:
  Tensors Forward(Tensors inputs) override {
    const at::Tensor& x = inputs.at(0);
    return {(*w2_)(at::silu((*w1_)(x)).mul((*w3_)(x)))};
  }

 private:
  std::shared_ptr<Linear> w1_, w2_, w3_;
};

class TransformerBlock : public Module {
 public:
  TransformerBlock(const LlamaConfig& c, const Rotary& rotary,
                   at::TensorOptions options) {
    attention_ =
        AddModule("attention", std::make_shared<Attention>(c, rotary, options));
    feed_forward_ =
        AddModule("feed_forward", std::make_shared<FeedForward>(c, options));
    attention_norm_ =
        AddModule("attention_norm",
                  std::make_shared<RmsNorm>(c.dim, c.norm_eps, options));
    ffn_norm_ = AddModule(
        "ffn_norm", std::make_shared<RmsNorm>(c.dim, c.norm_eps, options));
  }
  std::string ClassName() const override { return "TransformerBlock"; }

 protected:
  Tensors Forward(Tensors inputs) override {
    const at::Tensor& x = inputs.at(0);
    const at::Tensor h = x.add((*attention_)((*attention_norm_)(x)));
    return {h.add((*feed_forward_)((*ffn_norm_)(h)))};
  }

 private:
  std::shared_ptr<Module> attention_, feed_forward_;
  std::shared_ptr<RmsNorm> attention_norm_, ffn_norm_;
};

class Transformer : public Module {
 public:
  Transformer(const LlamaConfig& c, at::TensorOptions options) {
    tok_embeddings_ =
        AddModule("tok_embeddings",
                  std::make_shared<Embedding>(c.vocab_size, c.dim, options));
    layers_ = AddModule("layers", std::make_shared<nn::ModuleList>(
                                      /*class_name=*/"ModuleDict"));
    const Rotary rotary = MakeRotary(c);
    for (int64_t i = 0; i < c.n_layers; ++i) {
      layers_->Append(std::make_shared<TransformerBlock>(c, rotary, options));
    }
    norm_ = AddModule("norm",
                      std::make_shared<RmsNorm>(c.dim, c.norm_eps, options));
    output_ = AddModule(
        "output", c.tied_embeddings
                      ? std::make_shared<Linear>(tok_embeddings_->weight())
                      : MakeLinear(c.dim, c.vocab_size, options));
  }
  std::string ClassName() const override { return "Transformer"; }

 protected:
  Tensors Forward(Tensors inputs) override {
    at::Tensor h = (*tok_embeddings_)(inputs.at(0));
    for (size_t i = 0; i < layers_->size(); ++i) h = layers_->at(i)(h);
    return {(*output_)((*norm_)(h))};
  }

 private:
  std::shared_ptr<Embedding> tok_embeddings_;
  std::shared_ptr<nn::ModuleList> layers_;
  std::shared_ptr<RmsNorm> norm_;
  std::shared_ptr<Linear> output_;
};

}  // namespace

Llama::Llama(const LlamaConfig& config, at::TensorOptions options)
    : config_(config) {
  model_ = AddModule("model", std::make_shared<Transformer>(config, options));
}

nn::Tensors Llama::Forward(nn::Tensors inputs) {
  const at::Tensor& tokens = inputs.at(0);
  if (tokens.dim() != 2) {
    throw std::invalid_argument("Llama: tokens have " +
                                std::to_string(tokens.dim()) +
                                " dimensions; expected [batch, length]");
  }
  if (tokens.size(1) > config_.max_seq_len) {
    throw std::invalid_argument(
        "Llama: sequences of " + std::to_string(tokens.size(1)) +
        " tokens, but max_seq_len is " + std::to_string(config_.max_seq_len));
  }
  return model_->Call(std::move(inputs));
}

}  // namespace fts::llama
