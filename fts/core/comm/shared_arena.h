// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Memory that all ranks of a communicator map, with a barrier at which they
// tell each other a few words: for an engine that keeps weights and gradients
// there instead of sending them. No torch here. Which communicators have one:
// arena_service.h.
//
// Threads: Exchange by one thread at a time per rank, the same exchanges in the
// same order on all ranks; the rest from any thread.
#ifndef FTS_CORE_COMM_SHARED_ARENA_H_
#define FTS_CORE_COMM_SHARED_ARENA_H_

#include <array>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"

namespace fts::comm {

// How much memory, and how much of it when.
struct ArenaNeed {
  int64_t bytes = 0;
  // From the start on; the rest is taken page by page when it is first written,
  // as with malloc.
  int64_t taken = 0;
  // What there must be room for on this host before anything is taken: `bytes`
  // and what the caller will need beside it.
  int64_t room = 0;
};

class SharedArena {
 public:
  static constexpr int kPayloadBytes = 64;
  using Payload = std::array<uint8_t, kPayloadBytes>;

  virtual ~SharedArena() = default;
  SharedArena(const SharedArena&) = delete;
  SharedArena& operator=(const SharedArena&) = delete;

  // At a page's start; zero at first. Valid while this object lives.
  virtual uint8_t* data() const = 0;
  virtual int64_t bytes() const = 0;

  // Hands `mine` to all ranks and fills `all`, by rank. Blocks until every rank
  // has called it. What a rank wrote before, all ranks see afterwards. `what`
  // names the exchange in errors and to a WaitObserver; a literal.
  // Errors: those of communicator.h's calls, which end the communicator too.
  [[nodiscard]] virtual absl::Status Exchange(const char* what,
                                              const Payload& mine,
                                              std::vector<Payload>* all) = 0;

  // Gives back the pages that lie wholly in [begin, begin + bytes): they read
  // zero from now on, on all ranks, and are taken again when somebody writes
  // (or reads) there. Nobody uses them meanwhile.
  [[nodiscard]] virtual absl::Status GiveBack(int64_t begin, int64_t bytes) = 0;

 protected:
  SharedArena() = default;
};

}  // namespace fts::comm

#endif  // FTS_CORE_COMM_SHARED_ARENA_H_
