// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Learning-rate schedulers by name, from a run config or a phase's
// new_lr_scheduler. A name is the short form ("step_lr"), PyTorch's class name
// ("StepLR") or its class path ("torch.optim.lr_scheduler.StepLR"). Free of
// torch.
// Threads: pure functions.

#ifndef FTS_CORE_OPTIM_LR_SCHEDULER_FACTORY_H_
#define FTS_CORE_OPTIM_LR_SCHEDULER_FACTORY_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"
#include "fts/core/optim/lr_scheduler.h"

namespace fts::optim {

// `args` holds the class's own keywords (null or {} = defaults), and must not
// hold what the caller reads itself (interval, monitor, …). The scheduler is
// not attached yet. Records every problem, as MakeOptimizer does; those of an
// lr_lambda with their column, evaluated where the first step will.
absl::StatusOr<std::unique_ptr<LrScheduler>> MakeLrScheduler(
    const std::string& name, const YamlNode& args, Diagnostics* diags);

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_LR_SCHEDULER_FACTORY_H_
