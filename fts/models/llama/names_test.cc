// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/models/llama/names.h"

#include <gtest/gtest.h>

#include "fts/models/llama/config.h"

namespace fts::llama {
namespace {

TEST(NamesTest, GoBothWays) {
  const std::pair<const char*, const char*> pairs[] = {
      {"", ""},
      {"model", "model"},
      {"model.tok_embeddings.weight", "model.embed_tokens.weight"},
      {"model.layers", "model.layers"},
      {"model.layers.0", "model.layers.0"},
      {"model.layers.12.attention", "model.layers.12.self_attn"},
      {"model.layers.12.attention.wq.weight",
       "model.layers.12.self_attn.q_proj.weight"},
      {"model.layers.1.attention.wk", "model.layers.1.self_attn.k_proj"},
      {"model.layers.1.attention.wv", "model.layers.1.self_attn.v_proj"},
      {"model.layers.1.attention.wo", "model.layers.1.self_attn.o_proj"},
      {"model.layers.1.feed_forward", "model.layers.1.mlp"},
      {"model.layers.1.feed_forward.w1.weight",
       "model.layers.1.mlp.gate_proj.weight"},
      {"model.layers.1.feed_forward.w2.weight",
       "model.layers.1.mlp.down_proj.weight"},
      {"model.layers.1.feed_forward.w3.weight",
       "model.layers.1.mlp.up_proj.weight"},
      {"model.layers.1.attention_norm.weight",
       "model.layers.1.input_layernorm.weight"},
      {"model.layers.1.ffn_norm.weight",
       "model.layers.1.post_attention_layernorm.weight"},
      {"model.norm.weight", "model.norm.weight"},
      {"model.output", "lm_head"},
      {"model.output.weight", "lm_head.weight"},
  };
  for (const auto& [native, hf] : pairs) {
    EXPECT_EQ(ToHfName(native), std::optional<std::string>(hf));
    EXPECT_EQ(ToNativeName(hf), std::optional<std::string>(native));
  }
}

TEST(NamesTest, RefuseWhatTheModelCannotHave) {
  for (const char* name :
       {"weight", "model.weight", "model.layers.weight",
        "model.layers.1.weight", "model.layers.x", "model.layers.01",
        "model.layers.", "model.layers.1.", "model.layers.1.attention.weight",
        "model.layers.1.attention.wq.bias", "model.embed_tokens.weight",
        "lm_head", "model.output.bias"}) {
    EXPECT_EQ(ToHfName(name), std::nullopt) << name;
  }
  for (const char* name : {"model.output", "model.layers.1.attention",
                           "model.layers.1.self_attn.rotary_emb.inv_freq"}) {
    EXPECT_EQ(ToNativeName(name), std::nullopt) << name;
  }
}

TEST(NamesTest, CoverEveryParameter) {
  LlamaConfig config;
  config.vocab_size = config.dim = config.hidden_dim = 8;
  config.n_layers = 12;
  config.n_heads = config.n_kv_heads = 2;
  config.head_dim = 4;
  for (const ParameterShape& parameter : ParameterShapes(config)) {
    const std::optional<std::string> hf = ToHfName(parameter.name);
    ASSERT_TRUE(hf.has_value()) << parameter.name;
    EXPECT_EQ(ToNativeName(*hf), parameter.name);
  }
}

TEST(NamesTest, DescriptionKeepsItsOrder) {
  ModelDescription native;
  native.modules = {{"", "Llama", false},
                    {"model.layers.0.attention", "Attention", false},
                    {"other", "Other", false}};
  native.parameters = {{"model.tok_embeddings.weight", {2, 2}, "float32", {}},
                       {"model.output.weight",
                        {2, 2},
                        "float32",
                        "model.tok_embeddings.weight"}};
  const ModelDescription hf = WithHfNames(native);
  EXPECT_EQ(hf.modules[1].name, "model.layers.0.self_attn");
  EXPECT_EQ(hf.modules[1].class_name, "Attention");
  EXPECT_EQ(hf.modules[2].name, "other");
  EXPECT_EQ(hf.parameters[0].name, "model.embed_tokens.weight");
  EXPECT_EQ(hf.parameters[1].name, "lm_head.weight");
  EXPECT_EQ(hf.parameters[1].shared_with, "model.embed_tokens.weight");
}

}  // namespace
}  // namespace fts::llama
