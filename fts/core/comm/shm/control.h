// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What all ranks of a job share besides data: whether the job was aborted and
// why, and a doorbell per rank, which wakes it when something happened that it
// may wait for.
//
// Threads: safe to use from any thread of any rank.
#ifndef FTS_CORE_COMM_SHM_CONTROL_H_
#define FTS_CORE_COMM_SHM_CONTROL_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "fts/core/comm/shm/futex.h"

namespace fts::comm::shm {

// [Note: doorbells]
//
// A rank that runs out of work announces that it sleeps, looks once more
// whether there is work, and only then waits for its doorbell to change. One
// that makes work first makes it, then looks who sleeps. All four accesses are
// sequentially consistent, so at least one of the two sees the other: no wake
// is lost, and where nobody sleeps ringing is one load.
class Control {
 public:
  static size_t Bytes(int size);

  // `memory` has Bytes(size) bytes, was zero when the first rank came, is
  // aligned to 64, and outlives this object.
  Control(void* memory, int rank, int size);

  int rank() const { return rank_; }
  int size() const { return size_; }

  // Ends the job for all ranks. The first reason stays, cut to about a
  // thousand characters. True when this was the first.
  bool Abort(const std::string& reason);
  bool aborted() const;
  // "" when not aborted.
  std::string reason() const;

  // Wakes `rank` if it sleeps.
  void Ring(int rank);

  // Sleeping is: ticket = PrepareSleep(); look for work once more; then
  // Sleep(ticket) or CancelSleep(). Several threads of a rank may do so.
  uint32_t PrepareSleep();
  void Sleep(uint32_t ticket, std::chrono::nanoseconds limit);
  void CancelSleep();

 private:
  struct Shared;
  struct Bell;

  Shared* const shared_;
  Bell* const bells_;
  const int rank_;
  const int size_;
};

}  // namespace fts::comm::shm

#endif  // FTS_CORE_COMM_SHM_CONTROL_H_
