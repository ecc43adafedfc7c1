// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/match/pattern_parser.h"

#include <cstring>

namespace fts::match_internal {
namespace {

bool IsDigit(char32_t c) { return c >= '0' && c <= '9'; }
bool IsOctal(char32_t c) { return c >= '0' && c <= '7'; }
bool IsLetter(char32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
int HexValue(char32_t c) {
  if (IsDigit(c)) return static_cast<int>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<int>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<int>(c - 'A' + 10);
  return -1;
}

bool IsIdentifier(const std::string& name) {
  if (name.empty() || IsDigit(name[0])) return false;
  for (char c : name) {
    if (!IsLetter(c) && !IsDigit(c) && c != '_') return false;
  }
  return true;
}

bool HasNonAscii(const std::string& text) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) > 0x7f) return true;
  }
  return false;
}

}  // namespace

PatternParser::PatternParser(std::u32string text) : text_(std::move(text)) {
  Seek(0);
}

// Python reads one token ahead, so a lone backslash at the end is found as soon
// as it is next.
void PatternParser::Seek(int position) {
  at_ = position;
  if (at_ + 1 == text_.size() && text_[at_] == '\\') {
    Fail("bad escape (end of pattern)", position);
    at_ = text_.size();
  }
}

char32_t PatternParser::GetRaw() {
  const char32_t c = text_[at_];
  Seek(pos() + 1);
  return c;
}

bool PatternParser::Accept(char32_t c) {
  if (!Next(c)) return false;
  Seek(pos() + 1);
  return true;
}

Token PatternParser::Get() {
  Token token;
  token.c = text_[at_];
  token.escaped = token.c == '\\';
  if (token.escaped) token.c = text_[at_ + 1];
  Seek(pos() + token.size());
  return token;
}

void PatternParser::ReadDigits(std::string* out) {
  while (!AtEnd() && IsDigit(text_[at_])) *out += static_cast<char>(GetRaw());
}

bool PatternParser::IsRepeat(char32_t c) {
  return c == '*' || c == '+' || c == '?' || c == '{';
}

std::string PatternParser::Show(const Token& token) {
  std::string out = token.escaped ? "\\" : "";
  AppendUtf8(token.c, &out);
  return out;
}

bool PatternParser::Fail(const std::string& message, int position) {
  if (error_.empty()) {
    error_ = message + " at position " + std::to_string(position);
  }
  return false;
}

bool PatternParser::ReadEscape(char32_t c, bool in_set, Escape* out) {
  if (failed()) return false;
  out->kind = Escape::kLiteral;
  const char* const categories = "dDsSwW";
  if (IsLetter(c) && std::strchr(categories, static_cast<int>(c))) {
    out->kind = Escape::kCategory;
    switch (c) {
      case 'd':
        out->category = Category::kDigit;
        break;
      case 'D':
        out->category = Category::kNotDigit;
        break;
      case 's':
        out->category = Category::kSpace;
        break;
      case 'S':
        out->category = Category::kNotSpace;
        break;
      case 'w':
        out->category = Category::kWord;
        break;
      default:
        out->category = Category::kNotWord;
        break;
    }
    return true;
  }
  if (!in_set && (c == 'A' || c == 'Z' || c == 'b' || c == 'B')) {
    out->kind = Escape::kAssertion;
    out->c = c;
    return true;
  }
  switch (c) {
    case 'a':
      out->c = 0x07;
      return true;
    case 'b':
      out->c = 0x08;
      return true;
    case 'f':
      out->c = 0x0c;
      return true;
    case 'n':
      out->c = 0x0a;
      return true;
    case 'r':
      out->c = 0x0d;
      return true;
    case 't':
      out->c = 0x09;
      return true;
    case 'v':
      out->c = 0x0b;
      return true;
    case 'x':
      return ReadHex(c, 2, out);
    case 'u':
      return ReadHex(c, 4, out);
    case 'U':
      return ReadHex(c, 8, out);
    case 'N':
      return Fail("named characters \\N{...} are not supported (write \\uXXXX)",
                  pos() - 2);
    default:
      break;
  }
  if (IsDigit(c)) return ReadNumber(c, in_set, out);
  if (IsLetter(c)) return Fail("bad escape " + Show({c, true}), pos() - 2);
  out->c = c;
  return true;
}

bool PatternParser::ReadHex(char32_t letter, int digits, Escape* out) {
  std::string shown = Show({letter, true});
  uint64_t value = 0;
  int count = 0;
  while (count < digits && !AtEnd() && HexValue(text_[at_]) >= 0) {
    value = value * 16 + HexValue(text_[at_]);
    shown += static_cast<char>(GetRaw());
    ++count;
  }
  const int start = pos() - count - 2;
  if (count < digits) return Fail("incomplete escape " + shown, start);
  if (value > 0x10ffff) return Fail("bad escape " + shown, start);
  out->c = static_cast<char32_t>(value);
  return true;
}

std::string PatternParser::ReadOctal(int most) {
  std::string out;
  while (most-- > 0 && !AtEnd() && IsOctal(text_[at_])) {
    out += static_cast<char>(GetRaw());
  }
  return out;
}

// A digit after a backslash: octal character or reference to a group.
bool PatternParser::ReadNumber(char32_t first, bool in_set, Escape* out) {
  std::string digits(1, static_cast<char>(first));
  const int start = pos() - 2;
  bool octal = false;
  if (in_set || first == '0') {
    if (!IsOctal(first)) return Fail("bad escape \\" + digits, start);
    digits += ReadOctal(2);
    octal = true;
  } else if (!AtEnd() && IsDigit(text_[at_])) {
    digits += static_cast<char>(GetRaw());
    if (IsOctal(digits[0]) && IsOctal(digits[1]) && !AtEnd() &&
        IsOctal(text_[at_])) {
      digits += static_cast<char>(GetRaw());
      octal = true;
    }
  }
  if (octal) {
    out->c = static_cast<char32_t>(std::stoi(digits, nullptr, 8));
    if (out->c > 0377) {
      return Fail(
          "octal escape value \\" + digits + " outside of range 0-0o377",
          start);
    }
    return true;
  }
  out->kind = Escape::kGroup;
  out->group = std::stoi(digits);
  if (out->group >= static_cast<int>(group_widths_.size())) {
    return Fail("invalid group reference " + digits, start + 1);
  }
  if (!group_widths_[out->group]) {
    return Fail("cannot refer to an open group", start);
  }
  return CheckLookBehindGroup(out->group);
}

bool PatternParser::ReadSet(int start, const Flags& flags, std::string* out) {
  const bool negate = Accept('^');
  std::vector<SetItem> items;
  for (;;) {
    if (failed()) return false;
    if (AtEnd()) return Fail("unterminated character set", start);
    if (!items.empty() && Accept(']')) break;
    if (!ReadSetItem(flags, start, &items)) return false;
  }
  *out = EmitSet(items, negate, flags);
  return true;
}

// One character, category or range; "x-]" leaves the bracket to the caller.
bool PatternParser::ReadSetItem(const Flags& flags, int start,
                                std::vector<SetItem>* items) {
  auto read = [&](const Token& token, SetItem* item) {
    if (!token.escaped) {
      item->lo = item->hi = token.c;
      return true;
    }
    Escape escape;
    if (!ReadEscape(token.c, /*in_set=*/true, &escape)) return false;
    item->is_category = escape.kind == Escape::kCategory;
    item->category = escape.category;
    item->lo = item->hi = escape.c;
    return true;
  };
  auto add = [&](const SetItem& item, int at) {
    if (!item.is_category) {
      const std::string why = WhyNotSupported(item.lo, item.hi, flags);
      if (!why.empty()) return Fail(why, at);
    }
    items->push_back(item);
    return true;
  };
  const int here = pos();
  const Token from = Get();
  SetItem item;
  if (failed() || !read(from, &item)) return false;
  if (!Accept('-')) return add(item, here);
  if (AtEnd()) return Fail("unterminated character set", start);
  if (Next(']')) {
    SetItem dash;
    dash.lo = dash.hi = '-';
    return add(item, here) && add(dash, here);
  }
  const Token to = Get();
  SetItem last;
  if (failed() || !read(to, &last)) return false;
  if (item.is_category || last.is_category || last.lo < item.lo) {
    return Fail("bad character range " + Show(from) + "-" + Show(to),
                pos() - from.size() - 1 - to.size());
  }
  item.hi = last.lo;
  return add(item, here);
}

bool PatternParser::IsFlag(char32_t c) {
  return c != 0 && c < 0x80 && std::strchr("iLmsxatu", static_cast<int>(c));
}

bool PatternParser::ReadFlags(Token token, Flags* flags, bool* global) {
  std::string on;
  std::string off;
  auto is = [&](char32_t c) { return !token.escaped && token.c == c; };
  auto unknown = [&](const char* otherwise) {
    // Close to str.isalpha(); only the choice of message hangs on it.
    const bool letter = !token.escaped && (IsLetter(token.c) || token.c > 0x7f);
    return Fail(letter ? "unknown flag" : otherwise, pos() - token.size());
  };
  while (!is('-') && !is(')') && !is(':')) {
    if (token.escaped || !IsFlag(token.c)) return unknown("missing -, : or )");
    const char c = static_cast<char>(token.c);
    if (c == 'L') {
      return Fail("bad inline flags: cannot use 'L' flag with a str pattern",
                  pos());
    }
    if (c == 't') return Fail("flag 't' is not supported", pos() - 1);
    on += c;
    if (on.find('a') != on.npos && on.find('u') != on.npos) {
      return Fail("bad inline flags: flags 'a', 'u' and 'L' are incompatible",
                  pos());
    }
    if (AtEnd()) return Fail("missing -, : or )", pos());
    token = Get();
  }
  *global = is(')');
  if (is('-')) {
    if (AtEnd()) return Fail("missing flag", pos());
    token = Get();
    if (token.escaped || !IsFlag(token.c)) return unknown("missing flag");
    while (!is(':')) {
      if (token.escaped || !IsFlag(token.c)) return unknown("missing :");
      if (is('a') || is('u') || is('L')) {
        return Fail("bad inline flags: cannot turn off flags 'a', 'u' and 'L'",
                    pos());
      }
      if (is('t')) return Fail("flag 't' is not supported", pos() - 1);
      off += static_cast<char>(token.c);
      if (AtEnd()) return Fail("missing :", pos());
      token = Get();
    }
  }
  if (on.find_first_of(off) != on.npos) {
    return Fail("bad inline flags: flag turned on and off", pos() - 1);
  }
  for (const bool turn_on : {true, false}) {
    for (char c : turn_on ? on : off) {
      if (c == 'i') flags->ignore_case = turn_on;
      if (c == 'm') flags->multiline = turn_on;
      if (c == 's') flags->dot_all = turn_on;
      if (c == 'x') flags->verbose = turn_on;
      if (c == 'a') flags->ascii = true;
      if (c == 'u') flags->ascii = false;
    }
  }
  if (*global) {
    saw_ascii_ |= on.find('a') != on.npos;
    saw_unicode_ |= on.find('u') != on.npos;
    if (saw_ascii_ && saw_unicode_) {
      return Fail("ASCII and UNICODE flags are incompatible", pos());
    }
  }
  return !failed();
}

bool PatternParser::ReadNameText(char32_t terminator, std::string* out) {
  const int start = pos();
  while (!AtEnd()) {
    const Token token = Get();
    if (failed()) return false;
    if (!token.escaped && token.c == terminator) {
      if (out->empty()) return Fail("missing group name", pos() - 1);
      return true;
    }
    *out += Show(token);
  }
  if (out->empty()) return Fail("missing group name", pos());
  std::string closing;
  AppendUtf8(terminator, &closing);
  return Fail("missing " + closing + ", unterminated name", start);
}

bool PatternParser::ReadGroupName(char32_t terminator, std::string* out) {
  const int start = pos();
  if (!ReadNameText(terminator, out)) return false;
  if (IsIdentifier(*out)) return true;
  if (HasNonAscii(*out)) {
    return Fail("group names beyond ASCII are not supported", start);
  }
  return Fail("bad character in group name '" + *out + "'", start);
}

bool PatternParser::ReadConditionGroup(int* out) {
  const int start = pos();
  std::string name;
  if (!ReadNameText(')', &name)) return false;
  if (IsIdentifier(name)) {
    const auto found = group_names_.find(name);
    if (found == group_names_.end()) {
      return Fail("unknown group name '" + name + "'", start);
    }
    *out = found->second;
    return true;
  }
  if (HasNonAscii(name)) {
    return Fail("group names beyond ASCII are not supported", start);
  }
  int value = 0;
  for (char c : name) {
    if (!IsDigit(c)) {
      return Fail("bad character in group name '" + name + "'", start);
    }
    if (value > 1000000) {
      return Fail("invalid group reference " + name, start);
    }
    value = value * 10 + (c - '0');
  }
  if (value == 0) return Fail("bad group number", start);
  later_refs_.emplace(value, start);
  *out = value;
  return true;
}

bool PatternParser::CheckLookBehindGroup(int group) {
  if (lookbehind_groups_ < 0) return true;
  if (group >= static_cast<int>(group_widths_.size()) ||
      !group_widths_[group]) {
    return Fail("cannot refer to an open group", pos());
  }
  if (group >= lookbehind_groups_) {
    return Fail(
        "cannot refer to group defined in the same lookbehind subpattern",
        pos());
  }
  return true;
}

}  // namespace fts::match_internal
