// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/hang_watch.h"

#include <algorithm>

namespace fts::train {

HangWatch::HangWatch(int ranks, const Limits& limits)
    : limits_(limits), ranks_(ranks) {
  limits_.stopped = std::min(limits_.stopped, limits_.hang);
}

std::optional<HangWatch::Finding> HangWatch::Look(
    Clock::time_point now, const std::vector<RankLook>& looks) {
  bool all_stopped = true;
  bool debugged = false;
  for (const RankLook& look : looks) {
    if (!look.live) continue;
    all_stopped = all_stopped && look.stopped;
    debugged = debugged || look.debugged;
  }
  const bool anew = !last_.has_value() || now - *last_ > limits_.longest_gap ||
                    all_stopped || debugged;
  last_ = now;
  Note(now, looks, anew);
  return Judge(now);
}

void HangWatch::Note(Clock::time_point now, const std::vector<RankLook>& looks,
                     bool anew) {
  for (size_t i = 0; i < ranks_.size(); ++i) {
    Rank& rank = ranks_[i];
    const RankLook& look = looks[i];
    if (anew || look.activity != rank.look.activity ||
        look.waiting != rank.look.waiting || look.busy != rank.look.busy) {
      rank.quiet_since = now;
    }
    if (anew || look.stopped != rank.look.stopped) rank.stopped_since = now;
    rank.look = look;
  }
}

std::optional<HangWatch::Finding> HangWatch::Judge(
    Clock::time_point now) const {
  Finding finding;
  finding.waited = Clock::duration::max();
  bool overdue = true;      // every rank that does not wait
  bool all_stopped = true;  // of those
  bool same_call = true;    // all who wait
  const Rank* waiter = nullptr;
  for (size_t i = 0; i < ranks_.size(); ++i) {
    const Rank& rank = ranks_[i];
    const Clock::duration quiet = now - rank.quiet_since;
    finding.quiet.push_back(quiet);
    if (!rank.look.live) continue;
    if (rank.look.stopped) {
      overdue = overdue && now - rank.stopped_since >= limits_.stopped;
      finding.hung.push_back(static_cast<int>(i));
    } else if (rank.look.waiting) {
      if (waiter == nullptr) waiter = &rank;
      same_call =
          same_call && rank.look.waiting_for == waiter->look.waiting_for;
      finding.waited = std::min(finding.waited, quiet);
    } else if (rank.look.busy) {
      return std::nullopt;
    } else {
      overdue = overdue && quiet >= limits_.hang;
      all_stopped = false;
      finding.hung.push_back(static_cast<int>(i));
    }
  }
  if (waiter == nullptr) return std::nullopt;
  if (finding.hung.empty()) {
    if (same_call || finding.waited < limits_.hang) return std::nullopt;
    return finding;
  }
  const Clock::duration limit = all_stopped ? limits_.stopped : limits_.hang;
  if (!overdue || finding.waited < limit) return std::nullopt;
  return finding;
}

}  // namespace fts::train
