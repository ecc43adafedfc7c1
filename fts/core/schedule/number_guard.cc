// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/schedule/number_guard.h"

#include <cstddef>
#include <set>

namespace fts {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Past the class that begins at `at`; the text's end when it is never closed.
size_t AfterClass(const std::string& p, size_t at) {
  size_t i = at + 1;
  if (i < p.size() && p[i] == '^') ++i;
  if (i < p.size() && p[i] == ']') ++i;  // a first ']' is an ordinary one
  for (; i < p.size() && p[i] != ']'; ++i) {
    if (p[i] == '\\') ++i;
  }
  return i < p.size() ? i + 1 : p.size();
}

// Past one token: an escape, a class, a {m,n}, or one character.
size_t AfterToken(const std::string& p, size_t at) {
  if (p[at] == '\\') return at + 2 < p.size() ? at + 2 : p.size();
  if (p[at] == '[') return AfterClass(p, at);
  if (p[at] == '{') {
    size_t i = at + 1;
    while (i < p.size() && (IsDigit(p[i]) || p[i] == ',')) ++i;
    if (i < p.size() && p[i] == '}') return i + 1;
  }
  return at + 1;
}

// A class of some digits and nothing else; [0-9] names no digit.
bool IsDigitClass(const std::string& p, size_t at, size_t end) {
  if (end - at < 3 || p[end - 1] != ']') return false;
  if (p.compare(at, end - at, "[0-9]") == 0) return false;
  for (size_t i = at + 1; i + 1 < end; ++i) {
    if (!IsDigit(p[i]) && p[i] != '-') return false;
  }
  return true;
}

// Where matching goes on from `at`: over ')' and over other alternatives.
size_t Continues(const std::string& p, size_t at) {
  while (at < p.size() && (p[at] == ')' || p[at] == '|')) {
    if (p[at] == ')') {
      ++at;
      continue;
    }
    for (int depth = 0; at < p.size(); at = AfterToken(p, at)) {
      if (p[at] == '(') ++depth;
      if (p[at] == ')' && depth-- == 0) break;
    }
  }
  return at;
}

}  // namespace

NumberGuard GuardNumbers(const std::string& pattern) {
  const std::string& p = pattern;
  // Looking ahead is quadratic at worst, and nobody writes such a pattern.
  if (p.size() > 4096) return {p, p};
  std::set<size_t> guards;  // behind numbers
  std::set<size_t> dots;    // what follows them: an unescaped dot, or the end
  for (size_t i = 0; i < p.size();) {
    const size_t end = AfterToken(p, i);
    const bool number =
        IsDigit(p[i]) || (p[i] == '[' && IsDigitClass(p, i, end));
    const size_t next = number ? Continues(p, end) : 0;
    if (number && (next >= p.size() || p[next] == '.')) {
      guards.insert(end);
      dots.insert(next);
    }
    i = end;
  }
  NumberGuard out;
  for (size_t i = 0; i <= p.size(); ++i) {
    if (guards.count(i) > 0) out.guarded += "(?!\\d)";
    if (dots.count(i) > 0) {
      const bool repeated =
          i + 1 < p.size() && (p[i + 1] == '*' || p[i + 1] == '+' ||
                               p[i + 1] == '?' || p[i + 1] == '{');
      out.dotted += i < p.size() && !repeated ? "\\" : "\\.";
    }
    if (i == p.size()) break;
    out.guarded += p[i];
    out.dotted += p[i];
  }
  return out;
}

}  // namespace fts
