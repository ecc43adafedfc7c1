// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/match/pattern_chars.h"

#include <gtest/gtest.h>

namespace fts::match_internal {
namespace {

Flags IgnoreCase() {
  Flags flags;
  flags.ignore_case = true;
  return flags;
}

TEST(PatternChars, LiteralsAreNeverSyntax) {
  EXPECT_EQ(EmitLiteral('a', {}), "a");
  EXPECT_EQ(EmitLiteral('.', {}), "\\x{2e}");
  EXPECT_EQ(EmitLiteral(0x4e2d, {}), "\\x{4e2d}");
}

TEST(PatternChars, CaseIsWrittenOut) {
  EXPECT_EQ(EmitLiteral('b', IgnoreCase()), "[bB]");
  EXPECT_EQ(EmitLiteral('K', IgnoreCase()), "[Kk\\x{212a}]");
  Flags ascii = IgnoreCase();
  ascii.ascii = true;
  EXPECT_EQ(EmitLiteral('K', ascii), "[Kk]");
  SetItem range;
  range.lo = 'X';
  range.hi = 'b';
  EXPECT_EQ(EmitSet({range}, true, IgnoreCase()), "[^X-bA-Bx-z]");
}

TEST(PatternChars, SaysWhatIsNotSupported) {
  EXPECT_EQ(WhyNotSupported('a', 'z', IgnoreCase()), "");
  EXPECT_EQ(WhyNotSupported(0xe9, 0xe9, {}), "");
  EXPECT_NE(WhyNotSupported(0xe9, 0xe9, IgnoreCase()), "");
  EXPECT_NE(WhyNotSupported(0xd800, 0xd800, {}), "");
}

TEST(PatternChars, Utf8RoundTripsAndRejects) {
  const std::string text = "a\u00e9\u4e2d\U0001f600";
  std::u32string decoded;
  ASSERT_TRUE(DecodeUtf8(text, &decoded));
  ASSERT_EQ(decoded.size(), 4u);
  std::string again;
  for (char32_t c : decoded) AppendUtf8(c, &again);
  EXPECT_EQ(again, text);
  for (const char* bad : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xe4\xb8",
                          "\xf4\x90\x80\x80", "\x80", "\xe0\x80\x80"}) {
    EXPECT_FALSE(DecodeUtf8(bad, &decoded)) << bad;
  }
}

}  // namespace
}  // namespace fts::match_internal
