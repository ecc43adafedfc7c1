// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What the kernel says a process is doing, of /proc.
// Threads: no state.
#ifndef FTS_TRAIN_PROCESS_STATE_H_
#define FTS_TRAIN_PROCESS_STATE_H_

#include <sys/types.h>

#include <string>

namespace fts::train {

struct ProcessState {
  // Of the first thread, as in ps: R running, S asleep, D asleep and deaf to
  // signals, T stopped, t held by a debugger, Z ended; '?': not known.
  char code = '?';
  std::string sleeps_in;  // the kernel's function, where it tells

  bool stopped() const { return code == 'T'; }
  bool debugged() const { return code == 't'; }
  // What follows "its process 4711 ": "is running", "is stopped", "sleeps in
  // the kernel (pipe_read)".
  std::string ToString() const;
};

ProcessState ReadProcessState(pid_t pid);

}  // namespace fts::train

#endif  // FTS_TRAIN_PROCESS_STATE_H_
