// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/models/llama/config.h"

#include <gtest/gtest.h>

namespace fts::llama {
namespace {

constexpr char kSizes[] =
    "vocab_size: 256\ndim: 64\nn_layers: 2\nn_heads: 4\nhidden_dim: 160\n";

absl::StatusOr<LlamaConfig> Read(const std::string& text, Diagnostics* diags) {
  const absl::StatusOr<YamlNode> node = ParseYaml(text, "c.yaml", diags);
  EXPECT_TRUE(node.ok()) << node.status();
  return ConfigFromYaml(*node, diags);
}

std::string Errors(const std::string& text) {
  Diagnostics diags;
  const auto config = Read(text, &diags);
  EXPECT_EQ(config.ok(), diags.ok());
  return config.ok() ? "accepted" : std::string(config.status().message());
}

TEST(ConfigTest, FillsInDefaults) {
  Diagnostics diags;
  const auto config = Read(kSizes, &diags);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->vocab_size, 256);
  EXPECT_EQ(config->n_kv_heads, 4);
  EXPECT_EQ(config->head_dim, 16);
  EXPECT_EQ(config->max_seq_len, 2048);
  EXPECT_EQ(config->norm_eps, 1e-5);
  EXPECT_EQ(config->rope_theta, 10000.0);
  EXPECT_FALSE(config->tied_embeddings);
}

TEST(ConfigTest, TakesEveryKey) {
  Diagnostics diags;
  const auto config = Read(std::string(kSizes) +
                               "n_kv_heads: 2\nmax_seq_len: 64\nnorm_eps: "
                               "1e-06\nrope_theta: 500000\ntied_embeddings: "
                               "yes\n",
                           &diags);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->n_kv_heads, 2);
  EXPECT_EQ(config->max_seq_len, 64);
  EXPECT_EQ(config->norm_eps, 1e-6);  // text to YAML 1.1, a number to us
  EXPECT_EQ(config->rope_theta, 500000.0);
  EXPECT_TRUE(config->tied_embeddings);
}

TEST(ConfigTest, NamesEveryMistake) {
  EXPECT_EQ(Errors("[1]"),
            "c.yaml:1:1: error: model.config is list [1]; expected a mapping "
            "with the model's sizes [bad_type]");
  EXPECT_EQ(Errors("vocab: 256\ndim: big\nn_layers: 2\nn_heads: 4\n"
                   "hidden_dim: 1.5\nnorm_eps: small\ntied_embeddings: 1\n"),
            "c.yaml:1:1: error: model.config has no key 'vocab' "
            "[unknown_key]\n"
            "c.yaml:1:1: error: model.config needs the key 'vocab_size' "
            "[missing_key]\n"
            "c.yaml:2:6: error: model.config: 'dim' is string 'big'; expected "
            "an integer [bad_type]\n"
            "c.yaml:5:13: error: model.config: 'hidden_dim' is float 1.5; "
            "expected an integer [bad_type]\n"
            "c.yaml:6:11: error: model.config: 'norm_eps' is string 'small'; "
            "expected a number [bad_type]\n"
            "c.yaml:7:18: error: model.config: 'tied_embeddings' is integer 1; "
            "expected true or false [bad_type]");
  EXPECT_EQ(Errors(std::string(kSizes) + "n_layer: 3\n"),
            "c.yaml:6:1: error: model.config has no key 'n_layer'; did you "
            "mean 'n_layers'? [unknown_key]");
}

TEST(ConfigTest, ChecksWhatMustHoldBetweenValues) {
  const std::string base = "vocab_size: 256\nn_layers: 2\nhidden_dim: 160\n";
  EXPECT_EQ(Errors(base + "dim: 64\nn_heads: 5\n"),
            "c.yaml:5:10: error: model.config: n_heads 5 does not divide dim "
            "64 [out_of_range]");
  EXPECT_EQ(Errors(base + "dim: 64\nn_heads: 4\nn_kv_heads: 3\n"),
            "c.yaml:6:13: error: n_kv_heads 3 does not divide n_heads 4 "
            "[out_of_range]");
  EXPECT_EQ(Errors(base + "dim: 12\nn_heads: 4\n"),
            "c.yaml:5:10: error: a head has 3 channels; rotary embedding needs "
            "an even number [out_of_range]");
  EXPECT_EQ(Errors(base + "dim: 64\nn_heads: 0\nnorm_eps: -1.0\n"),
            "c.yaml:5:10: error: n_heads is 0; expected 1 to 268435456 "
            "[out_of_range]\n"
            "c.yaml:6:11: error: norm_eps is -1; expected a positive finite "
            "number [out_of_range]");
  EXPECT_EQ(Errors(base + "dim: 64\nn_heads: 4\nrope_theta: .inf\n"),
            "c.yaml:6:13: error: rope_theta is inf; expected a positive finite "
            "number [out_of_range]");
}

TEST(ConfigTest, ListsParametersInRegistrationOrder) {
  Diagnostics diags;
  auto config = Read(std::string(kSizes) + "n_kv_heads: 2\n", &diags);
  ASSERT_TRUE(config.ok()) << config.status();
  const std::vector<ParameterShape> shapes = ParameterShapes(*config);
  ASSERT_EQ(shapes.size(), 2 * 9 + 3u);
  EXPECT_EQ(shapes[0].name, "model.tok_embeddings.weight");
  EXPECT_EQ(shapes[2].name, "model.layers.0.attention.wk.weight");
  EXPECT_EQ(shapes[2].shape, (std::vector<int64_t>{32, 64}));
  EXPECT_EQ(shapes.back().name, "model.output.weight");
  config->tied_embeddings = true;
  EXPECT_EQ(ParameterShapes(*config).back().name, "model.norm.weight");
}

}  // namespace
}  // namespace fts::llama
