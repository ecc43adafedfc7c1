// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/config/yaml_scalar.h"

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <vector>

namespace fts::yaml_internal {
namespace {

using Kind = YamlNode::Kind;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// A cursor over the text; each method takes what it can and says whether it
// took enough.
class Cursor {
 public:
  explicit Cursor(const std::string& text) : text_(text) {}
  bool end() const { return pos_ == text_.size(); }
  bool Take(char c) {
    if (end() || text_[pos_] != c) return false;
    ++pos_;
    return true;
  }
  bool TakeAny(const char* set) {
    if (end()) return false;
    for (const char* p = set; *p; ++p) {
      if (text_[pos_] == *p) return ++pos_, true;
    }
    return false;
  }
  template <typename Predicate>
  size_t TakeWhile(Predicate predicate) {
    const size_t start = pos_;
    while (!end() && predicate(text_[pos_])) ++pos_;
    return pos_ - start;
  }
  bool Digit() { return TakeWhileAtMostOne(IsDigit); }
  // [0-9][0-9_]*
  bool DigitsWithUnderscores() {
    if (!Digit()) return false;
    TakeWhile([](char c) { return IsDigit(c) || c == '_'; });
    return true;
  }
  // (?::[0-5]?[0-9])+
  bool SexagesimalTail() {
    bool any = false;
    while (Take(':')) {
      any = true;
      const size_t start = pos_;
      const size_t n = TakeWhile(IsDigit);
      if (n == 0 || n > 2) return false;
      if (n == 2 && text_[start] > '5') return false;
    }
    return any;
  }

 private:
  bool TakeWhileAtMostOne(bool (*predicate)(char)) {
    if (end() || !predicate(text_[pos_])) return false;
    ++pos_;
    return true;
  }
  const std::string& text_;
  size_t pos_ = 0;
};

bool IsOneOf(const std::string& text, std::initializer_list<const char*> set) {
  for (const char* s : set) {
    if (text == s) return true;
  }
  return false;
}

bool LooksBool(const std::string& t) {
  return IsOneOf(
      t, {"yes", "Yes", "YES", "no", "No", "NO", "true", "True", "TRUE",
          "false", "False", "FALSE", "on", "On", "ON", "off", "Off", "OFF"});
}

bool LooksNull(const std::string& t) {
  return IsOneOf(t, {"", "~", "null", "Null", "NULL"});
}

// (?:[eE][-+][0-9]+)? to the end
bool ExponentToEnd(Cursor* c) {
  if (c->end()) return true;
  return c->TakeAny("eE") && c->TakeAny("-+") && c->TakeWhile(IsDigit) > 0 &&
         c->end();
}

bool LooksFloat(const std::string& t) {
  const auto digits = [](char c) { return IsDigit(c) || c == '_'; };
  {  // [-+]?[0-9][0-9_]*\.[0-9_]*(exponent)?
    Cursor c(t);
    c.TakeAny("-+");
    if (c.DigitsWithUnderscores() && c.Take('.')) {
      c.TakeWhile(digits);
      if (ExponentToEnd(&c)) return true;
    }
  }
  {  // \.[0-9][0-9_]*(exponent)?
    Cursor c(t);
    if (c.Take('.') && c.DigitsWithUnderscores() && ExponentToEnd(&c)) {
      return true;
    }
  }
  {  // [-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*
    Cursor c(t);
    c.TakeAny("-+");
    if (c.DigitsWithUnderscores() && c.SexagesimalTail() && c.Take('.')) {
      c.TakeWhile(digits);
      if (c.end()) return true;
    }
  }
  if (IsOneOf(t, {".nan", ".NaN", ".NAN"})) return true;
  const size_t sign = !t.empty() && (t[0] == '-' || t[0] == '+') ? 1 : 0;
  return IsOneOf(t.substr(sign), {".inf", ".Inf", ".INF"});
}

bool LooksInt(const std::string& t) {
  std::string body = t;
  if (!body.empty() && (body[0] == '-' || body[0] == '+')) body.erase(0, 1);
  if (body.empty()) return false;
  const auto all = [&body](size_t from, auto predicate) {
    for (size_t i = from; i < body.size(); ++i) {
      if (!predicate(body[i])) return false;
    }
    return body.size() > from;
  };
  if (body == "0") return true;
  if (body[0] == '0') {
    if (body.size() > 1 && body[1] == 'b') {
      return all(2, [](char c) { return c == '0' || c == '1' || c == '_'; });
    }
    if (body.size() > 1 && body[1] == 'x') {
      return all(2, [](char c) {
        return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') ||
               c == '_';
      });
    }
    return all(1, [](char c) { return (c >= '0' && c <= '7') || c == '_'; });
  }
  Cursor c(body);
  if (!c.DigitsWithUnderscores()) return false;
  return c.end() || (c.SexagesimalTail() && c.end());
}

std::string Without(const std::string& text, char c) {
  std::string out;
  for (char x : text) {
    if (x != c) out.push_back(x);
  }
  return out;
}

// Digits of `base` to a number; false on overflow of 64 bits or a bad digit.
bool Accumulate(const std::string& digits, int base, uint64_t* value) {
  if (digits.empty()) return false;
  *value = 0;
  for (char c : digits) {
    int digit = -1;
    if (IsDigit(c)) digit = c - '0';
    if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
    if (digit < 0 || digit >= base) return false;
    if (*value > (std::numeric_limits<uint64_t>::max() - digit) / base) {
      return false;
    }
    *value = *value * base + digit;
  }
  return true;
}

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back().push_back(c);
    }
  }
  return parts;
}

// construct_yaml_int.
Scalar MakeInt(const std::string& text) {
  Scalar out;
  out.kind = Kind::kInt;
  const std::string bad = "'" + text + "' is not an integer";
  std::string value = Without(text, '_');
  bool negative = false;
  if (!value.empty() && (value[0] == '-' || value[0] == '+')) {
    negative = value[0] == '-';
    value.erase(0, 1);
  }
  uint64_t magnitude = 0;
  bool valid = true;
  bool digits_only = true;  // no overflow possible where false means bad digits
  if (value == "0") {
    magnitude = 0;
  } else if (value.rfind("0b", 0) == 0) {
    valid = Accumulate(value.substr(2), 2, &magnitude);
    digits_only = value.find_first_not_of("01", 2) == std::string::npos &&
                  value.size() > 2;
  } else if (value.rfind("0x", 0) == 0) {
    valid = Accumulate(value.substr(2), 16, &magnitude);
    digits_only = value.find_first_not_of("0123456789abcdefABCDEF", 2) ==
                      std::string::npos &&
                  value.size() > 2;
  } else if (!value.empty() && value[0] == '0') {
    valid = Accumulate(value, 8, &magnitude);
    digits_only = value.find_first_not_of("01234567") == std::string::npos;
  } else if (value.find(':') != std::string::npos) {
    for (const std::string& part : Split(value, ':')) {
      uint64_t digit = 0;
      digits_only = digits_only && !part.empty() &&
                    part.find_first_not_of("0123456789") == std::string::npos;
      if (!Accumulate(part, 10, &digit) ||
          magnitude > (std::numeric_limits<uint64_t>::max() - digit) / 60) {
        valid = false;
        break;
      }
      magnitude = magnitude * 60 + digit;
    }
  } else {
    valid = Accumulate(value, 10, &magnitude);
    digits_only = !value.empty() &&
                  value.find_first_not_of("0123456789") == std::string::npos;
  }
  if (!digits_only) {
    out.error = bad + "; quote it if it is meant as text";
    return out;
  }
  const uint64_t limit = uint64_t{1} << 63;
  if (!valid || magnitude > limit || (magnitude == limit && !negative)) {
    out.error = "the integer " + text +
                " does not fit into 64 bits; quote it if it is meant as text";
    return out;
  }
  out.i = negative ? static_cast<int64_t>(~magnitude + 1)
                   : static_cast<int64_t>(magnitude);
  out.d = static_cast<double>(out.i);
  return out;
}

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// construct_yaml_float.
Scalar MakeFloat(const std::string& text) {
  Scalar out;
  out.kind = Kind::kFloat;
  std::string value = Lower(Without(text, '_'));
  double sign = 1;
  if (!value.empty() && (value[0] == '-' || value[0] == '+')) {
    if (value[0] == '-') sign = -1;
    value.erase(0, 1);
  }
  if (value == ".inf") {
    out.d = sign * std::numeric_limits<double>::infinity();
  } else if (value == ".nan") {
    out.d = std::numeric_limits<double>::quiet_NaN();
  } else {
    // Like PyYAML: most significant part last, so that rounding agrees.
    std::vector<std::string> parts = Split(value, ':');
    double total = 0, base = 1;
    for (size_t i = parts.size(); i-- > 0;) {
      const std::optional<double> part = PythonFloat(parts[i]);
      if (!part) {
        out.error =
            "'" + text + "' is not a number; quote it if it is meant as text";
        return out;
      }
      total += *part * base;
      base *= 60;
    }
    out.d = sign * total;
  }
  return out;
}

// A run of digits with single underscores between digits.
bool PythonDigits(const std::string& t, size_t* pos, std::string* out) {
  if (*pos >= t.size() || !IsDigit(t[*pos])) return false;
  while (*pos < t.size()) {
    if (IsDigit(t[*pos])) {
      out->push_back(t[(*pos)++]);
    } else if (t[*pos] == '_' && *pos + 1 < t.size() && IsDigit(t[*pos + 1])) {
      ++*pos;
    } else {
      break;
    }
  }
  return true;
}

}  // namespace

std::optional<double> PythonFloat(const std::string& text) {
  const char* const kSpace = " \t\n\r\v\f\x1c\x1d\x1e\x1f";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string::npos) return std::nullopt;
  const size_t last = text.find_last_not_of(kSpace);
  const std::string t = text.substr(first, last - first + 1);
  size_t pos = 0;
  std::string clean;
  if (t[pos] == '+' || t[pos] == '-') clean.push_back(t[pos++]);
  const std::string word = Lower(t.substr(pos));
  const double sign = clean == "-" ? -1 : 1;
  if (word == "inf" || word == "infinity") {
    return sign * std::numeric_limits<double>::infinity();
  }
  if (word == "nan") return std::numeric_limits<double>::quiet_NaN();
  const bool whole = PythonDigits(t, &pos, &clean);
  bool fraction = false;
  if (pos < t.size() && t[pos] == '.') {
    clean.push_back(t[pos++]);
    fraction = PythonDigits(t, &pos, &clean);
  }
  if (!whole && !fraction) return std::nullopt;
  if (pos < t.size() && (t[pos] == 'e' || t[pos] == 'E')) {
    clean.push_back(t[pos++]);
    if (pos < t.size() && (t[pos] == '+' || t[pos] == '-')) {
      clean.push_back(t[pos++]);
    }
    if (!PythonDigits(t, &pos, &clean)) return std::nullopt;
  }
  if (pos != t.size()) return std::nullopt;
  return std::strtod(clean.c_str(), nullptr);
}

Scalar ResolvePlain(const std::string& text) {
  Scalar out;
  if (LooksNull(text)) {
    out.kind = Kind::kNull;
  } else if (LooksBool(text)) {
    return ConstructTagged("bool", text);
  } else if (LooksFloat(text)) {
    return MakeFloat(text);
  } else if (LooksInt(text)) {
    return MakeInt(text);
  } else if (text == "=") {
    out.error = "a plain '=' has a special meaning in YAML 1.1; quote it";
  }
  return out;
}

Scalar ConstructTagged(const std::string& tag, const std::string& text) {
  Scalar out;
  if (tag == "null") {
    out.kind = Kind::kNull;
    if (!LooksNull(text)) {
      out.error = "'" + text + "' is not null; write !!null ~";
    }
  } else if (tag == "bool") {
    out.kind = Kind::kBool;
    const std::string word = Lower(text);
    if (IsOneOf(word, {"yes", "true", "on"})) {
      out.b = true;
    } else if (!IsOneOf(word, {"no", "false", "off"})) {
      out.error = "'" + text + "' is not a boolean; write true or false";
    }
  } else if (tag == "int") {
    return MakeInt(text);
  } else if (tag == "float") {
    return MakeFloat(text);
  }
  return out;
}

std::string FloatText(double value) {
  if (std::isnan(value)) return ".nan";
  if (std::isinf(value)) return value < 0 ? "-.inf" : ".inf";
  char buffer[64];
  for (int precision = 1; precision <= 17; ++precision) {
    std::snprintf(buffer, sizeof(buffer), "%.*g", precision, value);
    if (std::strtod(buffer, nullptr) == value) break;
  }
  std::string text = buffer;
  if (text.find('.') == std::string::npos) {
    // PyYAML reads neither "1e-06" nor "1" as a float.
    const size_t e = text.find('e');
    text.insert(e == std::string::npos ? text.size() : e, ".0");
  }
  return text;
}

}  // namespace fts::yaml_internal
