// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A stream of chunks from every rank of a communicator to all others, through
// two slots of shared memory per rank.
//
// Threads: one thread at a time per rank; why_gone() and Leave() from any.
#ifndef FTS_CORE_COMM_SHM_CHANNEL_H_
#define FTS_CORE_COMM_SHM_CHANNEL_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fts::comm::shm {

// [Note: the channel]
//
// All ranks go through the same sequence of chunks k = 0, 1, 2, ... Each
// publishes its part of chunk k by filling its slot k & 1 and raising `written`
// to k + 1, and takes the peers' parts by reading their slots and raising
// `read` to k + 1. A slot may be filled again, for chunk k, once every peer has
// read chunk k - 2 from it; a peer's slot may be read once its `written` says
// so. Nobody waits for a peer to be in the same call at the same time: a rank
// may be two chunks ahead of the slowest, which makes a call that fits two
// slots asynchronous without a thread of its own.
//
// `written` and `read` are sequentially consistent, for the doorbells' sake
// (control.h), and so order the slots' bytes, which are plain memory.
class Channel {
 public:
  static constexpr int kSlots = 2;
  // What stands before the data of each chunk, for the reader to check.
  static constexpr size_t kHeaderBytes = 64;

  // slot_bytes: data of one slot, a multiple of 64.
  static size_t Bytes(int size, size_t slot_bytes);

  // `memory` has Bytes() bytes, was zero when the first rank came, is aligned
  // to 64, and outlives this object.
  Channel(void* memory, int rank, int size, size_t slot_bytes);

  int rank() const { return rank_; }
  int size() const { return size_; }
  size_t slot_bytes() const { return slot_bytes_; }

  // Chunks that this rank has published and taken.
  uint64_t published() const { return published_; }
  uint64_t taken() const { return taken_; }

  // Whether this rank may fill its slot for the next chunk.
  bool SlotFree() const;
  // The slot to fill: kHeaderBytes, then the data. Then Publish().
  uint8_t* OwnSlot() const;
  void Publish();

  // Whether the next chunk's part of `rank` (a peer, or this rank) is there.
  bool Arrived(int rank) const;
  // Where that part stands, from its header on.
  const uint8_t* Slot(int rank) const;
  void Take();

  // Ranks that SlotFree() (`publish`) or Arrived() waits for.
  std::vector<int> Missing(bool publish) const;

  // Tells the peers that this rank will publish nothing more.
  void Leave();
  bool Left(int rank) const;

 private:
  struct Counters;

  uint8_t* SlotAt(int rank, uint64_t chunk) const;

  Counters* const counters_;
  uint8_t* const slots_;
  const int rank_;
  const int size_;
  const size_t slot_bytes_;
  uint64_t published_ = 0;
  uint64_t taken_ = 0;
};

}  // namespace fts::comm::shm

#endif  // FTS_CORE_COMM_SHM_CHANNEL_H_
