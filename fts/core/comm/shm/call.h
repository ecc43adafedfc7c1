// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What one collective call moves through the channel, chunk by chunk. Knows
// bytes, not tensors.
//
// Threads: Publish and Take by one thread at a time; Finish and the rest by
// any, as said.
#ifndef FTS_CORE_COMM_SHM_CALL_H_
#define FTS_CORE_COMM_SHM_CALL_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace fts::comm::shm {

// What all ranks must agree on in a call: goes before every chunk. Plain bytes,
// compared as such.
struct Signature {
  char op[20] = {};    // "all_gather"
  char type[16] = {};  // "Float"; "" for none
  int32_t detail = 0;  // root of a broadcast, kind of a reduction
  int64_t numel = 0;
  int64_t number = 0;  // of the call on its communicator

  void Set(const char* op_name, const char* type_name, int detail_value,
           int64_t numel_value);
  // "all_gather of 12 Float (call 3)"
  std::string ToString() const;
};
static_assert(sizeof(Signature) == 56, "no padding, and fits into a header");

// The peers' data of one chunk, by rank; this rank's own entry is not used.
using Parts = std::vector<const uint8_t*>;

// out[i] = sources[0][i] op sources[1][i] op ..., in this order, for i < n. Any
// source may be `out` itself.
using ReduceFn = void (*)(const void* const* sources, int count, void* out,
                          int64_t n);

class Call {
 public:
  virtual ~Call();

  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // At least 1.
  virtual int64_t chunks() const = 0;
  // The only rank whose data is read; -1: every rank's.
  virtual int source() const { return -1; }
  // The chunk that this rank must have taken before it can publish `chunk`;
  // -1: none.
  virtual int64_t Needs(int64_t /*chunk*/) const { return -1; }
  // Fills this rank's slot, which holds slot_bytes.
  virtual void Publish(int64_t chunk, uint8_t* slot) = 0;
  // Takes what the peers published. This rank has published the chunk before.
  virtual void Take(int64_t chunk, const Parts& parts) = 0;

  Signature signature;
  // For error texts: stands in "op 'label' on name (rank r of n)".
  std::string label;
  // Its number among the collectives of this process; 0: none.
  uint64_t collective = 0;
  // What owns the memory; dropped when the call is done.
  std::shared_ptr<void> keep;

  // Since when it is its communicator's first call in flight.
  std::chrono::steady_clock::time_point started;

  // Any thread. status() is for after done().
  bool done() const { return done_.load(std::memory_order_acquire); }
  absl::Status status() const { return status_; }
  // Once; no chunk is moved any more.
  void Finish(absl::Status status);

 protected:
  Call() = default;

 private:
  std::atomic<bool> done_{false};
  absl::Status status_;
};

using CallPtr = std::shared_ptr<Call>;

// Place and size of a communicator, and what fits into a slot.
struct Group {
  int rank = 0;
  int size = 1;
  size_t slot_bytes = 0;
};

// full: size slices of slice_bytes; this rank's is its own.
CallPtr MakeAllGather(const Group& group, uint8_t* full, int64_t slice_bytes);

// input: size slices of n elements of element_bytes; output: this rank's slice
// of the reduction, perhaps input's own slice.
CallPtr MakeReduceScatter(const Group& group, const uint8_t* input,
                          uint8_t* output, int64_t n, int64_t element_bytes,
                          ReduceFn reduce);

// In place. The same bits on every rank.
CallPtr MakeAllReduce(const Group& group, uint8_t* data, int64_t n,
                      int64_t element_bytes, ReduceFn reduce);

CallPtr MakeBroadcast(const Group& group, uint8_t* data, int64_t bytes,
                      int root);

// size slices of slice_bytes each.
CallPtr MakeAllToAll(const Group& group, const uint8_t* input, uint8_t* output,
                     int64_t slice_bytes);

// Moves nothing.
CallPtr MakeBarrierCall();

}  // namespace fts::comm::shm

#endif  // FTS_CORE_COMM_SHM_CALL_H_
