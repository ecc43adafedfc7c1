// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Memory that several processes of one host map. It has no name anywhere: it
// is gone when the last of them has ended, however it ended.
//
// Threads: an arena is immutable; what stands in its memory is not its matter.
#ifndef FTS_CORE_COMM_SHM_ARENA_H_
#define FTS_CORE_COMM_SHM_ARENA_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/comm/shared_arena.h"
#include "fts/core/comm/shm/descriptor.h"
#include "fts/core/comm/shm/memory_room.h"

namespace fts::comm::shm {

// [Note: arenas]
//
// A memfd: an anonymous file in memory, which the size of /dev/shm does not
// limit. What it says is taken at once (fallocate; all of it unless told
// otherwise), so that shortage is an error here and not a SIGBUS in the middle
// of training; the rest comes page by page when it is first written. It is
// sealed, so that no process can shrink it under the others. Pages can still be
// given back one by one with madvise(MADV_REMOVE) on the mapping, through which
// they read zero in all processes. The descriptor is needed only to hand the
// memory on; the mapping stays without it.
class Arena {
 public:
  // Zeroed memory, all of it taken at once.
  // Errors: INVALID_ARGUMENT unless bytes > 0; RESOURCE_EXHAUSTED where
  // `room` or the process's file size limit does not allow it, or the kernel
  // has none; UNIMPLEMENTED where the kernel has no memfd.
  static absl::StatusOr<std::shared_ptr<Arena>> Create(
      int64_t bytes, const MemoryRoom& room = ReadMemoryRoom());
  // The same with need.taken of need.bytes taken at once, where there is room
  // for need.room.
  static absl::StatusOr<std::shared_ptr<Arena>> Create(
      const ArenaNeed& need, const MemoryRoom& room = ReadMemoryRoom());

  // Maps the memory behind a descriptor that another process created.
  // Errors: INVALID_ARGUMENT unless it has exactly `bytes` bytes and is sealed;
  // RESOURCE_EXHAUSTED where it cannot be mapped.
  static absl::StatusOr<std::shared_ptr<Arena>> Map(Descriptor descriptor,
                                                    int64_t bytes);

  ~Arena();

  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // At a page's start.
  uint8_t* data() const { return data_; }
  int64_t bytes() const { return bytes_; }

  // To hand it on; -1 after CloseDescriptor().
  int descriptor() const { return descriptor_.get(); }
  void CloseDescriptor() { descriptor_.Close(); }

 private:
  Arena(Descriptor descriptor, uint8_t* data, int64_t bytes);

  Descriptor descriptor_;
  uint8_t* const data_;
  const int64_t bytes_;
};

}  // namespace fts::comm::shm

#endif  // FTS_CORE_COMM_SHM_ARENA_H_
