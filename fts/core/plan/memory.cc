// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/memory.h"

#include <algorithm>
#include <limits>

#include "fts/core/plan/bindable.h"
#include "fts/core/plan/dtypes.h"

namespace fts {
namespace {

// As shard::Segment::kAlignment: elements to which a segment is padded.
constexpr int64_t kAlignment = 16;

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

int64_t Plus(int64_t a, int64_t b) { return a > kMost - b ? kMost : a + b; }
int64_t Times(int64_t a, int64_t b) {
  return b != 0 && a > kMost / b ? kMost : a * b;
}

int64_t RoundUp(int64_t value, int64_t unit) {
  const int64_t rest = value % unit;
  return rest == 0 ? value : Plus(value, unit - rest);
}

int64_t DtypeBytes(const std::string& dtype) {
  if (dtype == "float64") return 8;
  return dtype == "bfloat16" || dtype == "float16" ? 2 : 4;
}

class Counter {
 public:
  Counter(const MemoryOptions& options, bool bound, int phase)
      : options_(options),
        bound_(bound),
        phase_(phase),
        shards_(options.world_size / std::max<int64_t>(options.replicas, 1)) {
    if (options.moments.empty()) return;
    const size_t at =
        std::min(static_cast<size_t>(phase), options.moments.size() - 1);
    moments_ = options.moments[at];
  }

  void Add(const UnitSpec& unit) {
    int64_t gather = 0;
    for (const SegmentSpec& segment : unit.segments) {
      DtypeNames run;
      run.param = options_.param;
      run.master = options_.master;
      Add(segment, unit, ResolveDtypes(unit.options, run, segment.dtype),
          &gather);
    }
    out_.largest_gather = std::max(out_.largest_gather, gather);
  }

  const RankBytes& out() const { return out_; }

 private:
  // See [Note: flat segments] in fts/core/shard/segment.h.
  void Add(const SegmentSpec& segment, const UnitSpec& unit,
           const DtypeNames& dtypes, int64_t* gather) {
    const int64_t param = DtypeBytes(dtypes.param);
    const int64_t master = DtypeBytes(dtypes.master);
    const bool sharded = bound_ || (!segment.replicated && shards_ > 1);
    const int64_t padded =
        RoundUp(std::max<int64_t>(segment.numel, 1),
                sharded ? Times(shards_, kAlignment) : kAlignment);
    const int64_t chunk = sharded ? padded / shards_ : padded;
    const bool trains = segment.trains_in(phase_);
    // A master copy appears at the first thaw and stays; before that there is
    // one only where computation cannot hold the stored values exactly.
    const bool thawed = segment.phase >= 0 && phase_ >= segment.phase;
    const bool in_master = dtypes.param != dtypes.master &&
                           (thawed || segment.dtype != dtypes.param);
    if (in_master) out_.masters = Plus(out_.masters, Times(chunk, master));
    const int64_t whole = Times(padded, param);
    if (!sharded) {
      int64_t& bytes =
          trains ? out_.trainable_replicated : out_.frozen_replicated;
      bytes = Plus(bytes, whole);
    } else {
      if (!in_master) {
        int64_t& bytes = trains ? out_.trainable_sharded : out_.frozen_sharded;
        bytes = Plus(bytes, Times(chunk, param));
      }
      const int64_t neighbours = unit.options.reshard_group.value_or(0);
      if (bound_) {
        // Neither gathered nor kept.
      } else if (!trains && !unit.reshard) {
        out_.kept_gathered = Plus(out_.kept_gathered, whole);
      } else {
        *gather = Plus(*gather, whole);
        if (!trains && neighbours > 1 && neighbours < shards_) {
          out_.kept_gathered = Plus(out_.kept_gathered, whole / neighbours);
        }
      }
    }
    if (!trains) return;
    out_.gradients =
        Plus(out_.gradients, Times(bound_ ? padded : chunk, master));
    out_.moments = Plus(out_.moments, Times(Times(chunk, master), moments_));
  }

  const MemoryOptions& options_;
  const bool bound_;
  const int phase_;
  const int64_t shards_;  // ranks that share a sharded segment
  int64_t moments_ = 0;
  RankBytes out_;
};

}  // namespace

int64_t RankBytes::parameters() const {
  int64_t sum = 0;
  for (const int64_t part :
       {frozen_sharded, frozen_replicated, trainable_sharded,
        trainable_replicated, kept_gathered}) {
    sum = Plus(sum, part);
  }
  return sum;
}

int64_t RankBytes::total() const {
  int64_t sum = parameters();
  for (const int64_t part : {masters, gradients, moments}) {
    sum = Plus(sum, part);
  }
  return sum;
}

std::vector<RankBytes> PhaseMemory(const Plan& plan, int phases,
                                   const MemoryOptions& options) {
  DtypeNames run;
  run.param = options.param;
  run.reduce = options.master;
  run.master = options.master;
  const bool bound =
      options.world_size > 1 && options.replicas <= 1 && Bindable(plan, run);
  std::vector<RankBytes> out;
  for (int phase = 0; phase < phases; ++phase) {
    Counter counter(options, bound, phase);
    for (const UnitSpec& unit : plan.units) counter.Add(unit);
    counter.Add(plan.remainder);
    out.push_back(counter.out());
  }
  return out;
}

}  // namespace fts
