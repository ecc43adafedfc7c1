// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What every match of a pattern must begin with, to pass most names over
// without running the expression: "model.layers." of `model.layers.\d+`, each
// '.' being any character.
// Threads: immutable; const methods are safe concurrently.
#ifndef FTS_CORE_MATCH_PATTERN_PREFIX_H_
#define FTS_CORE_MATCH_PATTERN_PREFIX_H_

#include <string>

namespace fts::match_internal {

class PatternPrefix {
 public:
  // Admits everything.
  PatternPrefix() = default;

  // `python_re` has been checked: TranslatePythonPattern took it. Where the
  // beginning depends on more than single characters (alternatives at the top
  // level, flags), the prefix is empty.
  static PatternPrefix Of(const std::string& python_re);

  // False only if re.match(python_re, text) is None.
  bool Admits(const std::string& text) const {
    const size_t size = literals_.size();
    if (text.size() < size) return false;
    for (size_t i = 0; i < size; ++i) {
      if (any_[i] == 0) {
        if (text[i] != literals_[i]) return false;
      } else if (text[i] == '\n') {
        return false;
      } else if (static_cast<unsigned char>(text[i]) > 0x7f) {
        return true;  // one character of several bytes
      }
    }
    return true;
  }

  size_t size() const { return literals_.size(); }

 private:
  std::string literals_;
  std::string any_;  // parallel: 1 where the pattern has '.'
};

}  // namespace fts::match_internal

#endif  // FTS_CORE_MATCH_PATTERN_PREFIX_H_
