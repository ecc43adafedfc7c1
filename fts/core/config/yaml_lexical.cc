// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/config/yaml_lexical.h"

#include <cstdint>

#include "fts/core/config/yaml_text.h"

namespace fts::yaml_internal {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

}  // namespace

size_t SkipProperties(const std::string& text, size_t pos) {
  while (pos < text.size()) {
    if (IsBlank(text[pos])) {
      ++pos;
    } else if (text[pos] == '#') {
      while (pos < text.size() && text[pos] != '\n') ++pos;
    } else if (text.compare(pos, 2, "!<") == 0) {
      while (pos < text.size() && text[pos] != '>') ++pos;
      if (pos < text.size()) ++pos;
    } else if (text[pos] == '!' || text[pos] == '&') {
      while (pos < text.size() && !IsBlank(text[pos])) ++pos;
    } else {
      break;
    }
  }
  return pos;
}

size_t QuoteEnd(const std::string& text, size_t pos) {
  const char quote = text[pos++];
  while (pos < text.size()) {
    if (quote == '"' && text[pos] == '\\') {
      pos += 2;
    } else if (text[pos] != quote) {
      ++pos;
    } else if (quote == '\'' && text.compare(pos, 2, "''") == 0) {
      pos += 2;
    } else {
      return pos + 1;
    }
  }
  return std::string::npos;
}

bool KeyHasColon(const std::string& text, size_t start, const YamlNode& key) {
  size_t before = start;
  while (before > 0 && IsBlank(text[before - 1])) --before;
  if (before > 0 && text[before - 1] == '?' &&
      (before == 1 || IsBlank(text[before - 2]))) {
    return true;
  }
  size_t pos = SkipProperties(text, start);
  if (pos >= text.size()) return false;
  if (text[pos] == '"' || text[pos] == '\'') {
    pos = QuoteEnd(text, pos);
  } else if (text[pos] == '*') {
    while (pos < text.size() && text[pos] != ' ' && text[pos] != '\n') ++pos;
  } else if (text.compare(pos, key.text().size(), key.text()) == 0) {
    pos += key.text().size();
  } else {
    return false;  // a plain text over several lines
  }
  while (pos < text.size() && (text[pos] == ' ' || text[pos] == '\t')) ++pos;
  return pos < text.size() && text[pos] == ':';
}

std::string RepairEscapes(const std::string& value) {
  std::string out;
  for (size_t i = 0; i < value.size();) {
    uint32_t c = 0;
    const int length = DecodeUtf8(value, i, &c);
    if (length == 0) out.push_back('\xC2');
    out.append(value, i, length == 0 ? 1 : length);
    i += length == 0 ? 1 : length;
  }
  return out;
}

}  // namespace fts::yaml_internal
