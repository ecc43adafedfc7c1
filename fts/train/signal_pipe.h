// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Signals as bytes in a pipe, so that a poll loop can take them in turn.
// Threads: one SignalPipe at a time in a process.
#ifndef FTS_TRAIN_SIGNAL_PIPE_H_
#define FTS_TRAIN_SIGNAL_PIPE_H_

#include <signal.h>

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace fts::train {

// While it lives: SIGINT, SIGTERM, SIGHUP and SIGTSTP arrive in the pipe
// instead of ending or stopping the process (a signal that was ignored stays
// ignored, as under nohup), SIGPIPE is ignored, and children can be waited for.
// Destroying it restores what was there before.
class SignalPipe {
 public:
  static absl::StatusOr<std::unique_ptr<SignalPipe>> Create();
  ~SignalPipe();
  SignalPipe(const SignalPipe&) = delete;
  SignalPipe& operator=(const SignalPipe&) = delete;

  // Readable when a signal has arrived.
  int fd() const { return read_fd_; }
  // The next signal, or 0 when there is none.
  int Next();
  // Does what SIGTSTP does where nobody handles it: stops this process until
  // somebody continues it; nothing where nobody could (an orphaned group).
  void Suspend();

 private:
  SignalPipe() = default;
  void Replace(int signal, void (*handler)(int));

  int read_fd_ = -1;
  std::vector<std::pair<int, struct sigaction>> before_;
};

}  // namespace fts::train

#endif  // FTS_TRAIN_SIGNAL_PIPE_H_
