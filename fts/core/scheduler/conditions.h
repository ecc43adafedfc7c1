// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The conditions of the scheduler's table: what must hold for a row to apply.
// Rows further up have not applied, so a condition need not repeat theirs.
// Threads: pure functions.
#ifndef FTS_CORE_SCHEDULER_CONDITIONS_H_
#define FTS_CORE_SCHEDULER_CONDITIONS_H_

#include <optional>

#include "fts/core/scheduler/transition.h"

namespace fts::scheduler_internal {

// ---- Order of events -------------------------------------------------------
bool Always(const Input& in);
bool IsBaseline(const Input& in);
bool NotNextEpoch(const Input& in);
bool NotThisEpoch(const Input& in);
bool NotNextStep(const Input& in);
// Tokens or seconds are fewer than the last StepStart told, or no number.
bool CountersWentBack(const Input& in);
// This step had no StepStart, and a limit of the phase is judged there.
bool StepStartLeftOut(const Input& in);
bool MetricMissing(const Input& in);

// ---- The end of the run ----------------------------------------------------
bool LastStep(const Input& in);     // StepEnd: max_steps is used up with it
bool StepsUsedUp(const Input& in);  // EpochEnd: max_steps was used up before
bool LastEpoch(const Input& in);    // EpochEnd: max_epochs is used up with it

// ---- The end of a phase (never of the final one) ---------------------------
bool IsFinal(const Input& in);
bool PhaseComplete(const Input& in);      // EpochStart: patience ran out
bool EpochLimitReached(const Input& in);  // EpochStart
// StepStart; false as long as the phase has taken no step.
bool StepLimitReached(const Input& in);
bool TokenLimitReached(const Input& in);
bool TimeLimitReached(const Input& in);

// ---- Early stopping --------------------------------------------------------
bool EpochsOnly(const Input& in);  // there is none
// Preconditions of all below: !EpochsOnly(in), !MetricMissing(in).
double Watched(const Input& in);  // the metric early stopping goes by
bool NotFinite(const Input& in);  // and check_finite
bool ReachedTarget(const Input& in);
bool Diverged(const Input& in);
// Watched is better than `best` by more than min_delta of the phase in force.
// Anything but the worst is better than an absent best.
bool ImprovesOn(const Input& in, const std::optional<double>& best);
// What the phase in force compares with: the best of the run or its own.
const std::optional<double>& BestSoFar(const Input& in);
bool Improved(const Input& in);  // ImprovesOn(BestSoFar)
bool ExhaustedAtTheEnd(const Input& in);
bool ExhaustedBeforeTheEnd(const Input& in);

}  // namespace fts::scheduler_internal

#endif  // FTS_CORE_SCHEDULER_CONDITIONS_H_
