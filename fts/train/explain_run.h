// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What is said of a resolved run before it starts: the linter's warnings and
// the timeline. No torch.
// Threads: pure functions.
#ifndef FTS_TRAIN_EXPLAIN_RUN_H_
#define FTS_TRAIN_EXPLAIN_RUN_H_

#include <cstdint>
#include <optional>

#include "fts/core/base/diagnostics.h"
#include "fts/core/config/run_config.h"
#include "fts/core/match/model_description.h"
#include "fts/core/plan/plan.h"
#include "fts/core/plan/timeline.h"
#include "fts/core/schedule/schedule.h"

namespace fts::train {

struct RunFacts {
  int64_t world_size = 1;  // data-parallel ranks
  int64_t replicas = 1;    // mesh.dp_replicate
  // Known once the data has been opened.
  std::optional<int64_t> steps_per_epoch;
  std::optional<int64_t> tokens_per_step;
};

// `written`, `schedule` and `plan`: as ResolveRun made them of `config` and
// `model`. Records warnings only.
Timeline ExplainRun(const RunConfig& config, const ModelDescription& model,
                    const YamlNode& written, const Schedule& schedule,
                    const Plan& plan, const RunFacts& facts,
                    Diagnostics* diags);

}  // namespace fts::train

#endif  // FTS_TRAIN_EXPLAIN_RUN_H_
