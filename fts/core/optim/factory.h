// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Optimizers and learning-rate schedulers by name, from a run config.
// A name is the short form ("adamw", "step_lr"), PyTorch's class name ("AdamW")
// or its class path ("torch.optim.AdamW", "torch.optim.lr_scheduler.StepLR").
// Threads: pure functions.

#ifndef FTS_CORE_OPTIM_FACTORY_H_
#define FTS_CORE_OPTIM_FACTORY_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"
#include "fts/core/optim/lr_scheduler.h"
#include "fts/core/optim/optimizer.h"

namespace fts::optim {

struct OptimizerConfig {
  std::unique_ptr<Optimizer> optimizer;  // without groups
  double lr = 0;                         // PyTorch's default when not written
  double weight_decay = 0;
};

// `args` holds the class's own keywords (null or {} = defaults). Keywords of
// PyTorch's that have no meaning here (foreach, fused, …) are accepted where
// they change no number. Records every problem: an unknown name or keyword
// (with a suggestion), a value of the wrong type or out of range, a keyword
// that is left to a later version.
absl::StatusOr<OptimizerConfig> MakeOptimizer(const std::string& name,
                                              const YamlNode& args,
                                              Diagnostics* diags);

// Likewise. The scheduler is not attached yet. `args` must not hold what the
// caller reads itself (interval, monitor, …).
absl::StatusOr<std::unique_ptr<LrScheduler>> MakeLrScheduler(
    const std::string& name, const YamlNode& args, Diagnostics* diags);

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_FACTORY_H_
