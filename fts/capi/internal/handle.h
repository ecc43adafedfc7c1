// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Counting of handles. A handle type derives from Counted and is deleted with
// its last owner.
// Threads: counts are atomic.

#ifndef FTS_CAPI_INTERNAL_HANDLE_H_
#define FTS_CAPI_INTERNAL_HANDLE_H_

#include <atomic>
#include <cstdint>

namespace fts::capi {

struct Counted {
  std::atomic<int64_t> owners{1};
};

template <typename Handle>
void Retain(Handle* handle) noexcept {
  if (handle != nullptr) {
    handle->owners.fetch_add(1, std::memory_order_relaxed);
  }
}

template <typename Handle>
void Release(Handle* handle) noexcept {
  if (handle == nullptr) return;
  if (handle->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    delete handle;
  }
}

}  // namespace fts::capi

#endif  // FTS_CAPI_INTERNAL_HANDLE_H_
