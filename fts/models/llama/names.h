// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Native (torchtitan) names and Hugging Face names of the same modules and
// parameters, both ways.
//
//   model.tok_embeddings            model.embed_tokens
//   model.layers.N                  model.layers.N
//     attention.{wq,wk,wv,wo}         self_attn.{q,k,v,o}_proj
//     feed_forward.{w1,w2,w3}         mlp.{gate,down,up}_proj
//     attention_norm, ffn_norm        input_layernorm, post_attention_layernorm
//   model.norm                      model.norm
//   model.output                    lm_head
// Threads: pure functions. No torch.
#ifndef FTS_MODELS_LLAMA_NAMES_H_
#define FTS_MODELS_LLAMA_NAMES_H_

#include <optional>
#include <string>

#include "fts/core/match/model_description.h"

namespace fts::llama {

// The other spelling of a module's ("model.layers.3.attention") or parameter's
// ("....wq.weight") name; nothing for a name that this model cannot have. The
// layer's number is not checked against the depth.
std::optional<std::string> ToHfName(const std::string& native);
std::optional<std::string> ToNativeName(const std::string& hf);

// The description under HF names, in the same order: what schedules and plans
// see under `names: hf`. A name that is not the model's stays as it is.
ModelDescription WithHfNames(const ModelDescription& native);

}  // namespace fts::llama

#endif  // FTS_MODELS_LLAMA_NAMES_H_
