// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/config/paths.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace fts {
namespace {

TEST(Paths, RelativeToTheNamingFile) {
  const SourceLocation where = MakeLocation("conf/a.yaml", 3, 1);
  EXPECT_EQ(ResolvePath("m/b.yaml", where), "conf/m/b.yaml");
  EXPECT_EQ(ResolvePath("../b.yaml", where), "b.yaml");
  EXPECT_EQ(ResolvePath("/abs/b.yaml", where), "/abs/b.yaml");
  EXPECT_EQ(ResolvePath("b.yaml", MakeLocation("a.yaml", 1, 1)), "b.yaml");
}

TEST(Paths, TypedPathsFollowTheUsersDirectory) {
  unsetenv("BUILD_WORKING_DIRECTORY");
  EXPECT_EQ(UserPath("x.yaml"), "x.yaml");
  EXPECT_EQ(ResolvePath("x.yaml", {}), "x.yaml");
  setenv("BUILD_WORKING_DIRECTORY", "/home/u/p", 1);
  EXPECT_EQ(UserPath("x.yaml"), "/home/u/p/x.yaml");
  EXPECT_EQ(UserPath("/x.yaml"), "/x.yaml");
  EXPECT_EQ(UserPath(""), "");
  EXPECT_EQ(ResolvePath("../x.yaml", {}), "/home/u/x.yaml");
  EXPECT_EQ(ResolvePath("x", MakeLocation("conf/a.yaml")), "conf/x");
  unsetenv("BUILD_WORKING_DIRECTORY");
}

}  // namespace
}  // namespace fts
