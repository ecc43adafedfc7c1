// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/control.h"

#include <algorithm>
#include <cstring>

namespace fts::comm::shm {
namespace {

enum State : uint32_t { kRunning, kWritingReason, kAborted };

constexpr size_t kReasonBytes = 1016;
// A rank that was killed while it wrote the reason must not stop the others.
constexpr int kReasonTries = 20;

}  // namespace

struct Control::Shared {
  alignas(64) FutexWord state;
  char reason[kReasonBytes];
};

struct Control::Bell {
  alignas(64) FutexWord rings;
  FutexWord sleepers;
};

size_t Control::Bytes(int size) { return sizeof(Shared) + size * sizeof(Bell); }

Control::Control(void* memory, int rank, int size)
    : shared_(static_cast<Shared*>(memory)),
      bells_(reinterpret_cast<Bell*>(shared_ + 1)),
      rank_(rank),
      size_(size) {}

bool Control::Abort(const std::string& reason) {
  uint32_t expected = kRunning;
  const bool first =
      shared_->state.compare_exchange_strong(expected, kWritingReason);
  if (first) {
    const size_t size = std::min(reason.size(), kReasonBytes - 1);
    std::memcpy(shared_->reason, reason.data(), size);
    shared_->reason[size] = '\0';
    shared_->state.store(kAborted);
    FutexWakeAll(&shared_->state);
  }
  for (int rank = 0; rank < size_; ++rank) {
    bells_[rank].rings.fetch_add(1);
    FutexWakeAll(&bells_[rank].rings);
  }
  return first;
}

bool Control::aborted() const {
  return shared_->state.load(std::memory_order_acquire) != kRunning;
}

std::string Control::reason() const {
  for (int i = 0; i < kReasonTries; ++i) {
    const uint32_t state = shared_->state.load(std::memory_order_acquire);
    if (state == kRunning) return "";
    if (state == kAborted) return shared_->reason;
    FutexWait(&shared_->state, kWritingReason, std::chrono::milliseconds(5));
  }
  return "a rank ended while it said why";
}

void Control::Ring(int rank) {
  Bell& bell = bells_[rank];
  if (bell.sleepers.load() == 0) return;
  bell.rings.fetch_add(1);
  FutexWakeAll(&bell.rings);
}

uint32_t Control::PrepareSleep() {
  const uint32_t ticket = bells_[rank_].rings.load();
  bells_[rank_].sleepers.fetch_add(1);
  return ticket;
}

void Control::Sleep(uint32_t ticket, std::chrono::nanoseconds limit) {
  FutexWait(&bells_[rank_].rings, ticket, limit);
  CancelSleep();
}

void Control::CancelSleep() { bells_[rank_].sleepers.fetch_sub(1); }

}  // namespace fts::comm::shm
