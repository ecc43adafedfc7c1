// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Diagnostic codes of the plan; all are listed in docs/diagnostics.md.
#ifndef FTS_CORE_PLAN_CODES_H_
#define FTS_CORE_PLAN_CODES_H_

namespace fts::codes {

inline constexpr char kUnmatchedModule[] = "unmatched_module";
inline constexpr char kUnmatchedIgnored[] = "unmatched_ignored_params";
inline constexpr char kPlanKey[] = "plan_key";
inline constexpr char kConflictingOptions[] = "conflicting_options";
inline constexpr char kReshardGroup[] = "reshard_group";
inline constexpr char kShardPlacement[] = "shard_placement";
inline constexpr char kOverlappingUnits[] = "overlapping_units";
inline constexpr char kNoSuchUnit[] = "no_such_unit";

// Of a tp_plan.
inline constexpr char kNotALlama[] = "not_a_llama";
inline constexpr char kTpMissing[] = "tp_plan_missing";
inline constexpr char kTpStyle[] = "tp_style";
inline constexpr char kTpSize[] = "tp_size";
inline constexpr char kTpTied[] = "tp_tied";
inline constexpr char kTpLayouts[] = "tp_layouts";
inline constexpr char kTpNoRule[] = "tp_no_rule";
inline constexpr char kLossParallelHead[] = "loss_parallel_head";

// Warnings.
inline constexpr char kTpUnruled[] = "tp_unruled";
inline constexpr char kTpFused[] = "tp_fused";
inline constexpr char kTpOverridden[] = "tp_overridden";
inline constexpr char kTpNoEffect[] = "tp_no_effect";
inline constexpr char kContainer[] = "container";
inline constexpr char kAlreadySharded[] = "already_sharded";
inline constexpr char kUnknownActCkptMode[] = "unknown_act_ckpt_mode";
inline constexpr char kReshardGroupOfOne[] = "reshard_group_of_one";
inline constexpr char kEmptyUnit[] = "empty_unit";
inline constexpr char kUnusedDefaults[] = "unused_defaults";

// Notes (Plan::notes).
inline constexpr char kMixedPhase[] = "mixed_phase";

}  // namespace fts::codes

#endif  // FTS_CORE_PLAN_CODES_H_
