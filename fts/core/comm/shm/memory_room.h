// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// How much memory this process may still take, and whether that is enough.
// Reads /proc and /sys.
//
// Threads: pure functions of those files.
#ifndef FTS_CORE_COMM_SHM_MEMORY_ROOM_H_
#define FTS_CORE_COMM_SHM_MEMORY_ROOM_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"

namespace fts::comm::shm {

struct MemoryRoom {
  // Bytes; nothing where it is not known or not limited.
  std::optional<int64_t> machine;  // MemAvailable
  // The tightest of the control groups this process is in (version 1 or 2);
  // cached files count as free.
  std::optional<int64_t> control_group;
};

// `root` stands before every path, for tests.
MemoryRoom ReadMemoryRoom(const std::string& root = "");

// [Note: room for shared memory]
//
// Taking more than there is does not fail: in a control group, and on most
// machines, the kernel kills a process instead. So the room is compared before
// anything is taken.
//
// Errors: RESOURCE_EXHAUSTED, naming the need, what is there, and the limit.
absl::Status CheckMemoryRoom(int64_t bytes, const MemoryRoom& room);

}  // namespace fts::comm::shm

#endif  // FTS_CORE_COMM_SHM_MEMORY_ROOM_H_
