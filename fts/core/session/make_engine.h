// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The sharding engine of a session, from what a run says: dtypes by name,
// ranks, and whether weights and gradients can stand in memory that the ranks
// share. Threads: confined to the training thread.
#ifndef FTS_CORE_SESSION_MAKE_ENGINE_H_
#define FTS_CORE_SESSION_MAKE_ENGINE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fts/core/config/run_config.h"
#include "fts/core/plan/plan.h"
#include "fts/core/session/ranks.h"
#include "fts/core/shard/engine.h"

namespace fts {

struct MadeEngine {
  std::unique_ptr<shard::ShardEngine> engine;
  // Why units are gathered and reduced one by one; empty when it is bound.
  std::string why_not_bound;
};

// Errors: a dtype that is none; those of ShardEngine::Create.
absl::StatusOr<MadeEngine> MakeEngine(
    const Plan& plan, const PrecisionSpec& precision,
    const std::vector<shard::NamedLeaf>& parameters, const Ranks& ranks);

// By phase, the frozen segments that are kept gathered, by first parameter
// (plan/memory.h). `moments`: optimizer state per element, by phase.
std::vector<std::vector<std::string>> ResidentByPhase(
    const Plan& plan, int phases, const PrecisionSpec& precision,
    const Ranks& ranks, const shard::ShardEngine& engine,
    const std::vector<int>& moments);

}  // namespace fts

#endif  // FTS_CORE_SESSION_MAKE_ENGINE_H_
