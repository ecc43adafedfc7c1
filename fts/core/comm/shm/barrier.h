// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A barrier between ranks that share memory, at which each hands 64 bytes to
// all others.
//
// Threads: one thread per rank waits; Break() may be called from any thread.
#ifndef FTS_CORE_COMM_SHM_BARRIER_H_
#define FTS_CORE_COMM_SHM_BARRIER_H_

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "fts/core/comm/shm/futex.h"

namespace fts::comm::shm {

// [Note: the barrier]
//
// One word holds generation << 1 | broken. Ranks count themselves in with an
// acq_rel addition, so the last one has seen what all others wrote; it raises
// the generation (release), for which the others wait (acquire). The word
// changes from "generation g" to either "g + 1" or "g, broken", by
// compare-and-swap: a barrier that was given up can never look passed, and one
// that was passed can never look given up. Once broken it stays so.
//
// Payloads stand in two sets of slots, used in turn. A rank that enters round
// r + 2, and so overwrites the slots of round r, has passed round r + 1, which
// every rank entered only after it had read the slots of round r. One barrier
// per exchange is therefore enough; with one set it takes two.
//
// Waiting is looking `spin` times, then sleeping in slices of 50 ms, after each
// of which peers are looked at. A peer that is stopped, or computes, is caught
// by the limit only; each rank's count of arrivals tells who is missing.
class Barrier {
 public:
  static constexpr int kPayloadBytes = 64;
  using Payload = std::array<uint8_t, kPayloadBytes>;

  struct Options {
    int spin = kSpinAlone;
    // Why `rank` will not come any more ("rank 1 (process 7) has ended"), or
    // "" while it may. Asked after each slice about those that are missing.
    std::function<std::string(int rank)> why_gone;
    // Asked after each slice; an error ends the wait with it.
    std::function<absl::Status()> check;
  };

  // Of shared memory, for `size` ranks.
  static size_t Bytes(int size);

  // `memory` has Bytes(size) bytes, was all zero when the first rank came, is
  // aligned to 64, and outlives this object.
  Barrier(void* memory, int rank, int size, Options options);

  // Hands `mine` to all ranks and fills `all`, by rank. Blocks until every rank
  // has called it. Acts as a fence: what ranks wrote before, all ranks see.
  // Errors; after the second and the third the barrier is broken:
  //   FAILED_PRECONDITION  this process was forked from the one of the rank
  //   DEADLINE_EXCEEDED    ranks are missing after `limit`
  //   UNAVAILABLE          why_gone() spoke, or the barrier was broken
  [[nodiscard]] absl::Status Exchange(const Payload& mine,
                                      std::chrono::nanoseconds limit,
                                      std::vector<Payload>* all);

  // The same with nothing to say.
  [[nodiscard]] absl::Status Wait(std::chrono::nanoseconds limit);

  // Ends the wait of all ranks, now and later, with UNAVAILABLE.
  void Break();

  // Ranks that have not arrived at this rank's present round.
  std::vector<int> Missing() const;

 private:
  struct Shared;
  struct Arrivals;

  absl::Status Arrive(std::chrono::nanoseconds limit);
  absl::Status Await(uint32_t waiting, std::chrono::nanoseconds limit);
  // Breaks the barrier unless it was passed or broken meanwhile; then that.
  absl::Status GiveUp(uint32_t waiting, absl::Status why);
  uint8_t* Slot(uint64_t round, int rank) const;

  Shared* const shared_;
  Arrivals* const arrivals_;
  uint8_t* const slots_;
  const int rank_;
  const int size_;
  const Options options_;
  const pid_t owner_;
  uint64_t round_ = 0;
};

}  // namespace fts::comm::shm

#endif  // FTS_CORE_COMM_SHM_BARRIER_H_
