// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The Llama itself: torchtitan's module tree under a root attribute `model`,
// with Hugging Face's arithmetic (rotate-half rotary embedding, RMS norm in
// fp32).
//
// Parameter values are undefined until set: init.h draws them, checkpoint.h
// reads them, a sharding engine points them at its own memory.
// Threads: as nn::Module.
#ifndef FTS_MODELS_LLAMA_MODEL_H_
#define FTS_MODELS_LLAMA_MODEL_H_

#include <memory>
#include <string>

#include "fts/core/nn/module.h"
#include "fts/models/llama/config.h"

namespace fts::llama {

// Names under it: model.tok_embeddings, model.layers.N.{attention.{wq,wk,wv,
// wo},feed_forward.{w1,w2,w3},attention_norm,ffn_norm}, model.norm,
// model.output. With tied embeddings model.output.weight is the tensor of
// model.tok_embeddings.weight, and the latter is its canonical name.
class Llama : public nn::Module {
 public:
  // `options` gives the parameters' dtype and device. A config that CheckConfig
  // accepts is a precondition.
  explicit Llama(const LlamaConfig& config, at::TensorOptions options = {});

  std::string ClassName() const override { return "Llama"; }
  const LlamaConfig& config() const { return config_; }

 protected:
  // {tokens [batch, length], int64} to {logits [batch, length, vocab_size]} in
  // the parameters' dtype. Throws std::invalid_argument on another number of
  // dimensions or a length above max_seq_len.
  nn::Tensors Forward(nn::Tensors inputs) override;

 private:
  LlamaConfig config_;
  std::shared_ptr<nn::Module> model_;
};

}  // namespace fts::llama

#endif  // FTS_MODELS_LLAMA_MODEL_H_
