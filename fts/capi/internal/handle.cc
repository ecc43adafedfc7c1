// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/internal/handle.h"

#include <new>

#include "absl/strings/str_cat.h"
#include "fts/capi/internal/codes.h"
#include "fts/capi/internal/log.h"

namespace fts::capi {
namespace {

std::atomic<int64_t> live{0};

#ifndef __SANITIZE_ADDRESS__

// Far from any count that owners could come to.
constexpr int64_t kReleased = INT64_MIN / 2;

// A ring: what is put in pushes out the oldest.
std::atomic<void*> kept[kKeptHandles];
std::atomic<uint64_t> next_kept{0};

void Retire(void* memory) noexcept {
  // Counted stands first in every handle.
  new (memory) std::atomic<int64_t>(kReleased);
  const uint64_t place =
      next_kept.fetch_add(1, std::memory_order_relaxed) % kKeptHandles;
  ::operator delete(kept[place].exchange(memory, std::memory_order_acq_rel));
}

#else

void Retire(void* memory) noexcept { ::operator delete(memory); }

#endif

}  // namespace

Counted::Counted() noexcept { live.fetch_add(1, std::memory_order_relaxed); }

Counted::~Counted() { live.fetch_sub(1, std::memory_order_relaxed); }

void* Counted::operator new(size_t size) { return ::operator new(size); }

void Counted::operator delete(void* memory) noexcept { Retire(memory); }

int64_t LiveHandles() noexcept { return live.load(std::memory_order_relaxed); }

void LogReleased(const char* function) noexcept {
  if (!Listens(FTS_LOG_LEVEL_ERROR)) return;
  try {
    Log(FTS_LOG_LEVEL_ERROR, codes::kReleasedHandle,
        absl::StrCat("a handle was passed to ", function,
                     " that its last owner has released; nothing was done"));
  } catch (const std::bad_alloc&) {
  }
}

}  // namespace fts::capi
