// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/base/source_location.h"

#include <gtest/gtest.h>

namespace fts {
namespace {

TEST(SourceLocation, PrintsWhatIsKnown) {
  EXPECT_EQ(SourceLocation().ToString(), "");
  EXPECT_FALSE(SourceLocation().known());
  EXPECT_EQ(MakeLocation("f.yaml").ToString(), "f.yaml");
  EXPECT_EQ(MakeLocation("f.yaml", 3).ToString(), "f.yaml:3");
  EXPECT_EQ(MakeLocation("f.yaml", 3, 5).ToString(), "f.yaml:3:5");
  EXPECT_TRUE(MakeLocation("f.yaml").known());
}

TEST(SourceLocation, ComparesByValue) {
  EXPECT_EQ(MakeLocation("a", 1, 2), MakeLocation("a", 1, 2));
  EXPECT_NE(MakeLocation("a", 1, 2), MakeLocation("b", 1, 2));
  EXPECT_NE(MakeLocation("a", 1, 2), MakeLocation("a", 1, 3));
  EXPECT_NE(MakeLocation("a"), SourceLocation());
  EXPECT_EQ(SourceLocation(), SourceLocation());
}

}  // namespace
}  // namespace fts
