// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Keeps SIGPIPE away from threads that write to sockets.
// For .cc files of comm only.
//
// Threads: an object belongs to the thread that made it.
#ifndef FTS_CORE_COMM_SIGPIPE_H_
#define FTS_CORE_COMM_SIGPIPE_H_

#include <signal.h>
#include <time.h>

namespace fts::comm {

// [Note: SIGPIPE]
//
// Gloo writes to its sockets with writev(), so a peer that is gone raises
// SIGPIPE, whose default is to end this process without a word. (Python ignores
// the signal; a C++ program need not.) A library does not change what a process
// does with a signal. But threads inherit the mask of the thread that makes
// them: while this object lives, SIGPIPE is blocked here and for ever in
// threads made meanwhile, which then see EPIPE instead.
class SigpipeBlocked {
 public:
  SigpipeBlocked() {
    sigemptyset(&sigpipe_);
    sigaddset(&sigpipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &sigpipe_, &old_mask_);
  }

  // Swallows one that was raised here meanwhile.
  ~SigpipeBlocked() {
    sigset_t pending;
    sigpending(&pending);
    if (!was_pending_ && sigismember(&pending, SIGPIPE) == 1) {
      const timespec at_once = {0, 0};
      sigtimedwait(&sigpipe_, nullptr, &at_once);
    }
    pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
  }

  SigpipeBlocked(const SigpipeBlocked&) = delete;
  SigpipeBlocked& operator=(const SigpipeBlocked&) = delete;

 private:
  sigset_t sigpipe_;
  sigset_t old_mask_;
  bool was_pending_ = false;
};

}  // namespace fts::comm

#endif  // FTS_CORE_COMM_SIGPIPE_H_
