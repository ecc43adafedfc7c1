// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/match/pattern.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace fts {
namespace {

std::string CompileError(const std::string& pattern) {
  const auto compiled = Pattern::Compile(pattern);
  return compiled.ok() ? "" : std::string(compiled.status().message());
}

bool Match(const std::string& pattern, const std::string& text) {
  const auto compiled = Pattern::Compile(pattern);
  EXPECT_TRUE(compiled.ok()) << pattern << ": " << compiled.status();
  if (!compiled.ok()) return false;
  const auto hit = compiled->Match(text);
  EXPECT_TRUE(hit.ok()) << pattern << ": " << hit.status();
  return hit.ok() && *hit;
}

// What Python's own `re` said; testdata/make_pattern_cases.py wrote it.
TEST(PatternTable, AgreesWithPython) {
  std::ifstream file("fts/core/match/testdata/pattern_cases.jsonl");
  ASSERT_TRUE(file.good());
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  const auto names =
      nlohmann::json::parse(line)["names"].get<std::vector<std::string>>();
  int pairs = 0;
  int errors = 0;
  int failures = 0;
  while (std::getline(file, line) && failures < 200) {
    const auto row = nlohmann::json::parse(line);
    const std::string pattern = row["p"];
    const auto compiled = Pattern::Compile(pattern);
    if (row.contains("e")) {
      ++errors;
      const std::string want = row["e"];
      const std::string got =
          compiled.ok() ? "" : std::string(compiled.status().message());
      // Python gives some errors without a position; ours always have one.
      const bool placed = want.find(" at position ") != want.npos;
      if (placed ? got != want : got.rfind(want, 0) != 0) {
        ADD_FAILURE() << pattern << "\n  want: " << want << "\n  got:  " << got;
        ++failures;
      }
      continue;
    }
    if (!compiled.ok()) {
      ADD_FAILURE() << pattern << " is valid; got " << compiled.status();
      ++failures;
      continue;
    }
    const std::set<size_t> match = row["m"];
    const std::set<size_t> full = row["f"];
    for (size_t i = 0; i < names.size(); ++i) {
      const auto got = compiled->Match(names[i]);
      const auto got_full = compiled->FullMatch(names[i]);
      pairs += 2;
      if (!got.ok() || *got != (match.count(i) > 0) || !got_full.ok() ||
          *got_full != (full.count(i) > 0)) {
        ADD_FAILURE() << pattern << " on " << nlohmann::json(names[i])
                      << ": want " << match.count(i) << full.count(i) << " got "
                      << got.value_or(false) << got_full.value_or(false);
        ++failures;
      }
    }
  }
  EXPECT_GT(pairs, 250000);
  EXPECT_GT(errors, 800);
}

TEST(Pattern, MatchIsAnchoredAtTheStartOnly) {
  EXPECT_TRUE(Match("model.1", "model.10.w"));
  EXPECT_FALSE(Match("0.weight", "model.0.weight"));
  EXPECT_TRUE(Match("model.1.w", "modelX1.w"));
}

TEST(Pattern, FullMatchTakesTheWholeText) {
  const auto pattern = Pattern::Compile("a|ab");
  ASSERT_TRUE(pattern.ok());
  EXPECT_TRUE(*pattern->FullMatch("ab"));
  EXPECT_FALSE(*pattern->FullMatch("abc"));
  EXPECT_FALSE(*pattern->FullMatch("ab\n"));
}

TEST(Pattern, RefusesByNameWhatItCannotDo) {
  EXPECT_EQ(CompileError("a\\N{DIGIT ONE}"),
            "named characters \\N{...} are not supported (write \\uXXXX) at "
            "position 1");
  EXPECT_EQ(CompileError("(?i)\u00e9"),
            "characters beyond ASCII are not supported under flag 'i' (add "
            "flag 'a', or write both cases) at position 4");
  EXPECT_EQ(CompileError("\\ud800"),
            "surrogate characters are not supported at position 0");
  EXPECT_EQ(CompileError("(?P<\u00e9>a)"),
            "group names beyond ASCII are not supported at position 4");
  EXPECT_EQ(CompileError("(?t)a"), "flag 't' is not supported at position 2");
  EXPECT_EQ(CompileError("a{70000}"),
            "repeat counts above 65535 are not supported at position 1");
  EXPECT_EQ(CompileError(std::string(300, '(') + std::string(300, ')')),
            "groups nested more than 200 deep are not supported at position "
            "201");
  EXPECT_EQ(CompileError("\xff"), "the pattern is not valid UTF-8");
  EXPECT_EQ(CompileError(std::string(20000, 'a')),
            "the pattern has 20000 characters; at most 16384 are supported");
  EXPECT_EQ(CompileError("(?:(?:a{5000}){5000}){100}"),
            "not supported here: regular expression is too large");
}

TEST(Pattern, NestingUpToTheLimitWorks) {
  const std::string open(190, '(');
  const std::string close(190, ')');
  EXPECT_TRUE(Match(open + "a" + close, "a"));
  std::string repeated = "a";
  for (int i = 0; i < 190; ++i) repeated = "(?:" + repeated + ")*";
  EXPECT_TRUE(Match(repeated, "aaa"));
}

TEST(Pattern, RunawayBacktrackingIsAnErrorNotAHang) {
  for (const char* text :
       {"(a+)+$", "(a|a)*$", "(a?){40}a{40}(b|c)\\Z", "^(([a-z])+.)+[A-Z]$"}) {
    const auto pattern = Pattern::Compile(text);
    ASSERT_TRUE(pattern.ok());
    const auto hit = pattern->Match(std::string(60, 'a') + "!");
    ASSERT_FALSE(hit.ok()) << text;
    EXPECT_EQ(hit.status().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_NE(hit.status().message().find("backtracks too much"),
              std::string::npos);
  }
}

TEST(Pattern, LengthOfAMatch) {
  const auto length = [](const char* pattern, const char* text) {
    const auto compiled = Pattern::Compile(pattern);
    if (!compiled.ok()) return -2;
    const auto taken = compiled->MatchLength(text);
    if (!taken.ok()) return -3;
    return taken->has_value() ? static_cast<int>(**taken) : -1;
  };
  EXPECT_EQ(length("layers.1", "layers.10.w"), 8);
  EXPECT_EQ(length("layers.(1).*", "layers.10.w"), 11);  // with a capture
  EXPECT_EQ(length("layers.1(?=0)", "layers.10.w"), 8);
  EXPECT_EQ(length("", "layers"), 0);
  EXPECT_EQ(length("ayers", "layers"), -1);
}

TEST(Pattern, NamesMustBeUtf8) {
  const auto pattern = Pattern::Compile("a");
  ASSERT_TRUE(pattern.ok());
  EXPECT_EQ(pattern->Match("a\xff").status().message(),
            "the name is not valid UTF-8");
}

TEST(Pattern, EmbeddedNulIsOrdinary) {
  const std::string nul(1, '\0');
  EXPECT_TRUE(Match("a" + nul + "b", "a" + nul + "b"));
  EXPECT_FALSE(Match("a" + nul + "b", "a" + nul + "c"));
}

TEST(Pattern, SharedByThreads) {
  const auto pattern = Pattern::Compile("model\\.(layers|norm).*\\d$");
  ASSERT_TRUE(pattern.ok());
  std::vector<std::thread> threads;
  std::vector<int> hits(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const Pattern copy = *pattern;
      for (int i = 0; i < 500; ++i) {
        hits[t] +=
            *copy.Match("model.layers.3") && *copy.FullMatch("model.norm1");
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(hits, std::vector<int>(4, 500));
}

}  // namespace
}  // namespace fts
