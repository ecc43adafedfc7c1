// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/base/did_you_mean.h"

#include <algorithm>
#include <cstddef>

namespace fts {
namespace {

constexpr size_t kMaxCompared = 100;

std::string Fold(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    out.push_back(c == '-' ? '_' : c);
  }
  return out;
}

}  // namespace

int EditDistance(const std::string& a, const std::string& b) {
  const size_t n = a.size(), m = b.size();
  // Three rows: two back (for swaps), one back, current.
  std::vector<int> before(m + 1), previous(m + 1), current(m + 1);
  for (size_t j = 0; j <= m; ++j) previous[j] = static_cast<int>(j);
  for (size_t i = 1; i <= n; ++i) {
    current[0] = static_cast<int>(i);
    for (size_t j = 1; j <= m; ++j) {
      const int replace = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({replace, previous[j] + 1, current[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        current[j] = std::min(current[j], before[j - 2] + 1);
      }
    }
    std::swap(before, previous);
    std::swap(previous, current);
  }
  return previous[m];
}

std::string NearestName(const std::string& seen,
                        const std::vector<std::string>& known) {
  if (seen.empty() || seen.size() > kMaxCompared) return "";
  const std::string folded = Fold(seen);
  std::string best;
  int best_distance = 0;
  for (const std::string& name : known) {
    if (name == seen || name.empty() || name.size() > kMaxCompared) continue;
    const int distance = EditDistance(folded, Fold(name));
    const int longest = static_cast<int>(std::max(seen.size(), name.size()));
    const int allowed = std::max(1, longest / 3);
    // A name must keep at least one character of what was typed.
    if (distance > allowed || distance >= longest) continue;
    if (best.empty() || distance < best_distance) {
      best = name;
      best_distance = distance;
    }
  }
  return best;
}

std::string DidYouMean(const std::string& seen,
                       const std::vector<std::string>& known) {
  const std::string nearest = NearestName(seen, known);
  return nearest.empty() ? "" : "; did you mean '" + nearest + "'?";
}

}  // namespace fts
