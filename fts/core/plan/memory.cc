// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/memory.h"

#include <algorithm>
#include <limits>
#include <string>
#include <unordered_set>
#include <utility>

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

using Names = std::unordered_set<std::string>;

bool IsBound(const Plan& plan, const MemoryOptions& options) {
  DtypeNames run;
  run.param = options.param;
  run.reduce = options.master;
  run.master = options.master;
  return options.may_bind && options.world_size > 1 && options.replicas <= 1 &&
         Bindable(plan, run);
}

int64_t ShardsOf(const MemoryOptions& options) {
  return options.world_size / std::max<int64_t>(options.replicas, 1);
}

class Counter {
 public:
  // `resident`: first parameters of the segments that are.
  Counter(const Plan& plan, const MemoryOptions& options, int phase,
          const Names& resident)
      : options_(options),
        bound_(IsBound(plan, options)),
        phase_(phase),
        resident_(resident),
        unsharded_(plan.engine.unsharded_accumulation &&
                   options.micro_steps > 1 && options.world_size > 1 &&
                   !bound_),
        shards_(ShardsOf(options)) {
    if (!options.moments.empty()) {
      const size_t at =
          std::min(static_cast<size_t>(phase), options.moments.size() - 1);
      moments_ = options.moments[at];
    }
    for (const UnitSpec& unit : plan.units) Add(unit);
    Add(plan.remainder);
  }

  const RankBytes& out() const { return out_; }

 private:
  void Add(const UnitSpec& unit) {
    int64_t gather = 0;
    for (const SegmentSpec& segment : unit.segments) {
      DtypeNames run;
      run.param = options_.param;
      run.master = options_.master;
      run.reduce = options_.reduce;
      Add(segment, unit, ResolveDtypes(unit.options, run, segment.dtype),
          &gather);
    }
    out_.largest_gather = std::max(out_.largest_gather, gather);
  }

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
    const bool resident = sharded && !trains && !segment.parameters.empty() &&
                          resident_.count(segment.parameters.front()) > 0;
    if (in_master) out_.masters = Plus(out_.masters, Times(chunk, master));
    const int64_t whole = Times(padded, param);
    if (!sharded) {
      int64_t& bytes =
          trains ? out_.trainable_replicated : out_.frozen_replicated;
      bytes = Plus(bytes, whole);
    } else {
      // What is resident holds its own part too, unless that is no flat range.
      if (!in_master && (!resident || segment.shard_dim != 0)) {
        int64_t& bytes = trains ? out_.trainable_sharded : out_.frozen_sharded;
        bytes = Plus(bytes, Times(chunk, param));
      }
      const int64_t neighbours = unit.options.reshard_group.value_or(0);
      if (bound_) {
        // Neither gathered nor kept.
      } else if (!trains && (!unit.reshard || resident)) {
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
    if (unsharded_ && (sharded || segment.replicated)) {
      out_.unreduced =
          Plus(out_.unreduced, Times(padded, DtypeBytes(dtypes.reduce)));
    }
  }

  const MemoryOptions& options_;
  const bool bound_;
  const int phase_;
  const Names& resident_;
  const bool unsharded_;
  const int64_t shards_;  // ranks that share a sharded segment
  int64_t moments_ = 0;
  RankBytes out_;
};

// What counts against the budget of `auto`.
int64_t Held(const RankBytes& bytes) {
  return Plus(bytes.total(), bytes.largest_gather);
}

// The sharded segments that are frozen in `phase`, in the order of the plan.
std::vector<std::string> FrozenSegments(const Plan& plan, int phase) {
  std::vector<std::string> out;
  const auto add = [&](const UnitSpec& unit) {
    for (const SegmentSpec& segment : unit.segments) {
      if (segment.replicated || segment.trains_in(phase)) continue;
      if (!segment.parameters.empty()) out.push_back(segment.parameters[0]);
    }
  };
  for (const UnitSpec& unit : plan.units) add(unit);
  add(plan.remainder);
  return out;
}

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
  for (const int64_t part : {masters, gradients, moments, unreduced}) {
    sum = Plus(sum, part);
  }
  return sum;
}

std::vector<RankBytes> PhaseMemory(const Plan& plan, int phases,
                                   const MemoryOptions& options) {
  const auto resident = ResidentSegments(plan, phases, options);
  std::vector<RankBytes> out;
  for (int phase = 0; phase < phases; ++phase) {
    const Names names(resident[phase].begin(), resident[phase].end());
    out.push_back(Counter(plan, options, phase, names).out());
  }
  return out;
}

std::vector<std::vector<std::string>> ResidentSegments(
    const Plan& plan, int phases, const MemoryOptions& given) {
  std::vector<std::vector<std::string>> out(phases);
  const FrozenPlacement placement = plan.engine.frozen_placement;
  if (placement == FrozenPlacement::kSharded || ShardsOf(given) < 2 ||
      IsBound(plan, given)) {
    return out;
  }
  MemoryOptions options = given;
  options.micro_steps = 1;  // what accumulation keeps is no room to fill
  int64_t budget = 0;
  if (placement == FrozenPlacement::kAuto) {
    for (int phase = 0; phase < phases; ++phase) {
      budget = std::max(budget, Held(Counter(plan, options, phase, {}).out()));
    }
  }
  for (int phase = 0; phase < phases; ++phase) {
    std::vector<std::string> frozen = FrozenSegments(plan, phase);
    if (placement == FrozenPlacement::kResident) {
      out[phase] = std::move(frozen);
      continue;
    }
    Names taken;
    for (auto name = frozen.rbegin(); name != frozen.rend(); ++name) {
      taken.insert(*name);
      if (Held(Counter(plan, options, phase, taken).out()) > budget) {
        taken.erase(*name);
      } else {
        out[phase].push_back(*name);
      }
    }
  }
  return out;
}

}  // namespace fts
