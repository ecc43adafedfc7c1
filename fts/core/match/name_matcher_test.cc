// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/match/name_matcher.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fts/core/match/codes.h"

namespace fts {
namespace {

using Indices = std::vector<int>;

const NameMatcher& Names() {
  static const auto* const matcher = new NameMatcher(
      {"model.1.w", "model.10.w", "model.2.w", "model.1", "0.weight"});
  return *matcher;
}

TEST(NameMatcher, ExactNameTakesOnlyItself) {
  const auto match = Names().Find("model.1");
  ASSERT_TRUE(match.ok());
  EXPECT_TRUE(match->exact);
  EXPECT_EQ(match->indices, Indices{3});
}

TEST(NameMatcher, OtherEntriesMatchAPrefixInOrder) {
  const auto match = Names().Find("model.1.");
  ASSERT_TRUE(match.ok());
  EXPECT_FALSE(match->exact);
  EXPECT_EQ(match->indices, (Indices{0, 1}));
}

TEST(NameMatcher, FullRuleNeedsTheWholeName) {
  EXPECT_EQ(Names().Find("model.\\d", MatchRule::kFull)->indices, Indices{3});
  EXPECT_EQ(Names().Find("model.\\d")->indices, (Indices{0, 1, 2, 3}));
}

TEST(NameMatcher, NoMatchIsNoError) {
  const auto match = Names().Find("nope.*");
  ASSERT_TRUE(match.ok());
  EXPECT_TRUE(match->indices.empty());
}

TEST(NameMatcher, BadPatternsAndRunawayOnesHaveTheirCodes) {
  const auto bad = Names().Find("model.(");
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.status().message(),
            "missing ), unterminated subpattern at position 6");
  EXPECT_STREQ(NameMatcher::CodeOf(bad.status()), codes::kBadPattern);
  const NameMatcher long_names({std::string(60, 'a') + "!"});
  const auto runaway = long_names.Find("(a+)+$");
  ASSERT_FALSE(runaway.ok());
  EXPECT_STREQ(NameMatcher::CodeOf(runaway.status()), codes::kPatternLimit);
}

TEST(NameMatcher, AnExactNameNeedsNoValidPattern) {
  const NameMatcher odd({"layer(0", "x"});
  EXPECT_EQ(odd.Find("layer(0")->indices, Indices{0});
}

}  // namespace
}  // namespace fts
