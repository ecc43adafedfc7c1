// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/models/llama/model.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "fts/core/nn/describe.h"
#include "fts/core/nn/parameter_source.h"
#include "fts/models/llama/init.h"
#include "fts/models/llama/test_util.h"

namespace fts::llama {
namespace {

TEST(LlamaTest, HasTorchtitansTree) {
  const Llama model(SmallConfig());
  const ModelDescription described = nn::Describe(model);
  std::string modules;
  for (const ModuleInfo& module : described.modules) {
    modules += module.name + ":" + module.class_name +
               (module.container ? "*" : "") + "\n";
  }
  EXPECT_EQ(modules.substr(0, modules.find("model.layers.1")),
            ":Llama\n"
            "model:Transformer\n"
            "model.tok_embeddings:Embedding\n"
            "model.layers:ModuleDict*\n"
            "model.layers.0:TransformerBlock\n"
            "model.layers.0.attention:Attention\n"
            "model.layers.0.attention.wq:Linear\n"
            "model.layers.0.attention.wk:Linear\n"
            "model.layers.0.attention.wv:Linear\n"
            "model.layers.0.attention.wo:Linear\n"
            "model.layers.0.feed_forward:FeedForward\n"
            "model.layers.0.feed_forward.w1:Linear\n"
            "model.layers.0.feed_forward.w2:Linear\n"
            "model.layers.0.feed_forward.w3:Linear\n"
            "model.layers.0.attention_norm:RMSNorm\n"
            "model.layers.0.ffn_norm:RMSNorm\n");
  EXPECT_EQ(modules.substr(modules.find("model.norm")),
            "model.norm:RMSNorm\nmodel.output:Linear\n");

  // The tree and the list that import, export and init use are the same.
  const std::vector<ParameterShape> shapes = ParameterShapes(SmallConfig());
  ASSERT_EQ(described.parameters.size(), shapes.size());
  for (size_t i = 0; i < shapes.size(); ++i) {
    EXPECT_EQ(described.parameters[i].name, shapes[i].name);
    EXPECT_EQ(described.parameters[i].shape, shapes[i].shape);
  }
}

TEST(LlamaTest, TiedOutputIsAnAliasOfTheEmbedding) {
  LlamaConfig config = SmallConfig();
  config.tied_embeddings = true;
  Llama model(config);
  const ModelDescription described = nn::Describe(model);
  EXPECT_EQ(described.parameters.back().name, "model.output.weight");
  EXPECT_EQ(described.parameters.back().shared_with,
            "model.tok_embeddings.weight");
  EXPECT_EQ(model.NamedParameters().size(), ParameterShapes(config).size());

  ASSERT_TRUE(nn::LoadParameters(model, InitSource(config, 1)).ok());
  const at::Tensor tokens = at::arange(12, at::kLong).view({2, 6});
  model(tokens).sum().backward();
  EXPECT_TRUE(model.NamedParameters()[0].second.grad().defined());
}

TEST(LlamaTest, IsCausal) {
  const LlamaConfig config = SmallConfig();
  Llama model(config);
  ASSERT_TRUE(nn::LoadParameters(model, InitSource(config, 1)).ok());
  at::NoGradGuard no_grad;
  at::Tensor tokens = at::arange(12, at::kLong).view({2, 6});
  const at::Tensor before = model(tokens).clone();
  EXPECT_EQ(before.sizes(), (at::IntArrayRef{2, 6, config.vocab_size}));
  tokens.select(1, 4).fill_(20);
  const at::Tensor after = model(tokens);
  EXPECT_TRUE(at::equal(before.narrow(1, 0, 4), after.narrow(1, 0, 4)));
  EXPECT_FALSE(at::allclose(before.select(1, 4), after.select(1, 4)));
  EXPECT_FALSE(at::allclose(before.select(1, 5), after.select(1, 5)));
}

TEST(LlamaTest, ComputesInTheParametersDtype) {
  const LlamaConfig config = SmallConfig();
  Llama model(config, at::kBFloat16);
  ASSERT_TRUE(nn::LoadParameters(model, InitSource(config, 1)).ok());
  EXPECT_EQ(model(at::zeros({1, 3}, at::kLong)).scalar_type(), at::kBFloat16);
}

TEST(LlamaTest, RefusesWrongTokens) {
  Llama model(SmallConfig());
  const auto message = [&](const at::Tensor& tokens) -> std::string {
    try {
      model(tokens);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(message(at::zeros({3}, at::kLong)),
            "Llama: tokens have 1 dimensions; expected [batch, length]");
  EXPECT_EQ(message(at::zeros({1, 65}, at::kLong)),
            "Llama: sequences of 65 tokens, but max_seq_len is 64");
}

}  // namespace
}  // namespace fts::llama
