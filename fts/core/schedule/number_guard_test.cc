// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/schedule/number_guard.h"

#include <gtest/gtest.h>

#include <string>

#include "fts/core/match/pattern.h"

namespace fts {
namespace {

TEST(NumberGuard, BehindNumbersThatMayGoOn) {
  const struct {
    const char* pattern;
    const char* guarded;
    const char* dotted;
  } cases[] = {
      {"layers.1", "layers.1(?!\\d)", "layers.1\\."},
      {"layers.1.*", "layers.1(?!\\d).*", "layers.1\\..*"},
      {"layers.12.w", "layers.12(?!\\d).w", "layers.12\\.w"},
      {"(1|2).*", "(1(?!\\d)|2(?!\\d)).*", "(1|2)\\..*"},
      {"(1|(a|2)).", "(1(?!\\d)|(a|2(?!\\d))).", "(1|(a|2))\\."},
      {"a[01].*", "a[01](?!\\d).*", "a[01]\\..*"},
      {"1|x", "1(?!\\d)|x", "1|x\\."},
      {"layers.1\\d", "layers.1\\d", "layers.1\\d"},
      {"layers.1\\..*", "layers.1\\..*", "layers.1\\..*"},
      {"layers.1$", "layers.1$", "layers.1$"},
      {"layers.1[0-9].*", "layers.1[0-9].*", "layers.1[0-9].*"},
      {"layers.\\d.*", "layers.\\d.*", "layers.\\d.*"},
      {"w1{2,3}.a", "w1{2,3}.a", "w1{2,3}.a"},
      {"(1|2)0.*", "(1|2)0(?!\\d).*", "(1|2)0\\..*"},
      {"\\1.", "\\1.", "\\1."},
      {"[^\\]1].", "[^\\]1].", "[^\\]1]."},
      {"", "", ""},
      {"[1", "[1", "[1"},
      {"1\\", "1\\", "1\\"},
  };
  for (const auto& c : cases) {
    const NumberGuard guard = GuardNumbers(c.pattern);
    EXPECT_EQ(guard.guarded, c.guarded) << c.pattern;
    EXPECT_EQ(guard.dotted, c.dotted) << c.pattern;
  }
}

TEST(NumberGuard, TakesTheSameNamesButLongerNumbers) {
  const auto takes = [](const std::string& pattern, const char* name) {
    const auto compiled = Pattern::Compile(pattern);
    return compiled.ok() && compiled->Match(name).value_or(false);
  };
  for (const char* pattern : {"l.1.*", "l.1", "l.(1|2).*", "l.[12].w"}) {
    const NumberGuard guard = GuardNumbers(pattern);
    EXPECT_TRUE(takes(guard.guarded, "l.1.w")) << pattern;
    EXPECT_TRUE(takes(guard.dotted, "l.1.w")) << pattern;
    EXPECT_TRUE(takes(pattern, "l.10w")) << pattern;
    EXPECT_FALSE(takes(guard.guarded, "l.10w")) << pattern;
    EXPECT_FALSE(takes(guard.dotted, "l.10w")) << pattern;
  }
}

}  // namespace
}  // namespace fts
