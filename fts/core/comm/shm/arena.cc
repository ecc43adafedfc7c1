// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/arena.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"

namespace fts::comm::shm {
namespace {

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

absl::Status Failed(int64_t bytes, const char* call, int error) {
  const std::string text = absl::StrCat(
      "shared memory of ", bytes, " bytes: ", call, ": ", strerror(error));
  if (error == ENOSYS) return absl::UnimplementedError(text);
  if (error == ENOSPC || error == ENOMEM || error == EFBIG || error == EMFILE ||
      error == ENFILE) {
    return absl::ResourceExhaustedError(text);
  }
  return absl::InternalError(text);
}

// Whatever is known of the room: the kernel tries to fill any wish, and ends
// other processes for it.
absl::Status CheckPhysicalMemory(int64_t bytes) {
  const int64_t pages = sysconf(_SC_PHYS_PAGES);
  const int64_t page = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page <= 0 || bytes / page < pages) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("shared memory needs ", bytes,
                   " bytes but this machine has ", pages * page, " in all"));
}

// A file in memory obeys the limit, and the signal of going past it ends the
// process.
absl::Status CheckFileSizeLimit(int64_t bytes) {
  rlimit limit;
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
      static_cast<uint64_t>(bytes) <= limit.rlim_cur) {
    return absl::OkStatus();
  }
  return absl::ResourceExhaustedError(
      absl::StrCat("shared memory needs ", bytes,
                   " bytes but this process may write files of ",
                   limit.rlim_cur, " only; raise ulimit -f"));
}

absl::StatusOr<uint8_t*> MapShared(int descriptor, int64_t bytes) {
  void* data = mmap(nullptr, static_cast<size_t>(bytes), PROT_READ | PROT_WRITE,
                    MAP_SHARED, descriptor, 0);
  if (data == MAP_FAILED) return Failed(bytes, "mmap", errno);
  return static_cast<uint8_t*>(data);
}

}  // namespace

Arena::Arena(Descriptor descriptor, uint8_t* data, int64_t bytes)
    : descriptor_(std::move(descriptor)), data_(data), bytes_(bytes) {}

Arena::~Arena() { munmap(data_, static_cast<size_t>(bytes_)); }

absl::StatusOr<std::shared_ptr<Arena>> Arena::Create(int64_t bytes,
                                                     const MemoryRoom& room) {
  return Create(ArenaNeed{bytes, bytes, bytes}, room);
}

absl::StatusOr<std::shared_ptr<Arena>> Arena::Create(const ArenaNeed& need,
                                                     const MemoryRoom& room) {
  const int64_t bytes = need.bytes;
  if (bytes <= 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("shared memory of ", bytes, " bytes; must be at least 1"));
  }
  FTS_RETURN_IF_ERROR(CheckPhysicalMemory(need.room));
  FTS_RETURN_IF_ERROR(CheckMemoryRoom(need.room, room));
  FTS_RETURN_IF_ERROR(CheckFileSizeLimit(bytes));
  // The name is for /proc/PID/maps only.
  Descriptor descriptor(
      memfd_create("fts-shm", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!descriptor.valid()) return Failed(bytes, "memfd_create", errno);
  if (ftruncate(descriptor.get(), bytes) != 0) {
    return Failed(bytes, "ftruncate", errno);
  }
  int error = 0;
  do {
    error =
        need.taken > 0 ? posix_fallocate(descriptor.get(), 0, need.taken) : 0;
  } while (error == EINTR);
  if (error != 0) return Failed(bytes, "fallocate", error);
  if (fcntl(descriptor.get(), F_ADD_SEALS, kSeals) != 0) {
    return Failed(bytes, "F_ADD_SEALS", errno);
  }
  FTS_ASSIGN_OR_RETURN(uint8_t * data, MapShared(descriptor.get(), bytes));
  return std::shared_ptr<Arena>(new Arena(std::move(descriptor), data, bytes));
}

absl::StatusOr<std::shared_ptr<Arena>> Arena::Map(Descriptor descriptor,
                                                  int64_t bytes) {
  struct stat info;
  if (bytes <= 0 || fstat(descriptor.get(), &info) != 0 ||
      info.st_size != bytes ||
      (fcntl(descriptor.get(), F_GET_SEALS) & kSeals) != kSeals) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the descriptor that was handed over is not sealed memory of ", bytes,
        " bytes; do all ranks run the same build?"));
  }
  FTS_ASSIGN_OR_RETURN(uint8_t * data, MapShared(descriptor.get(), bytes));
  return std::shared_ptr<Arena>(new Arena(std::move(descriptor), data, bytes));
}

}  // namespace fts::comm::shm
