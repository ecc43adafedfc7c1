// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Whether the processes of the other ranks still live.
//
// Threads: safe to use from any thread.
#ifndef FTS_CORE_COMM_SHM_PEERS_H_
#define FTS_CORE_COMM_SHM_PEERS_H_

#include <sys/types.h>

#include <vector>

namespace fts::comm::shm {

// [Note: liveness]
//
// A pidfd stays with its process: it becomes readable when the process ends,
// also while nobody has reaped it, and it cannot come to mean another process
// that gets the same number. Where the kernel has none, kill(pid, 0) and the
// process's state have to do. A rank that is a thread of this process lives as
// long as we do.
class Peers {
 public:
  // `pids[rank]`, all of which live now (the ranks have just met).
  explicit Peers(std::vector<pid_t> pids);
  ~Peers();

  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;

  int size() const { return static_cast<int>(pids_.size()); }
  pid_t pid(int rank) const { return pids_[rank]; }

  // True once the process of `rank` has ended. Never blocks.
  bool Gone(int rank) const;

  // For tests: as on a kernel without pidfds.
  void ForgetDescriptors();

 private:
  const std::vector<pid_t> pids_;
  const pid_t own_pid_;
  std::vector<int> descriptors_;  // -1: none
};

}  // namespace fts::comm::shm

#endif  // FTS_CORE_COMM_SHM_PEERS_H_
