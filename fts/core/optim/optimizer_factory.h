// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Optimizers by name, from a run config or a phase's new_optimizer. A name is
// the short form ("adamw"), PyTorch's class name ("AdamW") or its class path
// ("torch.optim.AdamW").
// Threads: pure functions.

#ifndef FTS_CORE_OPTIM_OPTIMIZER_FACTORY_H_
#define FTS_CORE_OPTIM_OPTIMIZER_FACTORY_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"
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

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_OPTIMIZER_FACTORY_H_
