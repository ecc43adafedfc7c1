// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/match/name_matcher.h"

#include <algorithm>
#include <utility>

#include "fts/core/base/status.h"
#include "fts/core/match/codes.h"
#include "fts/core/match/pattern.h"
#include "fts/core/match/pattern_prefix.h"

namespace fts {

NameMatcher::NameMatcher(std::vector<std::string> names)
    : names_(std::move(names)) {
  index_.reserve(names_.size());
  for (size_t i = 0; i < names_.size(); ++i) {
    index_.emplace(names_[i], static_cast<int>(i));
    sorted_.push_back(static_cast<int>(i));
  }
  std::sort(sorted_.begin(), sorted_.end(),
            [this](int a, int b) { return names_[a] < names_[b]; });
}

std::vector<int> NameMatcher::Candidates(const std::string& pattern) const {
  using Iterator = std::vector<int>::const_iterator;
  using Range = std::pair<Iterator, Iterator>;
  constexpr size_t kMostRanges = 64;
  const auto prefix = match_internal::PatternPrefix::Of(pattern);
  // Parts of sorted_ whose names agree up to byte i, and so are sorted by that
  // byte; names that end before it come first.
  std::vector<Range> ranges = {{sorted_.begin(), sorted_.end()}};
  std::vector<Range> finished;
  for (size_t i = 0; i < prefix.size() && ranges.size() < kMostRanges; ++i) {
    const auto byte = [this, i](int index) {
      const std::string& name = names_[index];
      return i < name.size() ? static_cast<unsigned char>(name[i]) : -1;
    };
    const auto below = [&byte](const Range& range, int limit) {
      return std::partition_point(range.first, range.second, [&](int index) {
        return byte(index) < limit;
      });
    };
    std::vector<Range> next;
    for (Range range : ranges) {
      if (!prefix.any(i)) {
        const int c = static_cast<unsigned char>(prefix.literal(i));
        next.push_back({below(range, c), below(range, c + 1)});
        continue;
      }
      range.first = below(range, 0);
      while (range.first != range.second) {
        const int c = byte(*range.first);
        const Iterator end = below(range, c + 1);
        if (c > 0x7f) {  // a character of several bytes
          finished.push_back({range.first, range.second});
          break;
        }
        if (c != '\n') next.push_back({range.first, end});
        range.first = end;
      }
    }
    ranges = std::move(next);
  }
  std::vector<int> out;
  finished.insert(finished.end(), ranges.begin(), ranges.end());
  for (const Range& range : finished) {
    out.insert(out.end(), range.first, range.second);
  }
  std::sort(out.begin(), out.end());
  return out;
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
  for (int i : Candidates(entry)) {
    FTS_ASSIGN_OR_RETURN(const bool hit, rule == MatchRule::kFts
                                             ? pattern.Match(names_[i])
                                             : pattern.FullMatch(names_[i]));
    if (hit) match.indices.push_back(i);
  }
  return match;
}

const char* NameMatcher::CodeOf(const absl::Status& status) {
  return absl::IsResourceExhausted(status) ? codes::kPatternLimit
                                           : codes::kBadPattern;
}

}  // namespace fts
