// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Says in words why a phase or the run ended, and what never ran.
// Threads: pure functions.
#ifndef FTS_CORE_SCHEDULER_FINISH_TEXT_H_
#define FTS_CORE_SCHEDULER_FINISH_TEXT_H_

#include <optional>
#include <string>

#include "fts/core/scheduler/scheduler_config.h"
#include "fts/core/scheduler/scheduler_state.h"

namespace fts {

// `what` with the phase it happened in and the phases that never ran:
// "max_epochs 3 reached in phase 0; phases 1 and 2 never ran; phase 3 lies
// beyond max_depth 2".
std::string FinishText(const SchedulerConfig& config, int phase,
                       const std::string& what);

// "val_loss did not improve on 1.5 by more than 0.001 in 2 validations", by the
// rule of `phase`; `best` is what it compared with.
// Precondition: config.early_stopping.
std::string NoImprovementText(const SchedulerConfig& config, int phase,
                              const std::optional<double>& best);

}  // namespace fts

#endif  // FTS_CORE_SCHEDULER_FINISH_TEXT_H_
