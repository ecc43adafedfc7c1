// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A recursive-descent parser over tokens (a character, or a backslash with the
// character after it). Each production returns the PCRE2 text and the width
// that Python computes for it. The first error ends the parse: every production
// returns false from then on. Tokens, escapes, sets and names are in
// pattern_parser.h.
#include "fts/core/match/pattern_translate.h"

#include <algorithm>
#include <utility>

#include "fts/core/match/pattern_parser.h"

namespace fts::match_internal {
namespace {

constexpr int kMaxNesting = 200;
constexpr size_t kMaxPatternChars = 16384;
constexpr uint64_t kMaxRepeat = 65535;             // PCRE2's limit
constexpr uint64_t kPythonMaxRepeat = 4294967295;  // Python's

class Translator : public PatternParser {
 public:
  explicit Translator(std::u32string text) : PatternParser(std::move(text)) {}

  bool Run(std::string* out) {
    Piece all;
    if (!Alternation(Flags{}, 0, &all)) return false;
    if (!AtEnd()) return Fail("unbalanced parenthesis", pos());
    for (const auto& [group, position] : later_refs_) {
      if (group > static_cast<int>(group_widths_.size()) - 1) {
        return Fail("invalid group reference " + std::to_string(group),
                    position);
      }
    }
    if (lookbehind_error_ >= 0) {
      return Fail("look-behind requires fixed-width pattern",
                  lookbehind_error_);
    }
    *out = std::move(all.text);
    return true;
  }

 private:
  // What a production gives: text and width, and for the last item of a
  // sequence what may follow it.
  struct Piece {
    enum Kind { kNone, kAtom, kGroup, kAssertion, kRepeat };
    std::string text;
    Width width;
    Kind kind = kNone;
  };

  // a|b|c
  bool Alternation(Flags flags, int nesting, Piece* out) {
    if (nesting > kMaxNesting) {
      return Fail("groups nested more than 200 deep are not supported", pos());
    }
    Piece branch;
    if (!Sequence(&flags, nesting, nesting == 0, &branch)) return false;
    *out = std::move(branch);
    while (Accept('|')) {
      if (!Sequence(&flags, nesting, false, &branch)) return false;
      out->text += '|';
      out->text += branch.text;
      out->width.lo = std::min(out->width.lo, branch.width.lo);
      out->width.hi = std::max(out->width.hi, branch.width.hi);
    }
    return true;
  }

  // Items up to '|' , ')' or the end. Global flags (allowed when `first` and
  // nothing came before) are added to *flags.
  bool Sequence(Flags* flags, int nesting, bool first, Piece* out) {
    std::string text;
    Width width;
    Piece last;
    auto flush = [&] {
      text += last.text;
      width = width + last.width;
      last = Piece();
    };
    while (!AtEnd() && !Next('|') && !Next(')')) {
      const int here = pos();
      const Token token = Get();
      if (flags->verbose && SkipVerbose(token)) continue;
      if (!token.escaped && IsRepeat(token.c)) {
        bool literal = false;
        if (!Repeat(token, here, &last, &literal)) return false;
        if (!literal) continue;
        flush();
        last = Literal(token.c, *flags);
        continue;
      }
      if (!token.escaped && token.c == '(') {
        Piece group;
        bool skip = false;
        const bool empty = text.empty() && last.kind == Piece::kNone;
        if (!Group(flags, here, nesting, first && empty, &skip, &group)) {
          return false;
        }
        if (skip) continue;
        flush();
        last = std::move(group);
        continue;
      }
      flush();
      if (!Simple(token, here, *flags, &last)) return false;
    }
    if (failed()) return false;
    flush();
    out->text = std::move(text);
    out->width = width;
    return true;
  }

  bool SkipVerbose(const Token& token) {
    if (token.escaped) return false;
    if (token.c == ' ' || (token.c >= '\t' && token.c <= '\r')) return true;
    if (token.c != '#') return false;
    while (!AtEnd()) {
      const Token next = Get();
      if (!next.escaped && next.c == '\n') break;
    }
    return true;
  }

  Piece Literal(char32_t c, const Flags& flags) {
    Piece piece;
    piece.kind = Piece::kAtom;
    piece.text = EmitLiteral(c, flags);
    piece.width = {1, 1};
    return piece;
  }

  // Everything that is neither a quantifier nor a group.
  bool Simple(const Token& token, int here, const Flags& flags, Piece* out) {
    out->kind = Piece::kAtom;
    out->width = {1, 1};
    if (token.escaped) {
      Escape escape;
      if (!ReadEscape(token.c, /*in_set=*/false, &escape)) return false;
      switch (escape.kind) {
        case Escape::kAssertion:
          out->kind = Piece::kAssertion;
          out->width = {0, 0};
          out->text = EmitAssertion(static_cast<char>(escape.c), flags);
          return true;
        case Escape::kCategory: {
          SetItem item;
          item.is_category = true;
          item.category = escape.category;
          out->text = EmitSet({item}, false, flags);
          return true;
        }
        case Escape::kGroup:
          return GroupReference(escape.group, flags, out);
        case Escape::kLiteral:
          return LiteralChecked(escape.c, here, flags, out);
      }
    }
    switch (token.c) {
      case '.':
        out->text = EmitAnyChar(flags);
        return true;
      case '^':
      case '$':
        out->kind = Piece::kAssertion;
        out->width = {0, 0};
        out->text = EmitAssertion(static_cast<char>(token.c), flags);
        return true;
      case '[':
        return ReadSet(here, flags, &out->text);
      default:
        return LiteralChecked(token.c, here, flags, out);
    }
  }

  bool LiteralChecked(char32_t c, int here, const Flags& flags, Piece* out) {
    const std::string why = WhyNotSupported(c, c, flags);
    if (!why.empty()) return Fail(why, here);
    *out = Literal(c, flags);
    return true;
  }

  bool GroupReference(int group, const Flags& flags, Piece* out) {
    out->kind = Piece::kAtom;
    out->width = *group_widths_[group];
    out->text = (flags.ignore_case ? "(?i:\\g{" : "(?:\\g{") +
                std::to_string(group) + "})";
    return true;
  }

  // `token` is one of ? * + {. Applies it to *last, or says that a brace is
  // meant literally.
  bool Repeat(const Token& token, int here, Piece* last, bool* literal) {
    uint64_t min = token.c == '+' ? 1 : 0;
    uint64_t max = token.c == '?' ? 1 : kPythonMaxRepeat;
    const int after = pos();
    if (token.c == '{') {
      std::string lo, hi;
      if (Next('}')) {
        *literal = true;
        return true;
      }
      ReadDigits(&lo);
      if (Accept(',')) {
        ReadDigits(&hi);
      } else {
        hi = lo;
      }
      if (!Accept('}')) {
        if (failed()) return false;
        Seek(after);
        *literal = true;
        return true;
      }
      if (!lo.empty() && !ParseCount(lo, here, &min)) return false;
      if (!hi.empty() && !ParseCount(hi, here, &max)) return false;
      if (max < min) return Fail("min repeat greater than max repeat", after);
    }
    if (last->kind == Piece::kNone || last->kind == Piece::kAssertion) {
      return Fail("nothing to repeat", here);
    }
    if (last->kind == Piece::kRepeat) return Fail("multiple repeat", here);
    const bool unbounded = max == kPythonMaxRepeat;
    if (min > kMaxRepeat || (!unbounded && max > kMaxRepeat)) {
      return Fail("repeat counts above 65535 are not supported", here);
    }
    if (lookbehind_groups_ >= 0 && last->width.hi == 0) {
      return RepeatNothing(min, last);
    }
    std::string suffix = "{" + std::to_string(min) + ",";
    if (!unbounded) suffix += std::to_string(max);
    suffix += "}";
    if (Accept('?')) {
      suffix += "?";
    } else if (Accept('+')) {
      suffix += "+";
    }
    const bool wrap = last->kind == Piece::kGroup;
    last->text = wrap ? "(?:" + last->text + ")" + suffix : last->text + suffix;
    last->width.lo = Cap(last->width.lo * min);
    last->width.hi = unbounded ? (last->width.hi > 0 ? kMaxWidth : 0)
                               : Cap(last->width.hi * max);
    last->kind = Piece::kRepeat;
    return !failed();
  }

  // A repeated item without width, inside a look-behind: PCRE2 finds no fixed
  // length in `X{n,m}`, so it is written without the quantifier.
  bool RepeatNothing(uint64_t min, Piece* last) {
    const bool lazy = Accept('?');
    const bool possessive = !lazy && Accept('+');
    std::string inside = last->text;
    if (min == 0) inside = lazy ? "|" + inside : inside + "|";
    last->text = (possessive ? "(?>" : "(?:") + inside + ")";
    last->kind = Piece::kRepeat;
    return !failed();
  }

  bool ParseCount(const std::string& digits, int here, uint64_t* out) {
    uint64_t value = 0;
    for (char digit : digits) {
      value = value * 10 + (digit - '0');
      if (value >= kPythonMaxRepeat) {
        return Fail("the repetition number is too large", here);
      }
    }
    *out = value;
    return true;
  }

  // After '(' at `start`. `skip`: a comment or global flags, no item.
  bool Group(Flags* flags, int start, int nesting, bool first, bool* skip,
             Piece* out) {
    out->kind = Piece::kGroup;
    Flags inner = *flags;
    if (!Accept('?')) {
      return !failed() && Contents("(", "", inner, start, nesting, out);
    }
    if (AtEnd()) return Fail("unexpected end of pattern", pos());
    const Token token = Get();
    const char32_t c = token.escaped ? 0 : token.c;
    switch (c) {
      case 'P':
        return NamedForm(inner, start, nesting, out);
      case ':':
        return Body("(?:", inner, start, nesting, out);
      case '>':
        return Body("(?>", inner, start, nesting, out);
      case '#':
        *skip = true;
        while (!AtEnd()) {
          const Token next = Get();
          if (!next.escaped && next.c == ')') return true;
        }
        return Fail("missing ), unterminated comment", start);
      case '=':
        return Body("(?=", inner, start, nesting, out) && NoWidth(out);
      case '!':
        return Body("(?!", inner, start, nesting, out) && NoWidth(out);
      case '<':
        return LookBehind(inner, start, nesting, out);
      case '(':
        return Conditional(inner, start, nesting, out);
      default:
        break;
    }
    if (c != '-' && !IsFlag(c)) {
      const std::string shown = Show(token);
      return Fail("unknown extension ?" + shown, pos() - token.size() - 1);
    }
    bool global = false;
    if (!ReadFlags(token, &inner, &global)) return false;
    if (!global) return Body("(?:", inner, start, nesting, out);
    if (!first) {
      return Fail("global flags not at the start of the expression", start);
    }
    *flags = inner;
    *skip = true;
    return true;
  }

  bool NoWidth(Piece* piece) {
    piece->width = {0, 0};
    return true;
  }

  // The inside and the closing parenthesis of a group that captures nothing.
  bool Body(const char* open, const Flags& flags, int start, int nesting,
            Piece* out) {
    Piece inside;
    if (!Alternation(flags, nesting + 1, &inside)) return false;
    if (!Accept(')')) {
      return Fail("missing ), unterminated subpattern", start);
    }
    out->text = open + inside.text + ")";
    out->width = inside.width;
    return !failed();
  }

  // A capturing group, named or not.
  bool Contents(const char* open, const std::string& name, const Flags& flags,
                int start, int nesting, Piece* out) {
    const int group = static_cast<int>(group_widths_.size());
    if (!name.empty()) {
      const auto [it, inserted] = group_names_.emplace(name, group);
      if (!inserted) {
        return Fail("redefinition of group name '" + name + "' as group " +
                        std::to_string(group) + "; was group " +
                        std::to_string(it->second),
                    pos() - static_cast<int>(name.size()) - 1);
      }
    }
    group_widths_.emplace_back();
    if (!Body(open, flags, start, nesting, out)) return false;
    group_widths_[group] = out->width;
    return true;
  }

  // (?P<name>...) and (?P=name)
  bool NamedForm(const Flags& flags, int start, int nesting, Piece* out) {
    std::string name;
    if (Accept('<')) {
      return ReadGroupName('>', &name) &&
             Contents("(", name, flags, start, nesting, out);
    }
    if (Accept('=')) {
      if (!ReadGroupName(')', &name)) return false;
      const int at = pos() - static_cast<int>(name.size()) - 1;
      const auto found = group_names_.find(name);
      if (found == group_names_.end()) {
        return Fail("unknown group name '" + name + "'", at);
      }
      if (!group_widths_[found->second]) {
        return Fail("cannot refer to an open group", at);
      }
      return CheckLookBehindGroup(found->second) &&
             GroupReference(found->second, flags, out);
    }
    if (AtEnd()) return Fail("unexpected end of pattern", pos());
    const Token token = Get();
    return Fail("unknown extension ?P" + Show(token), pos() - token.size() - 2);
  }

  bool LookBehind(const Flags& flags, int start, int nesting, Piece* out) {
    if (AtEnd()) return Fail("unexpected end of pattern", pos());
    const Token token = Get();
    if (token.escaped || (token.c != '=' && token.c != '!')) {
      return Fail("unknown extension ?<" + Show(token),
                  pos() - token.size() - 2);
    }
    const int outer = lookbehind_groups_;
    if (outer < 0) lookbehind_groups_ = static_cast<int>(group_widths_.size());
    if (!Body(token.c == '=' ? "(?<=" : "(?<!", flags, start, nesting, out)) {
      return false;
    }
    lookbehind_groups_ = outer;
    // Python finds this only after the parse, when nothing else is wrong.
    if (out->width.lo != out->width.hi && lookbehind_error_ < 0) {
      lookbehind_error_ = start;
    }
    return NoWidth(out);
  }

  // (?(1)yes|no), (?(name)yes|no)
  bool Conditional(const Flags& flags, int start, int nesting, Piece* out) {
    if (nesting + 1 > kMaxNesting) {
      return Fail("groups nested more than 200 deep are not supported", pos());
    }
    int group = 0;
    if (!ReadConditionGroup(&group) || !CheckLookBehindGroup(group)) {
      return false;
    }
    Flags inner = flags;
    Piece yes;
    Piece no;
    if (!Sequence(&inner, nesting + 1, false, &yes)) return false;
    const bool has_no = Accept('|');
    if (has_no) {
      if (!Sequence(&inner, nesting + 1, false, &no)) return false;
      if (Next('|')) {
        return Fail("conditional backref with more than two branches", pos());
      }
    }
    if (!Accept(')')) {
      return Fail("missing ), unterminated subpattern", start);
    }
    out->text = "(?(" + std::to_string(group) + ")" + yes.text +
                (has_no ? "|" + no.text : "") + ")";
    out->width.lo = has_no ? std::min(yes.width.lo, no.width.lo) : 0;
    out->width.hi = std::max(yes.width.hi, no.width.hi);
    return !failed();
  }

  int lookbehind_error_ = -1;
};

}  // namespace

absl::StatusOr<std::string> TranslatePythonPattern(const std::string& pattern) {
  std::u32string text;
  if (!DecodeUtf8(pattern, &text)) {
    return absl::InvalidArgumentError("the pattern is not valid UTF-8");
  }
  if (text.size() > kMaxPatternChars) {
    return absl::InvalidArgumentError(
        "the pattern has " + std::to_string(text.size()) +
        " characters; at most " + std::to_string(kMaxPatternChars) +
        " are supported");
  }
  Translator translator(std::move(text));
  std::string out;
  if (!translator.Run(&out)) {
    return absl::InvalidArgumentError(translator.error());
  }
  return out;
}

}  // namespace fts::match_internal
