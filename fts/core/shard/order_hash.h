// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What collectives this rank issued in the present step, in order, as a rolling
// hash that ranks compare once per step and as a list that tells, when the
// hashes differ, where they parted.
//
// [Note: the order hash]
// Ranks that issue the same collectives have the same hash. Ranks whose calls
// differ in size or kind usually hang or fail in the communicator before they
// can compare; what the hash finds is what nothing else does: two layers of one
// size in another order, which gives wrong weights without any error.
//
// Gathers, reductions and sums over the replicas are hashed apart. They run on
// communicators of their own, and how they interleave may differ between ranks
// that use different parameters of a unit.
//
// The bound form has no collective of a unit. There the modules that ran with
// gradients stand in their place.
//
// The hash has 52 bits, so that a double holds it. Each rank puts its own into
// its own place of the vector that a step sums over the ranks anyway, zeros
// elsewhere: the sum is exact, costs no collective, and says which rank
// differs.
//
// Threads: confined to the training thread.

#ifndef FTS_CORE_SHARD_ORDER_HASH_H_
#define FTS_CORE_SHARD_ORDER_HASH_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fts::shard {

class OrderHash {
 public:
  enum Lane { kGather, kReduce, kReplica, kModule, kTp };
  static constexpr size_t kMaxCalls = 4096;  // kept of each lane

  // `op` is a literal, "all_gather". `label` outlives the step. `numel`: of the
  // whole buffer; `dtype`: c10's number of it.
  void Add(Lane lane, const char* op, const std::string& label, int64_t numel,
           int dtype);
  void AddModule(const std::string& label) {
    Add(kModule, "forward", label, 0, 0);
  }

  // Of all calls since Clear(): a whole number in [1, 2^52).
  double value() const;
  void Clear();

  // The calls, first ones first, one a line: "gather all_gather of layers.3
  // (4096 Float)". At most kMaxCalls of each lane.
  std::string ToText() const;

 private:
  struct Call {
    const char* op;
    const std::string* label;
    int64_t numel;
    int dtype;
  };
  static constexpr int kLanes = 5;
  std::array<uint64_t, kLanes> hashes_{};
  std::array<std::vector<Call>, kLanes> calls_;
};

// `texts[rank]`: ToText() of every rank, not all equal. In words where the
// first rank that differs from rank 0 parts from it: "rank 1 differs from rank
// 0 in its gather 3: rank 0 issued all_gather of layers.2 (4096 Float), rank 1
// all_gather of layers.1 (4096 Float)".
std::string FirstDifference(const std::vector<std::string>& texts);

}  // namespace fts::shard

#endif  // FTS_CORE_SHARD_ORDER_HASH_H_
