// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/match/name_matcher.h"

#include <utility>

#include "fts/core/base/status.h"
#include "fts/core/match/codes.h"
#include "fts/core/match/pattern.h"

namespace fts {

NameMatcher::NameMatcher(std::vector<std::string> names)
    : names_(std::move(names)) {
  index_.reserve(names_.size());
  for (size_t i = 0; i < names_.size(); ++i) {
    index_.emplace(names_[i], static_cast<int>(i));
  }
}

absl::StatusOr<NameMatch> NameMatcher::Find(const std::string& entry,
                                            MatchRule rule) const {
  NameMatch match;
  const auto exact = index_.find(entry);
  if (exact != index_.end()) {
    match.exact = true;
    match.indices = {exact->second};
    return match;
  }
  FTS_ASSIGN_OR_RETURN(const Pattern pattern, Pattern::Compile(entry));
  for (size_t i = 0; i < names_.size(); ++i) {
    FTS_ASSIGN_OR_RETURN(const bool hit, rule == MatchRule::kFts
                                             ? pattern.Match(names_[i])
                                             : pattern.FullMatch(names_[i]));
    if (hit) match.indices.push_back(static_cast<int>(i));
  }
  return match;
}

const char* NameMatcher::CodeOf(const absl::Status& status) {
  return absl::IsResourceExhausted(status) ? codes::kPatternLimit
                                           : codes::kBadPattern;
}

}  // namespace fts
