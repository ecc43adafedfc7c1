// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What a run says about optimizers and learning rates, checked before any rank
// starts: its own optimizer and lr_scheduler, and every phase's new ones, which
// the session makes only when the phase begins.
// Threads: pure functions.
#ifndef FTS_TRAIN_CHECK_OPTIMIZATION_H_
#define FTS_TRAIN_CHECK_OPTIMIZATION_H_

#include "fts/core/base/diagnostics.h"
#include "fts/core/config/run_config.h"
#include "fts/core/config/yaml.h"
#include "fts/core/schedule/schedule.h"

namespace fts::train {

// The run's own: classes, keywords, a metric nobody measures.
void CheckRunOptimization(const RunConfig& config, Diagnostics* diags);

// The phases': new_optimizer and new_lr_scheduler of all of them, and lists of
// rates (min_lr, lr_lambda, init_pg_lrs) against the groups that there will be.
// Warnings: lambdas_not_applied, no_effect (what enforce_phase0_params: false
// leaves unused), group_lrs_count. `written`: what `schedule` was resolved
// from, or null.
void CheckPhaseOptimization(const RunConfig& config, const YamlNode& written,
                            const Schedule& schedule, Diagnostics* diags);

}  // namespace fts::train

#endif  // FTS_TRAIN_CHECK_OPTIMIZATION_H_
