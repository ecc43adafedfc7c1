// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A phase's `new_optimizer` node, {optimizer_init: {class_path, init_args}}, as
// the arguments of MakeOptimizer. Free of torch.
// Threads: pure functions.

#ifndef FTS_CORE_OPTIM_NEW_OPTIMIZER_H_
#define FTS_CORE_OPTIM_NEW_OPTIMIZER_H_

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/config/run_config.h"
#include "fts/core/config/yaml.h"

namespace fts::optim {

// name, args and where are set; no_decay stays the run's and is left empty.
// MakeOptimizer then checks the class and its keywords, at the places written.
// [Note: groups of a new optimizer]
//
// As in FTS, all groups so far are made again with fresh state: phase 0's with
// the new optimizer's lr, later ones with their phase's, each as initial_lr
// too; then the rates that the old groups had are put back (initial_lr stays),
// and LrScheduler::Rebind goes on with them.
absl::StatusOr<OptimizerSpec> ReadNewOptimizerSpec(const YamlNode& node,
                                                   Diagnostics* diags);

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_NEW_OPTIMIZER_H_
