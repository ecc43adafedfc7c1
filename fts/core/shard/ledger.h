// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Counts what the sharding engine holds and moves: bytes now, peak bytes, and
// bytes and calls of every collective. The figures printed at the end of a
// phase, `mem_mib` in metrics.jsonl and the count tests all come from here.
// Bytes are what the engine asked the allocator for; activations and other
// tensors of the model are not seen by it.
// Threads: confined to the training thread (backward hooks run on it too).

#ifndef FTS_CORE_SHARD_LEDGER_H_
#define FTS_CORE_SHARD_LEDGER_H_

#include <array>
#include <cstdint>
#include <string>

namespace fts::shard {

enum class Holding {
  kShard,     // parameters as the optimizer sees them (this rank's part)
  kGathered,  // full flat parameters in the compute dtype
  kGradient,  // reduced gradients, master dtype
  kReduce,    // unreduced flat gradients, reduce dtype
  kMoments,   // optimizer state, reported by the session
};
inline constexpr int kNumHoldings = 5;

struct Traffic {
  int64_t calls = 0;
  int64_t bytes = 0;  // size of the full buffer, in this rank's memory
};

class Ledger {
 public:
  void Add(Holding what, int64_t bytes);
  void Remove(Holding what, int64_t bytes) { Add(what, -bytes); }

  int64_t now(Holding what) const { return now_[static_cast<int>(what)]; }
  int64_t peak(Holding what) const { return peak_[static_cast<int>(what)]; }
  int64_t total() const { return total_; }
  int64_t peak_total() const { return peak_total_; }

  // Starts new peaks (at the present holdings) and zeroes the traffic; called
  // at each phase's start.
  void StartPhase();
  // Starts new peaks only: a phase's transition has let go of what the phase
  // before it held.
  void RestartPeaks();

  Traffic gathered;         // all-gathers of sharded segments
  Traffic frozen_gathered;  // the part of `gathered` that moved frozen weights
  Traffic near_gathered;    // the part among neighbours only, see shard_group.h
  Traffic reduced;          // reduce-scatters
  Traffic all_reduced;      // all-reduces: the remainder's bucket, replicas
  Traffic along_tp;         // all calls among ranks that share layers

 private:
  std::array<int64_t, kNumHoldings> now_{};
  std::array<int64_t, kNumHoldings> peak_{};
  int64_t total_ = 0;
  int64_t peak_total_ = 0;
};

}  // namespace fts::shard

#endif  // FTS_CORE_SHARD_LEDGER_H_
