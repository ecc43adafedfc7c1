// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Diagnostic codes of schedule; each is explained with an example in
// docs/diagnostics.md. W = a warning.
// Threads: constants only.
#ifndef FTS_CORE_SCHEDULE_CODES_H_
#define FTS_CORE_SCHEDULE_CODES_H_

namespace fts::codes {

// The schedule as a whole and its keys.
inline constexpr char kEmptySchedule[] = "empty_schedule";
inline constexpr char kBadPhaseKey[] = "bad_phase_key";
inline constexpr char kNegativePhase[] = "negative_phase";
inline constexpr char kCollidingPhases[] = "colliding_phases";
inline constexpr char kPhaseKeysConverted[] = "phase_keys_converted";  // W
inline constexpr char kPhasesNotContiguous[] = "phases_not_contiguous";

// Entries of `params`.
inline constexpr char kUnmatchedEntry[] = "unmatched_entry";
inline constexpr char kEmptyEntry[] = "empty_entry";
inline constexpr char kSharedAlias[] = "shared_alias";         // W
inline constexpr char kAliasAsPattern[] = "alias_as_pattern";  // W
inline constexpr char kPhasesNotDisjoint[] = "phases_not_disjoint";
inline constexpr char kEmptyPhase[] = "empty_phase";  // W

// Entries of `freeze`.
inline constexpr char kPhase0Freeze[] = "phase0_freeze";
inline constexpr char kNotThawed[] = "not_thawed";
inline constexpr char kNothingTrainable[] = "nothing_trainable";

// Other keys of a phase.
inline constexpr char kBadLr[] = "bad_lr";
inline constexpr char kPhase0Lr[] = "phase0_lr";                           // W
inline constexpr char kEarlyTransition[] = "early_transition";             // W
inline constexpr char kFinalTransitionEpoch[] = "final_transition_epoch";  // W
inline constexpr char kFinalTransitionLimit[] = "final_transition_limit";  // W
inline constexpr char kEpochRequired[] = "epoch_required";
inline constexpr char kPhase0Reinit[] = "phase0_reinit";
inline constexpr char kBadReinit[] = "bad_reinit";
inline constexpr char kReinitOverridden[] = "reinit_overridden";         // W
inline constexpr char kDroppedOptimizerArg[] = "dropped_optimizer_arg";  // W

// What the linter says of a valid schedule; all are warnings.
inline constexpr char kPrefixMatch[] = "prefix_match";
inline constexpr char kFrozenForever[] = "frozen_forever";
inline constexpr char kUnreachablePhase[] = "unreachable_phase";
inline constexpr char kTiedThaw[] = "tied_thaw";
inline constexpr char kEarlyLimit[] = "early_limit";
inline constexpr char kZeroLr[] = "zero_lr";
inline constexpr char kNoEffect[] = "no_effect";

}  // namespace fts::codes

#endif  // FTS_CORE_SCHEDULE_CODES_H_
