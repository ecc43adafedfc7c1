// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/match/name_matcher.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fts/core/match/codes.h"
#include "fts/core/match/pattern_prefix.h"

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

// Trying every name gives the same: over the table of patterns, of which many
// begin with odd things.
TEST(NameMatcher, PassingNamesOverLosesNone) {
  std::ifstream file("fts/core/match/testdata/pattern_cases.jsonl");
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  const auto names =
      nlohmann::json::parse(line)["names"].get<std::vector<std::string>>();
  const NameMatcher matcher(names);
  int narrowed = 0;
  while (std::getline(file, line)) {
    const auto row = nlohmann::json::parse(line);
    const std::string pattern = row["p"];
    if (row.contains("e")) continue;
    narrowed += match_internal::PatternPrefix::Of(pattern).size() > 0;
    const auto match = matcher.Find(pattern);
    const auto full = matcher.Find(pattern, MatchRule::kFull);
    ASSERT_TRUE(match.ok() && full.ok()) << pattern;
    if (match->exact) continue;
    EXPECT_EQ(match->indices, row["m"].get<Indices>()) << pattern;
    EXPECT_EQ(full->indices, row["f"].get<Indices>()) << pattern;
  }
  EXPECT_GT(narrowed, 200);
}

TEST(NameMatcher, AnyCharacterMayBeSeveralBytes) {
  const NameMatcher matcher({"m\u00e91", "m.1", "m\n1", "m2", "mx10", "m"});
  EXPECT_EQ(matcher.Find("m.1")->indices, Indices{1});  // exact
  EXPECT_EQ(matcher.Find("m.1.*")->indices, (Indices{0, 1, 4}));
}

TEST(PatternPrefix, HoldsSingleCharactersFromTheStart) {
  const auto size = [](const std::string& re) {
    return match_internal::PatternPrefix::Of(re).size();
  };
  EXPECT_EQ(size("model.layers.3"), 14u);
  EXPECT_EQ(size("^model\\.norm$"), 10u);
  EXPECT_EQ(size("model.[0-9]"), 6u);
  EXPECT_EQ(size("ab+"), 2u);
  for (const char* one : {"ab*", "ab?", "ab{2}", "a.*", "a(b)", "a\\d", "a$",
                          "a[|]b", "a(?:b|c)"}) {
    EXPECT_EQ(size(one), 1u) << one;
  }
  for (const char* none : {"", "a|b", "(?i)ab", "(?x)a b", "(?#c)ab", "a*",
                           ".*", "(a|b)c", "a[|]b|c", "\u00e9a"}) {
    EXPECT_EQ(size(none), 0u) << none;
  }
}

TEST(NameMatcher, AnExactNameNeedsNoValidPattern) {
  const NameMatcher odd({"layer(0", "x"});
  EXPECT_EQ(odd.Find("layer(0")->indices, Indices{0});
}

}  // namespace
}  // namespace fts
