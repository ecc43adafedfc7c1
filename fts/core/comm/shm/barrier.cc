// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/barrier.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fts/core/base/status.h"

namespace fts::comm::shm {
namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr uint32_t kBroken = 1;

}  // namespace

// Words that different ranks write stand on cache lines of their own.
struct Barrier::Shared {
  alignas(64) FutexWord word;
  FutexWord sleepers;
  alignas(64) FutexWord arrived;
};

struct Barrier::Arrivals {
  alignas(64) std::atomic<uint64_t> rounds;
};

size_t Barrier::Bytes(int size) {
  return sizeof(Shared) + size * (sizeof(Arrivals) + 2 * kPayloadBytes);
}

Barrier::Barrier(void* memory, int rank, int size, Options options)
    : shared_(static_cast<Shared*>(memory)),
      arrivals_(reinterpret_cast<Arrivals*>(shared_ + 1)),
      slots_(reinterpret_cast<uint8_t*>(arrivals_ + size)),
      rank_(rank),
      size_(size),
      options_(std::move(options)),
      owner_(getpid()) {}

uint8_t* Barrier::Slot(uint64_t round, int rank) const {
  return slots_ + ((round & 1) * size_ + rank) * kPayloadBytes;
}

absl::Status Barrier::Exchange(const Payload& mine, nanoseconds limit,
                               std::vector<Payload>* all) {
  const uint64_t round = round_;
  // Before the slots are touched: a fork must not write into its parent's.
  if (getpid() == owner_) {
    std::memcpy(Slot(round, rank_), mine.data(), kPayloadBytes);
  }
  FTS_RETURN_IF_ERROR(Arrive(limit));
  all->resize(size_);
  for (int rank = 0; rank < size_; ++rank) {
    std::memcpy((*all)[rank].data(), Slot(round, rank), kPayloadBytes);
  }
  return absl::OkStatus();
}

absl::Status Barrier::Wait(nanoseconds limit) { return Arrive(limit); }

absl::Status Barrier::Arrive(nanoseconds limit) {
  if (getpid() != owner_) {
    return absl::FailedPreconditionError(absl::StrCat(
        "process ", getpid(), " was forked from process ", owner_,
        ", which is rank ", rank_,
        "; only that one may call it: fork before the ranks meet, or exec"));
  }
  const uint32_t waiting = shared_->word.load(std::memory_order_acquire);
  if (waiting & kBroken) return GiveUp(waiting, absl::OkStatus());
  arrivals_[rank_].rounds.store(round_ + 1, std::memory_order_release);
  const uint32_t before =
      shared_->arrived.fetch_add(1, std::memory_order_acq_rel);
  if (before + 1 < static_cast<uint32_t>(size_)) {
    FTS_RETURN_IF_ERROR(Await(waiting, limit));
  } else {
    shared_->arrived.store(0, std::memory_order_relaxed);
    uint32_t expected = waiting;
    if (!shared_->word.compare_exchange_strong(expected, waiting + 2)) {
      return GiveUp(waiting, absl::OkStatus());
    }
    // Sequentially consistent on both sides: either we see the sleeper, or it
    // sees the new word.
    if (shared_->sleepers.load() > 0) FutexWakeAll(&shared_->word);
  }
  ++round_;
  return absl::OkStatus();
}

absl::Status Barrier::Await(uint32_t waiting, nanoseconds limit) {
  const auto passed = [&](uint32_t word) { return word >> 1 != waiting >> 1; };
  for (int i = 0; i < options_.spin; ++i) {
    const uint32_t word = shared_->word.load(std::memory_order_acquire);
    if (passed(word)) return absl::OkStatus();
    if (word & kBroken) break;
    Pause();
  }
  const auto end = steady_clock::now() + limit;
  while (true) {
    const nanoseconds left = end - steady_clock::now();
    shared_->sleepers.fetch_add(1);
    FutexWait(&shared_->word, waiting, std::min<nanoseconds>(left, kWaitSlice));
    shared_->sleepers.fetch_sub(1);
    const uint32_t word = shared_->word.load(std::memory_order_acquire);
    if (passed(word)) return absl::OkStatus();
    if (word & kBroken) return GiveUp(waiting, absl::OkStatus());
    if (options_.check) {
      absl::Status status = options_.check();
      if (!status.ok()) return GiveUp(waiting, std::move(status));
    }
    const std::vector<int> missing = Missing();
    for (const int rank : missing) {
      std::string why = options_.why_gone ? options_.why_gone(rank) : "";
      if (!why.empty()) {
        return GiveUp(waiting, absl::UnavailableError(std::move(why)));
      }
    }
    if (steady_clock::now() < end) continue;
    return GiveUp(
        waiting,
        absl::DeadlineExceededError(absl::StrCat(
            missing.size() == 1 ? "rank " : "ranks ",
            absl::StrJoin(missing, ", "), " did not come within ",
            std::chrono::duration_cast<std::chrono::milliseconds>(limit)
                .count(),
            " ms")));
  }
}

absl::Status Barrier::GiveUp(uint32_t waiting, absl::Status why) {
  uint32_t word = waiting;
  const bool ours = !why.ok() && shared_->word.compare_exchange_strong(
                                     word, waiting | kBroken);
  if (ours) {
    FutexWakeAll(&shared_->word);
    return why;
  }
  if (!why.ok() && word >> 1 != waiting >> 1) return absl::OkStatus();
  return absl::UnavailableError("the barrier was given up");
}

void Barrier::Break() {
  shared_->word.fetch_or(kBroken);
  FutexWakeAll(&shared_->word);
}

std::vector<int> Barrier::Missing() const {
  std::vector<int> missing;
  for (int rank = 0; rank < size_; ++rank) {
    if (arrivals_[rank].rounds.load(std::memory_order_acquire) <= round_) {
      missing.push_back(rank);
    }
  }
  return missing;
}

}  // namespace fts::comm::shm
