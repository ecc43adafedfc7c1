// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// One rank hands memory to the others: over a socket without a file, whose
// name is random, to processes of the same user only. All of them end up with
// the memory mapped, or none does and all know why.
//
// Threads: confined; ranks that are threads each have their own object.
#ifndef FTS_CORE_COMM_SHM_HANDOFF_H_
#define FTS_CORE_COMM_SHM_HANDOFF_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/comm/shm/arena.h"
#include "fts/core/comm/shm/descriptor.h"

namespace fts::comm::shm {

// 128 random bits: the name of a socket that only those can find who are told.
using SocketToken = std::array<uint8_t, 16>;

// [Note: handing over]
//
// An abstract Unix socket (its address starts with a zero byte) has no file and
// is gone with its process. Anyone in the network namespace may connect to one
// whose name he knows, so both sides ask the kernel who the other is
// (SO_PEERCRED) and leave unless it is the same user.
// Per member, over one connection: its place -> the descriptor (SCM_RIGHTS) ->
// whether it could map it -> the verdict: OK when all members could. Whoever
// fails on the way tells the others by that, or by closing the connection.
class HandoffServer {
 public:
  // Errors: INTERNAL or RESOURCE_EXHAUSTED, with the failed system call.
  static absl::StatusOr<HandoffServer> Open();

  const SocketToken& token() const { return token_; }

  // Hands `arena` to the members 1 .. size - 1 (0 is the caller), blocks until
  // all have it, and closes the socket. `own` is what the caller found itself:
  // an error makes the verdict one, and no descriptor is handed out (`arena`
  // may be null then).
  // Errors: `own`, that of the first member that failed, or DEADLINE_EXCEEDED
  // naming the members that did not come. The members get the same text.
  [[nodiscard]] absl::Status Serve(Arena* arena, int size,
                                   std::chrono::nanoseconds limit,
                                   absl::Status own = absl::OkStatus());

 private:
  explicit HandoffServer(const SocketToken& token, Descriptor socket)
      : token_(token), socket_(std::move(socket)) {}

  SocketToken token_;
  Descriptor socket_;
};

// Member `place` of those that the owner of `token` serves. `bytes` is the size
// the memory must have. Blocks until all members have it.
// Errors: UNAVAILABLE where there is no such socket or its owner ended;
// PERMISSION_DENIED where it belongs to another user; DEADLINE_EXCEEDED; what
// the server or a member failed with.
absl::StatusOr<std::shared_ptr<Arena>> ReceiveArena(
    const SocketToken& token, int place, int64_t bytes,
    std::chrono::nanoseconds limit);

}  // namespace fts::comm::shm

#endif  // FTS_CORE_COMM_SHM_HANDOFF_H_
