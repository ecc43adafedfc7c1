// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/schedule/reinit_all.h"

#include <string>

#include "fts/core/schedule/codes.h"
#include "fts/core/schedule/reinit.h"

namespace fts {

absl::Status ApplyReinit(const YamlNode& optim_cfg, const YamlNode& lr_cfg,
                         bool explicit_schedule, Schedule* schedule,
                         Diagnostics* diags) {
  const int errors_before = diags->num_errors();
  const YamlNode optimizer = ReadReinitOptim(optim_cfg, diags);
  const YamlNode lr_scheduler = ReadReinitLr(lr_cfg, diags);
  if (explicit_schedule && !lr_scheduler.is_null()) {
    diags->Error(codes::kBadReinit,
                 "scheduler.reinit_lr_cfg does not go with a schedule of your "
                 "own; write new_lr_scheduler in the phases that should have "
                 "it, or use schedule: implicit",
                 lr_cfg.where());
  }
  if (diags->num_errors() > errors_before) return diags->status();
  for (Phase& phase : schedule->phases) {
    if (phase.index == 0) continue;
    if (!optimizer.is_null()) {
      if (!phase.new_optimizer.is_null()) {
        diags->Warning(codes::kReinitOverridden,
                       "phase " + std::to_string(phase.index) +
                           ": scheduler.reinit_optim_cfg replaces its "
                           "new_optimizer; keep one of the two",
                       phase.new_optimizer.where());
      }
      phase.new_optimizer = optimizer;
    }
    if (!lr_scheduler.is_null()) phase.new_lr_scheduler = lr_scheduler;
  }
  return absl::OkStatus();
}

}  // namespace fts
