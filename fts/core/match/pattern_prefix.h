// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What every match of a pattern must begin with, so that most names need not be
// tried: "model.layers." of `model.layers.\d+`, each '.' being any character.
// Threads: immutable; const methods are safe concurrently.
#ifndef FTS_CORE_MATCH_PATTERN_PREFIX_H_
#define FTS_CORE_MATCH_PATTERN_PREFIX_H_

#include <string>

namespace fts::match_internal {

class PatternPrefix {
 public:
  // Empty: says nothing.
  PatternPrefix() = default;

  // `python_re` has been checked: TranslatePythonPattern took it. Where the
  // beginning depends on more than single characters (alternatives at the top
  // level, flags), the prefix is empty.
  static PatternPrefix Of(const std::string& python_re);

  size_t size() const { return literals_.size(); }
  // True where the pattern has '.': one character but '\n', of any length in
  // bytes. Elsewhere literal(i), one ASCII character.
  bool any(size_t i) const { return any_[i] != 0; }
  char literal(size_t i) const { return literals_[i]; }

 private:
  std::string literals_;
  std::string any_;  // parallel: 1 where the pattern has '.'
};

}  // namespace fts::match_internal

#endif  // FTS_CORE_MATCH_PATTERN_PREFIX_H_
