// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A phase's `new_lr_scheduler` node, read and checked, and what it does to the
// rates of the groups that are there when it takes over. Free of torch.
// Threads: pure functions.

#ifndef FTS_CORE_OPTIM_NEW_LR_SCHEDULER_H_
#define FTS_CORE_OPTIM_NEW_LR_SCHEDULER_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/config/run_config.h"
#include "fts/core/config/yaml.h"
#include "fts/core/optim/group.h"

namespace fts::optim {

struct NewLrScheduler {
  // Class, keywords, interval, frequency and monitor: takes the place of the
  // run's own. MakeLrScheduler accepts it.
  LrSchedulerSpec scheduler;
  std::string name;    // pl_lrs_cfg.name, for logs; "" when not written
  bool strict = true;  // false: a missing metric skips the step
  std::optional<std::vector<double>> init_pg_lrs;
  bool use_current_optimizer_pg_lrs = false;
  SourceLocation where;  // of init_pg_lrs when written, else of the node
};

// Reads {lr_scheduler_init: {class_path, init_args}, pl_lrs_cfg, init_pg_lrs,
// use_current_optimizer_pg_lrs} and checks the scheduler's keywords as
// MakeLrScheduler does. Records every problem.
absl::StatusOr<NewLrScheduler> ReadNewLrSchedulerSpec(const YamlNode& node,
                                                      Diagnostics* diags);

// Warns when init_pg_lrs is not one rate per group that is there before the
// phase (`num_old` of them; `num_new` come with it). FTS cannot check this.
void CheckInitPgLrs(const NewLrScheduler& spec, size_t num_old, size_t num_new,
                    const std::string& phase, Diagnostics* diags);

// Sets the rates that the new scheduler starts from, the phase's own new groups
// among them. In this order: init_pg_lrs (base rates too; entries without a
// group, and groups without an entry, are left alone); the present rates under
// use_current_optimizer_pg_lrs; else each group's initial_lr. Then Attach.
// As in FTS, a class that computes from base rates (LambdaLR,
// CosineAnnealingWarmRestarts, SequentialLR) starts from initial_lr all the
// same.
void PrepareGroupsForNewScheduler(std::vector<Group>* groups,
                                  const NewLrScheduler& spec);

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_NEW_LR_SCHEDULER_H_
