// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/wait_observer.h"

namespace fts::comm {
namespace {

std::atomic<uint64_t> g_collectives{0};

}  // namespace

namespace internal {
std::atomic<WaitObserver*> wait_observer{nullptr};
}  // namespace internal

WaitObserver::~WaitObserver() = default;

void SetWaitObserver(WaitObserver* observer) {
  internal::wait_observer.store(observer, std::memory_order_release);
}

uint64_t NextCollective() {
  const uint64_t number =
      g_collectives.fetch_add(1, std::memory_order_relaxed) + 1;
  WaitObserver* observer =
      internal::wait_observer.load(std::memory_order_acquire);
  if (observer != nullptr) observer->Issued(number);
  return number;
}

}  // namespace fts::comm
