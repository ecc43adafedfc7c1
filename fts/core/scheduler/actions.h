// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The actions of the scheduler's table: what a row does. Each changes
// `out->state`, which enters as a copy of the old state with the stage already
// set, and appends effects in the order in which they are to be applied.
// Threads: pure functions.
#ifndef FTS_CORE_SCHEDULER_ACTIONS_H_
#define FTS_CORE_SCHEDULER_ACTIONS_H_

#include "fts/core/scheduler/transition.h"

namespace fts::scheduler_internal {

void Nothing(const Input& in, Transition* out);
void StartRun(const Input& in, Transition* out);

// ---- EpochStart and StepStart ----------------------------------------------
void StartEpoch(const Input& in, Transition* out);
void StartStep(const Input& in, Transition* out);
// These begin the next phase as well. Order: RestoreBest or Note, Freeze,
// ReplaceOptimizer, Thaw, AddGroup, ReplaceLrScheduler, Phase.
void StartPhaseByEarlyStopping(const Input& in, Transition* out);
void StartPhaseByEpoch(const Input& in, Transition* out);
void StartPhaseByStep(const Input& in, Transition* out);
void StartPhaseByTokens(const Input& in, Transition* out);
void StartPhaseByTime(const Input& in, Transition* out);

// ---- StepEnd ---------------------------------------------------------------
void CountStep(const Input& in, Transition* out);
void CountLastStep(const Input& in, Transition* out);

// ---- ValidationEnd; each but the first also tracks early stopping ----------
void TrackBest(const Input& in, Transition* out);  // SaveBest, if it is one
void TakeImprovement(const Input& in, Transition* out);
void Wait(const Input& in, Transition* out);
void CompletePhase(const Input& in, Transition* out);
void FinishNotFinite(const Input& in, Transition* out);
void FinishAtTarget(const Input& in, Transition* out);
void FinishDiverged(const Input& in, Transition* out);
void FinishByEarlyStopping(const Input& in, Transition* out);

// ---- EpochEnd --------------------------------------------------------------
void FinishBySteps(const Input& in, Transition* out);
void FinishByEpochs(const Input& in, Transition* out);

}  // namespace fts::scheduler_internal

#endif  // FTS_CORE_SCHEDULER_ACTIONS_H_
