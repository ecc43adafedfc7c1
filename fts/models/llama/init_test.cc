// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/models/llama/init.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "fts/models/llama/model.h"
#include "fts/models/llama/test_util.h"

namespace fts::llama {
namespace {

TEST(InitTest, DeviationsFollowDepth) {
  LlamaConfig config = SmallConfig();
  const double by_dim = 1 / std::sqrt(32.0);
  EXPECT_EQ(InitStd(config, "model.tok_embeddings.weight"), 1.0);
  EXPECT_DOUBLE_EQ(InitStd(config, "model.output.weight"), by_dim);
  EXPECT_EQ(InitStd(config, "model.norm.weight"), 0);
  EXPECT_EQ(InitStd(config, "model.layers.7.ffn_norm.weight"), 0);
  EXPECT_EQ(InitStd(config, "model.layers.7.attention_norm.weight"), 0);
  EXPECT_EQ(InitStd(config, "model.layers.7.attention.wk.weight"), 0.02);
  EXPECT_EQ(InitStd(config, "model.layers.7.feed_forward.w1.weight"), 0.02);
  for (const char* name :
       {"attention.wo", "feed_forward.w2", "feed_forward.w3"}) {
    EXPECT_DOUBLE_EQ(
        InitStd(config, std::string("model.layers.17.") + name + ".weight"),
        0.02 / 6);
  }
  config.tied_embeddings = true;
  EXPECT_DOUBLE_EQ(InitStd(config, "model.tok_embeddings.weight"), by_dim);
}

TEST(InitTest, RangesAreSlicesOfTheWholeInAnyOrderAndDtype) {
  const LlamaConfig config = SmallConfig();
  const InitSource source(config, 42);
  for (const ParameterShape& parameter : ParameterShapes(config)) {
    int64_t numel = 1;
    for (int64_t dim : parameter.shape) numel *= dim;
    at::Tensor whole = at::empty({numel});
    ASSERT_TRUE(source.CopyRange(parameter.name, 0, numel, whole).ok());
    // Another instance, the second half first.
    const InitSource again(config, 42);
    at::Tensor parts = at::empty({numel});
    const int64_t cut = numel / 3;
    ASSERT_TRUE(again
                    .CopyRange(parameter.name, cut, numel,
                               parts.narrow(0, cut, numel - cut))
                    .ok());
    ASSERT_TRUE(
        again.CopyRange(parameter.name, 0, cut, parts.narrow(0, 0, cut)).ok());
    EXPECT_TRUE(at::equal(whole, parts)) << parameter.name;
    at::Tensor narrow = at::empty({numel}, at::kBFloat16);
    ASSERT_TRUE(source.CopyRange(parameter.name, 0, numel, narrow).ok());
    EXPECT_TRUE(at::equal(whole.to(at::kBFloat16), narrow));
  }
  at::Tensor one = at::empty({1}), other = at::empty({1});
  ASSERT_TRUE(source.CopyRange(kEmbeddingName, 0, 1, one).ok());
  ASSERT_TRUE(
      InitSource(config, 43).CopyRange(kEmbeddingName, 0, 1, other).ok());
  EXPECT_FALSE(at::equal(one, other));
}

TEST(InitTest, RangesAreChecked) {
  const InitSource source(SmallConfig(), 42);
  at::Tensor dst = at::empty({4});
  EXPECT_EQ(std::string(source.CopyRange("lm_head", 0, 4, dst).message()),
            "parameter 'lm_head' is not in the source of initial values");
  EXPECT_EQ(
      std::string(source.CopyRange("model.norm.weight", 30, 34, dst).message()),
      "elements [30, 34) of parameter 'model.norm.weight', which has 32");
  EXPECT_EQ(
      std::string(source.CopyRange("model.norm.weight", 0, 3, dst).message()),
      "elements [0, 3) of parameter 'model.norm.weight' need a contiguous 1-D "
      "floating-point CPU tensor of that length");
}

}  // namespace
}  // namespace fts::llama
