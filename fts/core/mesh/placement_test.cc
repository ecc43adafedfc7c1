// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/mesh/placement.h"

#include "gtest/gtest.h"

namespace fts {
namespace {

TEST(Placement, ComparesByKindAndDimension) {
  EXPECT_EQ(Placement::Shard(0), Placement::Shard(0));
  EXPECT_NE(Placement::Shard(0), Placement::Shard(1));
  EXPECT_NE(Placement::Shard(0), Placement::Replicate());
  EXPECT_NE(Placement::Partial(), Placement::Replicate());
}

TEST(Placement, Prints) {
  EXPECT_EQ(Placement::Shard(-1).ToString(), "Shard(-1)");
  EXPECT_EQ(ToString({Placement::Replicate(), Placement::Shard(1),
                      Placement::Partial()}),
            "[Replicate(), Shard(1), Partial()]");
}

TEST(Placement, ResolvesNegativeDimensions) {
  EXPECT_EQ(*Placement::Shard(-1).Resolve(2), Placement::Shard(1));
  EXPECT_EQ(*Placement::Shard(1).Resolve(2), Placement::Shard(1));
  EXPECT_EQ(*Placement::Replicate().Resolve(0), Placement::Replicate());
}

TEST(Placement, RefusesADimensionTheTensorLacks) {
  EXPECT_EQ(Placement::Shard(2).Resolve(2).status().message(),
            "Shard(2) names no dimension of a tensor with 2 dimensions");
  EXPECT_EQ(Placement::Shard(-2).Resolve(1).status().message(),
            "Shard(-2) names no dimension of a tensor with 1 dimension");
}

}  // namespace
}  // namespace fts
