// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/expression_lexer.h"

#include <cstdint>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"

namespace fts::optim {
namespace {

bool IsNameStart(char c) { return absl::ascii_isalpha(c) || c == '_'; }
bool IsNamePart(char c) { return absl::ascii_isalnum(c) || c == '_'; }

// What to write instead of something that Python's arithmetic does not have.
const char* Hint(char c) {
  switch (c) {
    case '^':
      return "; a power is **";
    case '=':
      return "; equality is ==";
    case '&':
      return "; write and";
    case '|':
      return "; write or";
    case '!':
      return "; write not, or !=";
    case '?':
      return "; write a if c else b";
    default:
      return "";
  }
}

class Lexer {
 public:
  Lexer(const std::string& text, size_t* offset)
      : text_(text), offset_(offset) {}

  absl::Status Run(std::vector<ExpressionToken>* tokens) {
    while (true) {
      while (at_ < text_.size() && absl::ascii_isspace(text_[at_])) ++at_;
      ExpressionToken token;
      token.offset = at_;
      if (at_ == text_.size()) {
        tokens->push_back(token);
        return absl::OkStatus();
      }
      const char c = text_[at_];
      if (absl::ascii_isdigit(c) || (c == '.' && IsDigit(at_ + 1))) {
        token.kind = ExpressionToken::Kind::kNumber;
        FTS_RETURN_IF_ERROR(Number(&token.number));
      } else if (IsNameStart(c)) {
        token.kind = ExpressionToken::Kind::kName;
        while (at_ < text_.size() && IsNamePart(text_[at_])) ++at_;
        token.text = text_.substr(token.offset, at_ - token.offset);
      } else {
        token.kind = ExpressionToken::Kind::kSymbol;
        FTS_RETURN_IF_ERROR(Symbol(&token.text));
      }
      tokens->push_back(token);
    }
  }

 private:
  bool IsDigit(size_t at) const {
    return at < text_.size() && absl::ascii_isdigit(text_[at]);
  }

  absl::Status Error(size_t at, const std::string& what) {
    *offset_ = at;
    return absl::InvalidArgumentError(what);
  }

  absl::Status Symbol(std::string* out) {
    for (const char* two : {"**", "//", "<=", ">=", "==", "!="}) {
      if (text_.compare(at_, 2, two) == 0) *out = two;
    }
    if (out->empty() && std::strchr("+-*/%()<>,.:", text_[at_]) != nullptr) {
      *out = text_.substr(at_, 1);
    }
    if (out->empty()) {
      const char c = text_[at_];
      const std::string shown = absl::ascii_isprint(c)
                                    ? absl::StrCat("'", std::string(1, c), "'")
                                    : "a byte that is no ASCII character";
      return Error(at_, absl::StrCat(shown, " is not possible", Hint(c)));
    }
    at_ += out->size();
    return absl::OkStatus();
  }

  // Digits with single underscores between them, without these. False when an
  // underscore is elsewhere, or no digit is there.
  bool Digits(int base, std::string* out) {
    bool digit_before = false;
    const size_t start = at_;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      const bool digit = base == 16  ? absl::ascii_isxdigit(c)
                         : base == 8 ? c >= '0' && c <= '7'
                         : base == 2 ? c == '0' || c == '1'
                                     : absl::ascii_isdigit(c);
      if (c == '_' && digit_before) {
        digit_before = false;
      } else if (digit) {
        digit_before = true;
        *out += c;
      } else {
        break;
      }
    }
    return at_ > start && digit_before;
  }

  // 0x…, 0o…, 0b… after the prefix.
  absl::Status Prefixed(int base, PythonNumber* out) {
    const size_t start = at_;
    at_ += 2;
    if (at_ < text_.size() && text_[at_] == '_') ++at_;
    std::string digits;
    if (!Digits(base, &digits)) return BadNumber(start);
    double real = 0;
    uint64_t integer = 0;
    for (char c : digits) {
      const int digit =
          absl::ascii_isdigit(c) ? c - '0' : absl::ascii_tolower(c) - 'a' + 10;
      real = real * base + digit;
      integer =
          integer * static_cast<uint64_t>(base) + static_cast<uint64_t>(digit);
    }
    *out = real < 9.2e18 ? PythonNumber::Int(static_cast<int64_t>(integer))
                         : PythonNumber::Float(real);
    return absl::OkStatus();
  }

  absl::Status BadNumber(size_t start) {
    while (at_ < text_.size() && (IsNamePart(text_[at_]) || text_[at_] == '.'))
      ++at_;
    return Error(start, absl::StrCat("'", text_.substr(start, at_ - start),
                                     "' is no number"));
  }

  absl::Status Number(PythonNumber* out) {
    const size_t start = at_;
    if (text_[at_] == '0' && at_ + 1 < text_.size()) {
      const char c = absl::ascii_tolower(text_[at_ + 1]);
      const int base = c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : 10;
      if (base != 10) {
        FTS_RETURN_IF_ERROR(Prefixed(base, out));
        return at_ < text_.size() && IsNamePart(text_[at_]) ? BadNumber(start)
                                                            : absl::OkStatus();
      }
    }
    std::string digits;
    bool real = false;
    if (text_[at_] != '.' && !Digits(10, &digits)) return BadNumber(start);
    const bool octal_like = digits.size() > 1 && digits[0] == '0' &&
                            digits.find_first_not_of('0') != std::string::npos;
    if (at_ < text_.size() && text_[at_] == '.') {
      real = true;
      digits += text_[at_++];
      if (at_ < text_.size() && text_[at_] == '_') return BadNumber(start);
      if (IsDigit(at_) && !Digits(10, &digits)) return BadNumber(start);
    }
    if (at_ < text_.size() && absl::ascii_tolower(text_[at_]) == 'e') {
      real = true;
      digits += text_[at_++];
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) {
        digits += text_[at_++];
      }
      if (!Digits(10, &digits)) return BadNumber(start);
    }
    if (at_ < text_.size() && IsNamePart(text_[at_])) return BadNumber(start);
    int64_t integer = 0;
    double value = 0;
    if (!real && octal_like) return BadNumber(start);
    if (!real && absl::SimpleAtoi(digits, &integer)) {
      *out = PythonNumber::Int(integer);
    } else if (absl::SimpleAtod(digits, &value)) {
      *out = PythonNumber::Float(value);
    } else {
      return BadNumber(start);
    }
    return absl::OkStatus();
  }

  const std::string& text_;
  size_t* offset_;
  size_t at_ = 0;
};

}  // namespace

absl::Status Tokenize(const std::string& text,
                      std::vector<ExpressionToken>* tokens, size_t* offset) {
  return Lexer(text, offset).Run(tokens);
}

}  // namespace fts::optim
