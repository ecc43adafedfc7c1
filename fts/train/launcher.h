// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Starts the local ranks of a run and watches over them until all have ended.
// The calling process stays a plain supervisor: check all input first (exit 2
// starts nothing), use no devices and no thread pools in it. No torch here.
// Threads: one RunLocalRanks at a time in a process; it handles SIGINT,
// SIGTERM, SIGHUP and SIGTSTP while it runs and restores the previous handlers.
#ifndef FTS_TRAIN_LAUNCHER_H_
#define FTS_TRAIN_LAUNCHER_H_

#include <chrono>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace fts::train {

// How a rank ends that failed only because it lost another one. Not an exit
// code of the launching process.
inline constexpr int kLostPeerExitCode = 75;

struct LaunchOptions {
  int world_size = 2;
  // Where rank_<r>.log files go; must exist (CreateOutputDir).
  std::string log_dir;
  // What each rank runs. Empty: this program with its own arguments.
  std::vector<std::string> argv;
  std::string executable = "/proc/self/exe";
  // Added to the ranks' environment, after the launch variables.
  std::vector<std::pair<std::string, std::string>> extra_env;
  // After the first failure, how long to look for others before choosing which
  // one to report: a rank that lost its peer may be seen before the peer.
  std::chrono::milliseconds settle{150};
  // The same while all that failed are ranks with kLostPeerExitCode.
  std::chrono::milliseconds lost_peer_settle{2000};
  // Then the other ranks get SIGTERM, and SIGKILL this much later.
  std::chrono::milliseconds kill_after{3000};
  // How long the other ranks wait for one that does nothing before it counts as
  // hung; see hang_watch.h for all of the rule. 0: never.
  std::chrono::milliseconds hang_timeout{0};
  // After SIGINT or SIGTERM to us, forwarded, ranks may finish their step.
  std::chrono::milliseconds interrupt_kill_after{15000};
  int log_tail_lines = 20;
  // Where the verdict on a failed rank is written. Null: stderr.
  std::ostream* err = nullptr;
};

// Runs `world_size` processes with RANK WORLD_SIZE LOCAL_RANK LOCAL_WORLD_SIZE
// MASTER_ADDR (127.0.0.1) and MASTER_PORT set, and returns the exit code for
// this process: 0 all ranks exited 0; 2 the first failing rank exited 2;
// else 1.
//
// Output: rank 0's stdout is ours; its stderr is ours and rank_0.log; the
// others' stdout and stderr are rank_<r>.log only. Ranks read /dev/null.
// Port: chosen by the kernel and kept reserved (a bound socket that does not
// listen) for the whole run, so nobody else gets it before rank 0 binds it.
// Ends: when a rank exits non-zero or by a signal, the others are ended, and
// the last thing printed is the first failing rank's log tail and
//   error: rank 1 was killed by signal 9 (SIGKILL); its log is DIR/rank_1.log
// When several fail at once, one killed by a signal counts as the first, and
// one that exited with kLostPeerExitCode as the last. A rank that hangs while
// the others wait for it (it must have called ReportToLauncher, and they too)
// counts as failed: what each rank was doing is printed, and last
//   error: rank 1 hangs: its process 4711 is stopped, and the others have
//   waited 6 s for it; <what to do>; its log is DIR/rank_1.log
// SIGTSTP (Ctrl-Z) suspends the ranks with this process, SIGCONT (fg) continues
// them. If this process dies by any means, the kernel kills the ranks.
// Errors: the ranks could not be started (none is left running).
absl::StatusOr<int> RunLocalRanks(const LaunchOptions& options);

}  // namespace fts::train

#endif  // FTS_TRAIN_LAUNCHER_H_
