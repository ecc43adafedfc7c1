// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Selects names by one schedule or plan entry, with FTS's rule: an entry equal
// to a name takes that one name; any other entry is a Python regular expression
// and takes, in the order of the names, all that `re.match` accepts.
// Used for parameters (schedules) and for modules (plans).
// Threads: immutable; const methods are safe concurrently.
#ifndef FTS_CORE_MATCH_NAME_MATCHER_H_
#define FTS_CORE_MATCH_NAME_MATCHER_H_

#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"

namespace fts {

enum class MatchRule {
  kFts,   // re.match: anchored at the start, prefix semantics
  kFull,  // re.fullmatch
};

struct NameMatch {
  bool exact = false;        // the entry equals a name
  std::vector<int> indices;  // into names(), ascending; empty = no match
};

class NameMatcher {
 public:
  // `names` in registration (or pre-order) order. Of equal names the first
  // wins.
  explicit NameMatcher(std::vector<std::string> names);

  // Names whose beginning alone rules a match out are not tried, so an entry
  // costs what it selects more than what there is.
  // Errors: INVALID_ARGUMENT (code bad_pattern) when the entry is no name and
  // no valid pattern; RESOURCE_EXHAUSTED (code pattern_limit).
  absl::StatusOr<NameMatch> Find(const std::string& entry,
                                 MatchRule rule = MatchRule::kFts) const;

  const std::vector<std::string>& names() const { return names_; }

  // The diagnostic code that belongs to a Status that Find returned.
  static const char* CodeOf(const absl::Status& status);

 private:
  // Indices of the names that agree with what `pattern`, a valid one, begins
  // with, ascending.
  std::vector<int> Candidates(const std::string& pattern) const;

  std::vector<std::string> names_;
  std::vector<int> sorted_;  // indices of names_ by name
  std::unordered_map<std::string, int> index_;
};

}  // namespace fts

#endif  // FTS_CORE_MATCH_NAME_MATCHER_H_
