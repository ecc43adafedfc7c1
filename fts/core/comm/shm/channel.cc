// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/channel.h"

#include <atomic>

namespace fts::comm::shm {

// On lines of their own, and in pairs of lines, because processors fetch two.
struct Channel::Counters {
  alignas(128) std::atomic<uint64_t> written;
  alignas(128) std::atomic<uint64_t> read;
  alignas(128) std::atomic<uint32_t> left;
};

size_t Channel::Bytes(int size, size_t slot_bytes) {
  return size * (sizeof(Counters) + kSlots * (kHeaderBytes + slot_bytes));
}

Channel::Channel(void* memory, int rank, int size, size_t slot_bytes)
    : counters_(static_cast<Counters*>(memory)),
      slots_(reinterpret_cast<uint8_t*>(counters_ + size)),
      rank_(rank),
      size_(size),
      slot_bytes_(slot_bytes) {}

bool Channel::SlotFree() const {
  if (published_ < kSlots) return true;
  for (int rank = 0; rank < size_; ++rank) {
    if (rank == rank_) continue;
    if (counters_[rank].read.load() + kSlots <= published_) return false;
  }
  return true;
}

uint8_t* Channel::SlotAt(int rank, uint64_t chunk) const {
  return slots_ + (static_cast<size_t>(rank) * kSlots + chunk % kSlots) *
                      (kHeaderBytes + slot_bytes_);
}

uint8_t* Channel::OwnSlot() const { return SlotAt(rank_, published_); }

void Channel::Publish() { counters_[rank_].written.store(++published_); }

bool Channel::Arrived(int rank) const {
  return counters_[rank].written.load() > taken_;
}

const uint8_t* Channel::Slot(int rank) const { return SlotAt(rank, taken_); }

void Channel::Take() { counters_[rank_].read.store(++taken_); }

std::vector<int> Channel::Missing(bool publish) const {
  std::vector<int> missing;
  for (int rank = 0; rank < size_; ++rank) {
    if (rank == rank_) continue;
    if (publish ? counters_[rank].read.load() + kSlots <= published_
                : !Arrived(rank)) {
      missing.push_back(rank);
    }
  }
  return missing;
}

void Channel::Leave() { counters_[rank_].left.store(1); }

bool Channel::Left(int rank) const { return counters_[rank].left.load() != 0; }

}  // namespace fts::comm::shm
