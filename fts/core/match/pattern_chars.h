// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The lowest level of the pattern translator: characters and character sets of
// Python's `re`, written so that PCRE2 (UTF and UCP on, caseless never on)
// takes exactly the same set. Part of pattern_translate; nothing else uses it.
// Threads: pure functions.
#ifndef FTS_CORE_MATCH_PATTERN_CHARS_H_
#define FTS_CORE_MATCH_PATTERN_CHARS_H_

#include <string>
#include <vector>

namespace fts::match_internal {

// Python's inline flags that change what an expression means.
struct Flags {
  bool ignore_case = false;  // i
  bool multiline = false;    // m
  bool dot_all = false;      // s
  bool verbose = false;      // x
  bool ascii = false;        // a
};

enum class Category { kDigit, kNotDigit, kSpace, kNotSpace, kWord, kNotWord };

// One member of a set: a category, or the characters lo..hi.
struct SetItem {
  bool is_category = false;
  Category category = Category::kDigit;
  char32_t lo = 0;
  char32_t hi = 0;
};

// False when `text` is not UTF-8.
bool DecodeUtf8(const std::string& text, std::u32string* out);
void AppendUtf8(char32_t c, std::string* out);

// Why the characters lo..hi cannot be had under these flags, or "".
// (Surrogates; characters beyond ASCII under IGNORECASE, whose case rules
// differ.)
std::string WhyNotSupported(char32_t lo, char32_t hi, const Flags& flags);

// Each writes one PCRE2 atom (a quantifier may follow it).
std::string EmitLiteral(char32_t c, const Flags& flags);
std::string EmitSet(const std::vector<SetItem>& items, bool negate,
                    const Flags& flags);
std::string EmitAnyChar(const Flags& flags);

// Each writes an assertion. `letter` is one of A Z b B ^ $.
std::string EmitAssertion(char letter, const Flags& flags);

}  // namespace fts::match_internal

#endif  // FTS_CORE_MATCH_PATTERN_CHARS_H_
