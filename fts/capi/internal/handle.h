// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Counting of handles. A handle type derives from Counted, first and alone, and
// is deleted with its last owner.
//
// [Note: released handles]
// A handle that is used after its last release is a mistake of the caller's
// that must not pass in silence. The memory of the last kKeptHandles deleted
// handles is therefore kept, with a count that marks it: retain and release
// then do nothing but log an error (released_handle), and calls that check
// their arguments fail (guard.h: NotNull). Older ones are as any freed memory.
// Under AddressSanitizer nothing is kept: it sees more.
// Threads: counts are atomic.

#ifndef FTS_CAPI_INTERNAL_HANDLE_H_
#define FTS_CAPI_INTERNAL_HANDLE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace fts::capi {

inline constexpr int kKeptHandles = 256;

struct Counted {
  Counted() noexcept;
  ~Counted();
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  static void* operator new(size_t size);
  static void* operator new(size_t, void* room) noexcept { return room; }
  static void operator delete(void* memory) noexcept;

  std::atomic<int64_t> owners{1};
};

// Handles alive, of all kinds.
int64_t LiveHandles() noexcept;

// Logs that a handle without owners was passed to a retain or release.
void LogReleased(const char* function) noexcept;

template <typename Handle>
void Retain(Handle* handle) noexcept {
  if (handle == nullptr) return;
  if (handle->owners.fetch_add(1, std::memory_order_relaxed) > 0) return;
  handle->owners.fetch_sub(1, std::memory_order_relaxed);
  LogReleased("retain");
}

template <typename Handle>
void Release(Handle* handle) noexcept {
  if (handle == nullptr) return;
  const int64_t owners = handle->owners.fetch_sub(1, std::memory_order_acq_rel);
  if (owners == 1) {
    delete handle;
  } else if (owners < 1) {
    handle->owners.fetch_add(1, std::memory_order_relaxed);
    LogReleased("release");
  }
}

}  // namespace fts::capi

#endif  // FTS_CAPI_INTERNAL_HANDLE_H_
