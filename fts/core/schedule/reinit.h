// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Structural checks of a phase's `new_optimizer` and `new_lr_scheduler`, and of
// the run's `reinit_optim_cfg` and `reinit_lr_cfg`: the shape that FTS
// documents, class names, and what FTS refuses only once the phase starts.
// Nothing is built; the nodes are kept for the optimizer code. Threads: pure
// functions.
#ifndef FTS_CORE_SCHEDULE_REINIT_H_
#define FTS_CORE_SCHEDULE_REINIT_H_

#include <string>

#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"

namespace fts {

// The phase's new_optimizer, or null when it is absent, null, {} or wrong.
// Errors: phase0_reinit in phase 0; bad_type, missing_key, bad_reinit.
YamlNode ReadNewOptimizer(const YamlNode& phase, int index,
                          const std::string& label, Diagnostics* diags);

// The phase's new_lr_scheduler likewise. An `optimizer` among its init_args is
// taken out with a warning (dropped_optimizer_arg).
YamlNode ReadNewLrScheduler(const YamlNode& phase, int index,
                            const std::string& label, Diagnostics* diags);

// The same for the run's keys `scheduler.reinit_optim_cfg` and
// `scheduler.reinit_lr_cfg`, which apply to every phase but the first. The
// latter also refuses what depends on the number of groups (bad_reinit).
YamlNode ReadReinitOptim(const YamlNode& config, Diagnostics* diags);
YamlNode ReadReinitLr(const YamlNode& config, Diagnostics* diags);

}  // namespace fts

#endif  // FTS_CORE_SCHEDULE_REINIT_H_
