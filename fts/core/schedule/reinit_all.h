// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// FTS's reinit_optim_cfg and reinit_lr_cfg: a new optimizer, a new learning
// rate scheduler at every transition, folded into the phases of a schedule.
// Threads: pure function.
#ifndef FTS_CORE_SCHEDULE_REINIT_ALL_H_
#define FTS_CORE_SCHEDULE_REINIT_ALL_H_

#include "absl/status/status.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"
#include "fts/core/schedule/schedule.h"

namespace fts {

// Sets new_optimizer and new_lr_scheduler of every phase >= 1 of `schedule`
// from the run's two keys; null and {} count as absent. As in FTS, `lr_cfg` is
// an error beside a schedule that the user wrote (`explicit_schedule`), and
// `optim_cfg` wins over a phase's own new_optimizer (reinit_overridden, a
// warning). Errors: bad_type, missing_key, bad_reinit; the schedule is then
// left alone.
absl::Status ApplyReinit(const YamlNode& optim_cfg, const YamlNode& lr_cfg,
                         bool explicit_schedule, Schedule* schedule,
                         Diagnostics* diags);

}  // namespace fts

#endif  // FTS_CORE_SCHEDULE_REINIT_ALL_H_
