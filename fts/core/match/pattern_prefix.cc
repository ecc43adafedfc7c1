// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/match/pattern_prefix.h"

#include <cstring>

namespace fts::match_internal {
namespace {

// True for a comment or a flag x, inside which this file's scan is wrong.
bool HasVerbose(const std::string& re) {
  for (size_t at = re.find("(?"); at != re.npos; at = re.find("(?", at + 1)) {
    const size_t first = at + 2;
    const size_t end = re.find_first_not_of("aiLmsux-", first);
    const std::string flags = re.substr(first, end - first);
    if (flags.find('x') != flags.npos || re.compare(first, 1, "#") == 0) {
      return true;
    }
  }
  return false;
}

bool HasTopLevelAlternatives(const std::string& re) {
  int depth = 0;
  for (size_t i = 0; i < re.size(); ++i) {
    switch (re[i]) {
      case '\\':
        ++i;
        break;
      case '[':
        ++i;
        if (i < re.size() && re[i] == '^') ++i;
        if (i < re.size() && re[i] == ']') ++i;
        for (; i < re.size() && re[i] != ']'; ++i) {
          if (re[i] == '\\') ++i;
        }
        break;
      case '(':
        ++depth;
        break;
      case ')':
        --depth;
        break;
      case '|':
        if (depth == 0) return true;
    }
  }
  return false;
}

bool IsAlnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9');
}

}  // namespace

PatternPrefix PatternPrefix::Of(const std::string& re) {
  PatternPrefix out;
  if (HasVerbose(re) || HasTopLevelAlternatives(re)) return out;
  size_t i = !re.empty() && re[0] == '^' ? 1 : 0;
  for (; i < re.size(); ++i) {
    char c = re[i];
    bool any = false;
    if (c == '\\') {
      if (i + 1 == re.size() || IsAlnum(re[i + 1])) break;
      c = re[++i];
    } else if (c == '.') {
      any = true;
    } else if (std::strchr("^$*+?{}[]()", c) != nullptr) {
      break;  // NUL too: strchr finds the terminator
    }
    if (static_cast<unsigned char>(c) > 0x7f) break;
    out.literals_.push_back(c);
    out.any_.push_back(any ? 1 : 0);
  }
  // What a '*', '?' or '{' follows may be absent; after '+' it is there once.
  if (i < re.size() && !out.literals_.empty() &&
      (re[i] == '*' || re[i] == '?' || re[i] == '{')) {
    out.literals_.pop_back();
    out.any_.pop_back();
  }
  return out;
}

}  // namespace fts::match_internal
