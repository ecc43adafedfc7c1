// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What the pattern translator's grammar stands on: tokens, escapes, sets, flags
// and group names of Python's `re`, with Python's messages and positions.
// Part of pattern_translate; nothing else uses it.
// Threads: confined.
#ifndef FTS_CORE_MATCH_PATTERN_PARSER_H_
#define FTS_CORE_MATCH_PATTERN_PARSER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fts/core/match/pattern_chars.h"

namespace fts::match_internal {

// Fewest and most characters that an expression takes. Saturates.
struct Width {
  uint64_t lo = 0;
  uint64_t hi = 0;
};
inline constexpr uint64_t kMaxWidth = uint64_t{1} << 40;
inline uint64_t Cap(uint64_t width) {
  return width < kMaxWidth ? width : kMaxWidth;
}
inline Width operator+(Width a, Width b) {
  return {Cap(a.lo + b.lo), Cap(a.hi + b.hi)};
}

// A character, or a backslash with the character after it.
struct Token {
  char32_t c = 0;
  bool escaped = false;
  int size() const { return escaped ? 2 : 1; }
};

struct Escape {
  enum Kind { kLiteral, kCategory, kAssertion, kGroup };
  Kind kind = kLiteral;
  char32_t c = 0;  // the character, or the assertion's letter
  Category category = Category::kDigit;
  int group = 0;
};

// After an error every reader returns false; the first error is kept.
class PatternParser {
 public:
  const std::string& error() const { return error_; }

 protected:
  explicit PatternParser(std::u32string text);

  // ---- tokens
  bool AtEnd() const { return at_ >= text_.size(); }
  int pos() const { return static_cast<int>(at_); }
  void Seek(int position);
  bool Next(char32_t c) const { return !AtEnd() && text_[at_] == c; }
  bool Accept(char32_t c);
  Token Get();        // not at the end
  char32_t GetRaw();  // one character, where a backslash means nothing
  void ReadDigits(std::string* out);
  static bool IsRepeat(char32_t c);
  static std::string Show(const Token& token);

  // ---- errors; `position` counts characters from 0
  bool Fail(const std::string& message, int position);
  bool failed() const { return !error_.empty(); }

  // ---- escapes and sets; the backslash and `c`, or '[', have been read
  bool ReadEscape(char32_t c, bool in_set, Escape* out);
  bool ReadSet(int start, const Flags& flags, std::string* out);

  // ---- flags, after the first one (or '-') has been read
  static bool IsFlag(char32_t c);
  bool ReadFlags(Token token, Flags* flags, bool* global);

  // ---- groups
  bool ReadGroupName(char32_t terminator, std::string* out);
  bool ReadConditionGroup(int* out);
  bool CheckLookBehindGroup(int group);

  // Width of each group, absent while it is open; [0] is the whole.
  std::vector<std::optional<Width>> group_widths_ =
      std::vector<std::optional<Width>>(1);
  std::map<std::string, int> group_names_;
  // Groups that conditions name before they exist, with the place.
  std::map<int, int> later_refs_;
  // Number of the first group opened inside the outermost look-behind; -1:
  // none.
  int lookbehind_groups_ = -1;

 private:
  bool ReadSetItem(const Flags& flags, int start, std::vector<SetItem>* items);
  bool ReadHex(char32_t letter, int digits, Escape* out);
  bool ReadNumber(char32_t first, bool in_set, Escape* out);
  bool ReadNameText(char32_t terminator, std::string* out);
  std::string ReadOctal(int most);

  std::u32string text_;
  size_t at_ = 0;
  std::string error_;
  bool saw_ascii_ = false;
  bool saw_unicode_ = false;
};

}  // namespace fts::match_internal

#endif  // FTS_CORE_MATCH_PATTERN_PARSER_H_
