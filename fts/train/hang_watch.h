// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Decides from looks at all ranks, one every second or so, whether one of them
// hangs: the others wait for it, it neither waits nor is busy, and nothing
// moves. Pure: the caller brings the time and what was seen.
// Threads: confined.
#ifndef FTS_TRAIN_HANG_WATCH_H_
#define FTS_TRAIN_HANG_WATCH_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fts::train {

// One rank at one look.
struct RankLook {
  bool live = true;         // its process has not ended
  bool waiting = false;     // it says that it waits for others
  bool busy = false;        // or that it is busy by itself
  bool stopped = false;     // the kernel says that it is stopped
  bool debugged = false;    // or held by a debugger
  uint64_t activity = 0;    // changes with everything that the rank does
  std::string waiting_for;  // which call; equal texts are the same call
};

// [Note: what is a hang]
//
// Every live rank is one of: stopped (whatever it says), waiting, busy, or
// silent. Quiet is the time without any change in what a rank reports, by the
// clock of the looks.
// - A rank hangs when at least one other waits, none is busy, every waiting one
//   has been quiet for `hang` and so has every silent one. Stopped ones need
//   only have been stopped, and waited for, for `stopped`. So a step may take
//   any time: it is not enough that a rank is silent, and not enough that
//   others wait for it for less than `hang`.
// - All live ranks waiting for `hang`, not all for the same call, is a hang
//   too, of no rank in particular. (For the same call they may be moving much
//   data; the communicator's own timeout is for that.)
// - All live ranks stopped is a user who suspended the run; a debugger may hold
//   one for as long as it likes; and a look that comes late (more than
//   `longest_gap` after the last) means that the looker did not run. After each
//   of these the time starts anew.
class HangWatch {
 public:
  using Clock = std::chrono::steady_clock;

  struct Limits {
    Clock::duration hang;
    Clock::duration stopped;  // at most `hang`
    Clock::duration longest_gap;
  };
  struct Finding {
    std::vector<int> hung;               // ascending; empty: all wait
    Clock::duration waited;              // the shortest of the waits
    std::vector<Clock::duration> quiet;  // of every rank
  };

  HangWatch(int ranks, const Limits& limits);

  // `looks[rank]` of every rank.
  std::optional<Finding> Look(Clock::time_point now,
                              const std::vector<RankLook>& looks);
  // Forgets all times.
  void Restart() { last_.reset(); }

 private:
  struct Rank {
    RankLook look;
    Clock::time_point quiet_since, stopped_since;
  };
  void Note(Clock::time_point now, const std::vector<RankLook>& looks,
            bool anew);
  std::optional<Finding> Judge(Clock::time_point now) const;

  Limits limits_;
  std::vector<Rank> ranks_;
  std::optional<Clock::time_point> last_;
};

}  // namespace fts::train

#endif  // FTS_TRAIN_HANG_WATCH_H_
