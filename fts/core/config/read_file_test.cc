// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/config/read_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace fts {
namespace {

TEST(ReadTextFile, ReadsAndRefuses) {
  const std::string dir = std::getenv("TEST_TMPDIR");
  std::ofstream(dir + "/f", std::ios::binary) << std::string("a\0b", 3);
  std::string text;
  Diagnostics diags;
  EXPECT_TRUE(ReadTextFile(dir + "/f", 3, &text, &diags));
  EXPECT_EQ(text, std::string("a\0b", 3));
  EXPECT_TRUE(diags.ok());

  EXPECT_FALSE(ReadTextFile(dir + "/f", 2, &text, &diags));
  EXPECT_FALSE(ReadTextFile(dir, 2, &text, &diags));
  EXPECT_FALSE(
      ReadTextFile("no/such", 2, &text, &diags, MakeLocation("c.yaml", 3, 1)));
  EXPECT_EQ(diags.ToString(),
            "error: '" + dir + "/f' is longer than 2 bytes [yaml_limit]\n" +
                "error: cannot read '" + dir +
                "': it is a directory [unreadable_file]\n" +
                "c.yaml:3:1: error: cannot read 'no/such': no such file "
                "[missing_file]\n");
}

}  // namespace
}  // namespace fts
