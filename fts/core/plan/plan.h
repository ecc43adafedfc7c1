// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Plan: a sharding plan resolved to data. Which modules are units, with which
// options, and which parameters each holds, split into segments by thaw phase
// and dtype. The engine, the dry run, the report and the bindings read it;
// nothing else decides. Made by ResolvePlan (resolve_plan.h).
// Threads: values; share freely once made.
#ifndef FTS_CORE_PLAN_PLAN_H_
#define FTS_CORE_PLAN_PLAN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fts/core/base/diagnostics.h"
#include "fts/core/base/source_location.h"
#include "fts/core/config/yaml.h"
#include "fts/core/plan/tp_plan.h"

namespace fts {

// Activation checkpointing of a unit, after an unknown mode has fallen back.
struct ActCkpt {
  std::string mode;  // "composable", "wrapped", "wrapped_offload"
  YamlNode kwargs;   // a mapping; empty when none were written
};

// `reshard_after_forward` as written. An int is kept in reshard_group, and
// stands as kAlways here unless it means false (1).
enum class Reshard {
  kDefault,  // absent or null: true, but false for the root unit
  kAlways,
  kNever,
};

// A unit's `mp_policy`. A dtype that is not written follows the run's
// `precision`; an empty one was written as null and means what it means to
// PyTorch: no cast (param: the stored dtype; reduce: the gradient's own). See
// dtypes.h.
struct MpPolicy {
  std::optional<std::string> param, reduce;
  std::optional<std::string> output;  // of what the module returns
  bool cast_forward_inputs = true;    // floating inputs to the param dtype
};

struct UnitOptions {
  // Exactly the keys written, the entry laid over the defaults, nothing filled
  // in: `act_ckpt` as {mode, kwargs} after fallback, `cpu_offload_policy` as a
  // mapping. What `fts plan resolve --json` prints. Always a mapping.
  YamlNode written;
  Reshard reshard_after_forward = Reshard::kDefault;
  std::optional<int64_t> reshard_group;  // int form of reshard_after_forward
  std::optional<ActCkpt> act_ckpt;       // absent: no checkpointing
  bool cpu_offload = false;              // cpu_offload_policy / offload_policy
  bool pin_memory = true;                // of that policy
  std::optional<MpPolicy> mp;            // mp_policy, typed
  // Type-checked; null when absent.
  YamlNode mp_policy;        // {param_dtype, reduce_dtype, output_dtype,
                             //  cast_forward_inputs}
  YamlNode shard_placement;  // {dim: d}
  YamlNode ignored_params;   // list of names or patterns
  // All modules that the entry matches form one unit. Read by ResolvePlan only.
  bool one_unit = false;
  // Off: stays gathered from its backward to the optimizer step.
  std::optional<bool> reshard_after_backward;
  // Units to gather when this one is entered, instead of the engine's own
  // choice. Names of units.
  std::optional<std::vector<std::string>> forward_prefetch, backward_prefetch;
};

// Parameters that are gathered, reduced and thawed together.
struct SegmentSpec {
  // The phase that thaws it first; -1 = never thawed, or only beyond max_depth.
  int phase = 0;
  // Later phases that freeze it, thaw it again, freeze it again, …; ascending.
  std::vector<int> switches;
  std::string dtype;
  bool replicated = false;  // not sharded; gradients all-reduced
  // Along tp (tp_plan.h): every parameter of it is split, or each rank's
  // gradient is one term of a sum. Neither: ranks along tp hold and get the
  // same. Sizes below are of whole parameters; see TpLocalPlan.
  bool tp_sharded = false;
  bool tp_partial = false;
  // The dimension along which every parameter is split; 0: flat ranges, whose
  // sizes need not divide.
  int shard_dim = 0;
  // In registration order, the weight-decay class first, then no_decay.
  std::vector<std::string> parameters;
  int64_t numel = 0;
  int64_t decay_numel = 0;  // elements of the weight-decay class

  // Whether it begins to train at phase `p`, stops then, or trains in it.
  bool thaws_at(int p) const { return p == phase || SwitchesAt(p, 1); }
  bool freezes_at(int p) const { return SwitchesAt(p, 0); }
  bool trains_in(int p) const {
    if (phase < 0 || p < phase) return false;
    size_t done = 0;
    while (done < switches.size() && switches[done] <= p) ++done;
    return done % 2 == 0;
  }

 private:
  // switches[0] freezes, [1] thaws, and so on.
  bool SwitchesAt(int p, size_t parity) const {
    for (size_t i = parity; i < switches.size(); i += 2) {
      if (switches[i] == p) return true;
    }
    return false;
  }
};

struct UnitSpec {
  std::string module;
  // The further modules of a unit of several (one_unit), in pre-order; none
  // lies within another. The unit is gathered for the first that runs and
  // released after the last.
  std::vector<std::string> also;
  UnitOptions options;
  // This unit is an ancestor of every other one.
  bool is_root = false;
  bool reshard = true;  // free after forward, after the root rule
  // By phase (-1 last), then switches, then dtype, then how tp splits them.
  std::vector<SegmentSpec> segments;
  // Parameters of its subtree that `ignored_params` kept out. They are in the
  // remainder, replicated, so that ranks cannot drift apart.
  std::vector<std::string> ignored;
  SourceLocation where;  // the plan entry

  std::vector<std::string> modules() const {
    std::vector<std::string> all = {module};
    all.insert(all.end(), also.begin(), also.end());
    return all;
  }
  // For messages and traces: "norm", "norm+head", "layers.0+3 more".
  std::string label() const {
    if (also.empty()) return module;
    return module + "+" +
           (also.size() == 1 ? also[0] : std::to_string(also.size()) + " more");
  }
};

struct SkippedModule {
  std::string module;
  std::string reason;  // "already_sharded" or "container"
  std::string by;      // for already_sharded: the unit that is in the way
};

// Where frozen segments live in a phase: gathered for each use, or once and
// kept. kAuto: kept as far as the phase then holds no more than the run's
// largest phase does without (memory.h).
enum class FrozenPlacement { kAuto, kSharded, kResident };

// Run-level keys of strategy_adapter_cfg that say how the engine works; none of
// them changes what is computed.
struct EngineChoices {
  bool prefetch = true;                 // `prefetch: auto`
  bool unsharded_accumulation = false;  // `accumulation: unsharded`
  FrozenPlacement frozen_placement = FrozenPlacement::kAuto;
  bool find_nonfinite = false;
};

struct Plan {
  std::vector<UnitSpec> units;  // in the order they are applied
  // What no unit holds. Module "". Segments replicated by default; sharded
  // under `unplanned: shard` (then it is the implicit root unit). No segments
  // when everything is planned.
  UnitSpec remainder;
  bool unplanned_shard = false;  // `unplanned: shard` was asked for
  // What summed gradients are divided by; absent: nothing, the loss already
  // counts the tokens of all ranks.
  std::optional<double> gradient_divide_factor;
  // `binding: auto`, the default: weights and gradients stand in memory that
  // the ranks share where that is possible; see fts/core/shard/bound.h.
  bool bind = false;
  std::vector<SkippedModule> skipped;
  TpPlan tp;
  EngineChoices engine;
  // Facts worth knowing that are no warnings: code mixed_phase.
  std::vector<Diagnostic> notes;
};

}  // namespace fts

#endif  // FTS_CORE_PLAN_PLAN_H_
