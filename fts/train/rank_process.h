// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// One child process of the launcher: started, watched, ended.
// The kernel kills it when the starting thread's process dies by any means
// (PR_SET_PDEATHSIG), so it can never be left behind.
// Threads: confined; the thread that starts a child must outlive it.
#ifndef FTS_TRAIN_RANK_PROCESS_H_
#define FTS_TRAIN_RANK_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace fts::train {

struct RankProcessOptions {
  std::string executable;
  std::vector<std::string> argv;         // argv[0] too
  std::vector<std::string> environment;  // "NAME=value"
  int stdout_fd = 1;                     // what becomes fd 1 of the child
  int stderr_fd = 2;                     // and fd 2; fd 0 is /dev/null
  int kept_fd = -1;                      // above 2: stays open under its number
};

// Owns a child process in a process group of its own: destroying one that
// still runs kills it and waits for it. Move-only.
class RankProcess {
 public:
  // Errors: INTERNAL naming the executable when it cannot be run.
  static absl::StatusOr<RankProcess> Start(const RankProcessOptions& options);
  ~RankProcess();
  RankProcess(RankProcess&& other) noexcept;
  RankProcess& operator=(RankProcess&& other) noexcept;

  pid_t pid() const { return pid_; }
  // Becomes readable when the process has ended; -1 where the kernel has no
  // pidfds, then Reap must be polled.
  int pidfd() const { return pidfd_; }
  bool running() const { return running_; }

  // Notices whether it has ended; true the one time that this is seen. What is
  // left of its process group is killed then.
  bool Reap();
  // To the process, which goes on if it was stopped. No-op after its end.
  void Signal(int signal);
  // Suspends the whole group, and lets it go on.
  void Pause();
  void Resume();
  // SIGKILL to the whole group.
  void Kill();

  // After the end. True for exit code 0.
  bool succeeded() const { return !by_signal_ && code_ == 0; }
  // Ended by a signal, which is then `code`; else `code` is the exit code.
  bool by_signal() const { return by_signal_; }
  int code() const { return code_; }
  // "exited with code 1", "was killed by signal 9 (SIGKILL)".
  std::string EndText() const;

 private:
  RankProcess() = default;

  pid_t pid_ = -1;
  int pidfd_ = -1;
  bool running_ = false;
  bool by_signal_ = false;
  int code_ = 0;
};

// "9 (SIGKILL)".
std::string SignalText(int signal);

}  // namespace fts::train

#endif  // FTS_TRAIN_RANK_PROCESS_H_
