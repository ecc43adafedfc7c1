// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/nn/describe.h"

#include <gtest/gtest.h>

#include "fts/core/nn/embedding.h"
#include "fts/core/nn/linear.h"

namespace fts::nn {
namespace {

TEST(DescribeTest, ListsModulesParametersAndTies) {
  ModuleList root;
  auto table = std::make_shared<Embedding>(5, 3, at::kBFloat16);
  root.Insert("embed", table);
  root.Insert("output", std::make_shared<Linear>(table->weight()));
  const ModelDescription seen = Describe(root);
  ASSERT_EQ(seen.modules.size(), 3u);
  EXPECT_EQ(seen.modules[0].name, "");
  EXPECT_TRUE(seen.modules[0].container);
  EXPECT_EQ(seen.modules[1].class_name, "Embedding");
  EXPECT_FALSE(seen.modules[1].container);
  ASSERT_EQ(seen.parameters.size(), 2u);
  EXPECT_EQ(seen.parameters[0].name, "embed.weight");
  EXPECT_EQ(seen.parameters[0].shape, (std::vector<int64_t>{5, 3}));
  EXPECT_EQ(seen.parameters[0].dtype, "bfloat16");
  EXPECT_FALSE(seen.parameters[0].shared_with.has_value());
  EXPECT_EQ(seen.parameters[1].name, "output.weight");
  EXPECT_EQ(seen.parameters[1].shared_with, "embed.weight");
}

TEST(DescribeTest, NamesDtypesAsPyTorchDoes) {
  EXPECT_EQ(DtypeName(at::kFloat), "float32");
  EXPECT_EQ(DtypeName(at::kHalf), "float16");
  EXPECT_EQ(DtypeName(at::kLong), "int64");
}

}  // namespace
}  // namespace fts::nn
