// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A regular expression in Python 3.11 `re` syntax (str patterns), run on PCRE2.
// pattern_translate.h checks Python's grammar and writes the PCRE2 form, so
// what Python refuses is refused here, and what PCRE2 cannot do the same way is
// refused by name. Text and pattern are UTF-8.
// Threads: immutable; const methods are safe concurrently.
#ifndef FTS_CORE_MATCH_PATTERN_H_
#define FTS_CORE_MATCH_PATTERN_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace fts {

// Cheap to copy: copies share the compiled code.
class Pattern {
 public:
  // Errors: INVALID_ARGUMENT, text = Python's own message with the position in
  // characters ("missing ), unterminated subpattern at position 3") or what is
  // not supported here and where.
  static absl::StatusOr<Pattern> Compile(const std::string& python_re);

  // re.match(pattern, text) is not None: anchored at the start only.
  // Errors: RESOURCE_EXHAUSTED when the match limit is hit (a pattern that
  // backtracks without end), INVALID_ARGUMENT when `text` is not UTF-8.
  absl::StatusOr<bool> Match(const std::string& text) const;

  // How many bytes of `text` re.match takes from its start; nullopt when it is
  // None. Errors: as Match.
  absl::StatusOr<std::optional<size_t>> MatchLength(
      const std::string& text) const;

  // re.fullmatch(pattern, text) is not None. Errors: as Match.
  absl::StatusOr<bool> FullMatch(const std::string& text) const;

  // The pattern as it was given.
  const std::string& text() const;

 private:
  struct Impl;
  explicit Pattern(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

}  // namespace fts

#endif  // FTS_CORE_MATCH_PATTERN_H_
