// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/hang_monitor.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"

namespace fts::train {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLookEvery{1000};
constexpr milliseconds kStoppedTimeout{5000};
constexpr milliseconds kLongestGap{4000};

HangWatch::Limits LimitsFor(milliseconds hang_timeout) {
  HangWatch::Limits limits;
  limits.hang = hang_timeout;
  limits.stopped = std::min(kStoppedTimeout, hang_timeout);
  limits.longest_gap = std::min(kLongestGap, hang_timeout / 2);
  return limits;
}

RankLook LookOf(const RankFacts& facts) {
  RankLook look;
  look.live = facts.live;
  look.waiting = facts.report.waiting;
  // A rank that is still starting reads files and libraries.
  look.busy = facts.report.busy || !facts.report.attached;
  look.stopped = facts.process.stopped();
  look.debugged = facts.process.debugged();
  look.activity = facts.report.activity;
  look.waiting_for =
      absl::StrCat(facts.report.communicator, " ", CallText(facts.report));
  return look;
}

}  // namespace

absl::StatusOr<std::unique_ptr<HangMonitor>> HangMonitor::Create(
    int ranks, milliseconds hang_timeout) {
  FTS_ASSIGN_OR_RETURN(std::unique_ptr<RankPage> page, RankPage::Create(ranks));
  return std::unique_ptr<HangMonitor>(
      new HangMonitor(std::move(page), hang_timeout));
}

HangMonitor::HangMonitor(std::unique_ptr<RankPage> page,
                         milliseconds hang_timeout)
    : page_(std::move(page)),
      hang_timeout_(hang_timeout),
      watch_(page_->ranks(), LimitsFor(hang_timeout)),
      next_look_(Clock::now()) {}

std::optional<HangReport> HangMonitor::Look(
    const std::vector<RankProcess>& ranks) {
  const Clock::time_point now = Clock::now();
  if (now < next_look_) return std::nullopt;
  next_look_ = now + std::clamp(hang_timeout_ / 4, milliseconds(1), kLookEvery);
  std::vector<RankFacts> facts(ranks.size());
  std::vector<RankLook> looks;
  for (size_t rank = 0; rank < ranks.size(); ++rank) {
    facts[rank].live = ranks[rank].running();
    facts[rank].pid = ranks[rank].pid();
    if (facts[rank].live) {
      facts[rank].report = page_->Read(static_cast<int>(rank));
      facts[rank].process = ReadProcessState(ranks[rank].pid());
    }
    looks.push_back(LookOf(facts[rank]));
  }
  const auto finding = watch_.Look(now, looks);
  if (!finding.has_value()) return std::nullopt;
  return MakeHangReport(*finding, facts, hang_timeout_);
}

}  // namespace fts::train
