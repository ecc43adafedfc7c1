// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/safetensors/dtype.h"

#include <gtest/gtest.h>

namespace fts::safetensors {
namespace {

TEST(DTypeTest, NamesGoBothWays) {
  for (const std::string& name : DTypeNames()) {
    const std::optional<DType> dtype = DTypeFromName(name);
    ASSERT_TRUE(dtype.has_value()) << name;
    EXPECT_EQ(NameOf(*dtype), name);
  }
  EXPECT_EQ(DTypeNames().size(), 15u);
  EXPECT_FALSE(DTypeFromName("F4").has_value());
  EXPECT_FALSE(DTypeFromName("").has_value());
  EXPECT_EQ(SizeOf(DType::kBF16), 2);
  EXPECT_EQ(SizeOf(DType::kF64), 8);
  EXPECT_EQ(SizeOf(DType::kF8E4M3), 1);
}

TEST(DTypeTest, ByteSizeKnowsItsLimits) {
  EXPECT_EQ(ByteSize(DType::kF32, {2, 3}), 24);
  EXPECT_EQ(ByteSize(DType::kF32, {}), 4);
  EXPECT_EQ(ByteSize(DType::kF32, {7, 0}), 0);
  EXPECT_EQ(ByteSize(DType::kU8, {int64_t{1} << 62}), int64_t{1} << 62);
  EXPECT_EQ(ByteSize(DType::kU16, {int64_t{1} << 62}), std::nullopt);
  EXPECT_EQ(ByteSize(DType::kU8, {-1}), std::nullopt);
  EXPECT_EQ(ByteSize(DType::kU8, {0, -1}), std::nullopt);
  EXPECT_EQ(ShapeToString({2, 3}), "[2, 3]");
  EXPECT_EQ(ShapeToString({}), "[]");
}

}  // namespace
}  // namespace fts::safetensors
