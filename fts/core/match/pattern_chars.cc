// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/match/pattern_chars.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace fts::match_internal {
namespace {

bool IsAsciiWord(char32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
         (c >= 'a' && c <= 'z') || c == '_';
}

std::string EmitChar(char32_t c) {
  if (IsAsciiWord(c)) return std::string(1, static_cast<char>(c));
  char buffer[16];
  std::snprintf(buffer, sizeof(buffer), "\\x{%x}", static_cast<unsigned>(c));
  return buffer;
}

std::string EmitRange(char32_t lo, char32_t hi) {
  if (lo == hi) return EmitChar(lo);
  return EmitChar(lo) + "-" + EmitChar(hi);
}

// str.isspace(): PCRE2's own \s lacks U+001C..1F and has U+180E.
constexpr char kUnicodeSpace[] =
    "\\x{9}-\\x{d}\\x{1c}-\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}"
    "\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}";
constexpr char kUnicodeNotSpace[] =
    "\\x{0}-\\x{8}\\x{e}-\\x{1b}\\x{21}-\\x{84}\\x{86}-\\x{9f}"
    "\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}"
    "\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}"
    "\\x{3001}-\\x{10ffff}";
constexpr char kAsciiWord[] = "0-9A-Z_a-z";

// The category as the inside of a PCRE2 class.
const char* CategoryText(Category category, bool ascii) {
  switch (category) {
    case Category::kDigit:
      return ascii ? "0-9" : "\\d";
    case Category::kNotDigit:
      return ascii ? "\\x{0}-\\x{2f}\\x{3a}-\\x{10ffff}" : "\\D";
    case Category::kSpace:
      return ascii ? "\\x{9}-\\x{d}\\x{20}" : kUnicodeSpace;
    case Category::kNotSpace:
      return ascii ? "\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{10ffff}"
                   : kUnicodeNotSpace;
    case Category::kWord:
      return ascii ? kAsciiWord : "\\w";
    case Category::kNotWord:
      return ascii ? "\\x{0}-\\x{2f}\\x{3a}-\\x{40}\\x{5b}-\\x{5e}\\x{60}"
                     "\\x{7b}-\\x{10ffff}"
                   : "\\W";
  }
  return "";
}

// The characters beyond ASCII that Python's IGNORECASE takes for an ASCII
// letter, when the pattern is Unicode.
const char* UnicodePartners(char lower) {
  switch (lower) {
    case 'i':
      return "\\x{130}\\x{131}";
    case 'k':
      return "\\x{212a}";
    case 's':
      return "\\x{17f}";
    default:
      return "";
  }
}

// The range and, under IGNORECASE, the other case of the letters in it.
std::string EmitRangeCased(char32_t lo, char32_t hi, const Flags& flags) {
  std::string out = EmitRange(lo, hi);
  if (!flags.ignore_case) return out;
  for (char base : {'a', 'A'}) {
    const char32_t first = std::max<char32_t>(lo, base);
    const char32_t last = std::min<char32_t>(hi, base + 25);
    if (first > last) continue;
    const int to_other = base == 'a' ? -32 : 32;
    out += EmitRange(first + to_other, last + to_other);
    if (flags.ascii) continue;
    for (char lower : {'i', 'k', 's'}) {
      const char32_t here = base == 'a' ? lower : lower - 32;
      if (here >= first && here <= last) out += UnicodePartners(lower);
    }
  }
  return out;
}

}  // namespace

bool DecodeUtf8(const std::string& text, std::u32string* out) {
  out->clear();
  for (size_t i = 0; i < text.size();) {
    const uint8_t lead = text[i];
    int extra = 0;
    char32_t c = lead;
    if (lead >= 0xf0 && lead <= 0xf4) {
      extra = 3;
      c = lead & 0x07;
    } else if (lead >= 0xe0 && lead < 0xf0) {
      extra = 2;
      c = lead & 0x0f;
    } else if (lead >= 0xc2 && lead < 0xe0) {
      extra = 1;
      c = lead & 0x1f;
    } else if (lead >= 0x80) {
      return false;
    }
    if (text.size() - i <= static_cast<size_t>(extra)) return false;
    for (int k = 1; k <= extra; ++k) {
      const uint8_t next = text[i + k];
      if ((next & 0xc0) != 0x80) return false;
      c = (c << 6) | (next & 0x3f);
    }
    const bool overlong =
        (extra == 2 && c < 0x800) || (extra == 3 && c < 0x10000);
    if (overlong || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return false;
    out->push_back(c);
    i += extra + 1;
  }
  return true;
}

void AppendUtf8(char32_t c, std::string* out) {
  if (c < 0x80) {
    *out += static_cast<char>(c);
  } else if (c < 0x800) {
    *out += static_cast<char>(0xc0 | (c >> 6));
    *out += static_cast<char>(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    *out += static_cast<char>(0xe0 | (c >> 12));
    *out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    *out += static_cast<char>(0x80 | (c & 0x3f));
  } else {
    *out += static_cast<char>(0xf0 | (c >> 18));
    *out += static_cast<char>(0x80 | ((c >> 12) & 0x3f));
    *out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    *out += static_cast<char>(0x80 | (c & 0x3f));
  }
}

std::string WhyNotSupported(char32_t lo, char32_t hi, const Flags& flags) {
  const bool low_surrogate = lo >= 0xd800 && lo < 0xe000;
  const bool high_surrogate = hi >= 0xd800 && hi < 0xe000;
  if (low_surrogate || high_surrogate) {
    return "surrogate characters are not supported";
  }
  if (hi > 0x7f && flags.ignore_case && !flags.ascii) {
    return "characters beyond ASCII are not supported under flag 'i' "
           "(add flag 'a', or write both cases)";
  }
  return "";
}

std::string EmitLiteral(char32_t c, const Flags& flags) {
  const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  if (!flags.ignore_case || !letter) return EmitChar(c);
  return "[" + EmitRangeCased(c, c, flags) + "]";
}

std::string EmitSet(const std::vector<SetItem>& items, bool negate,
                    const Flags& flags) {
  std::string out = negate ? "[^" : "[";
  for (const SetItem& item : items) {
    out += item.is_category ? CategoryText(item.category, flags.ascii)
                            : EmitRangeCased(item.lo, item.hi, flags);
  }
  return out + "]";
}

std::string EmitAnyChar(const Flags& flags) {
  return flags.dot_all ? "[\\x{0}-\\x{10ffff}]" : "[^\\x{a}]";
}

std::string EmitAssertion(char letter, const Flags& flags) {
  // Under flag a: a boundary is where exactly one side is an ASCII word
  // character.
  static const std::string word = std::string("[") + kAsciiWord + "]";
  static const std::string both = "(?<=" + word + ")(?=" + word + ")";
  static const std::string neither = "(?<!" + word + ")(?!" + word + ")";
  switch (letter) {
    case 'A':
      return "\\A";
    case 'Z':  // Python's \Z is the very end, PCRE2's is not
      return "\\z";
    case '^':  // PCRE2's own multiline ^ skips a newline that ends the text
      return flags.multiline ? "(?<![^\\x{a}])" : "\\A";
    case '$':
      return flags.multiline ? "(?![^\\x{a}])" : "(?=\\x{a}?\\z)";
    case 'b':
      return flags.ascii ? "(?!" + both + "|" + neither + ")" : "\\b";
    default:  // B; Python's never matches in an empty text
      return "(?!\\A\\z)" +
             (flags.ascii ? "(?:" + both + "|" + neither + ")" : "\\B");
  }
}

}  // namespace fts::match_internal
