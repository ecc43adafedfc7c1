// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// How many state tensors an optimizer keeps per parameter element, from its
// name and keywords. fts/core/session/memory_test.cc holds it against the
// optimizers themselves.
// Threads: pure functions.
#ifndef FTS_CORE_PLAN_OPTIMIZER_MOMENTS_H_
#define FTS_CORE_PLAN_OPTIMIZER_MOMENTS_H_

#include <optional>
#include <string>
#include <vector>

#include "fts/core/config/yaml.h"
#include "fts/core/schedule/schedule.h"

namespace fts {

// `name`: short ("adamw"), PyTorch's class name, or its class path; `args` its
// keywords (null = defaults). nullopt for a class that is not known here.
std::optional<int> OptimizerMoments(const std::string& name,
                                    const YamlNode& args);

// The same for each phase of `schedule`, after its new_optimizer, if any.
// nullopt when one of them is not known.
std::optional<std::vector<int>> MomentsByPhase(const Schedule& schedule,
                                               const std::string& name,
                                               const YamlNode& args);

}  // namespace fts

#endif  // FTS_CORE_PLAN_OPTIMIZER_MOMENTS_H_
