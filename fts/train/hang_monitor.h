// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The launcher's watch for ranks that hang: the page in which they report, the
// kernel's view of their processes, and the decision (hang_watch.h).
// Threads: confined.
#ifndef FTS_TRAIN_HANG_MONITOR_H_
#define FTS_TRAIN_HANG_MONITOR_H_

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "fts/train/hang_report.h"
#include "fts/train/hang_watch.h"
#include "fts/train/rank_page.h"
#include "fts/train/rank_process.h"

namespace fts::train {

class HangMonitor {
 public:
  using Clock = HangWatch::Clock;

  // `hang_timeout` is above 0. A rank that is stopped counts after five
  // seconds, if that is less.
  // Errors: the page cannot be made.
  static absl::StatusOr<std::unique_ptr<HangMonitor>> Create(
      int ranks, std::chrono::milliseconds hang_timeout);

  // Of the page; ranks inherit it.
  int fd() const { return page_->fd(); }
  // When to call Look: once a second, more often for short timeouts.
  Clock::time_point next_look() const { return next_look_; }
  // Does nothing before next_look().
  std::optional<HangReport> Look(const std::vector<RankProcess>& ranks);
  // The ranks and we were suspended: what was seen before does not count.
  void Restart() { watch_.Restart(); }

 private:
  HangMonitor(std::unique_ptr<RankPage> page,
              std::chrono::milliseconds hang_timeout);

  const std::unique_ptr<RankPage> page_;
  const std::chrono::milliseconds hang_timeout_;
  HangWatch watch_;
  Clock::time_point next_look_;
};

}  // namespace fts::train

#endif  // FTS_TRAIN_HANG_MONITOR_H_
