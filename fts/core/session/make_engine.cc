// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/session/make_engine.h"

#include "fts/core/base/status.h"
#include "fts/core/plan/bindable.h"
#include "fts/core/plan/memory.h"
#include "fts/core/shard/tensor_util.h"

namespace fts {

absl::StatusOr<MadeEngine> MakeEngine(
    const Plan& plan, const PrecisionSpec& precision,
    const std::vector<shard::NamedLeaf>& parameters, const Ranks& ranks) {
  shard::EngineOptions options;
  FTS_ASSIGN_OR_RETURN(options.dtypes.compute,
                       shard::DtypeFromName(precision.param));
  FTS_ASSIGN_OR_RETURN(options.dtypes.reduce,
                       shard::DtypeFromName(precision.reduce));
  FTS_ASSIGN_OR_RETURN(options.dtypes.master,
                       shard::DtypeFromName(precision.master));
  options.group = ranks.shard_group();
  options.everyone = ranks.everyone();
  options.tp = ranks.tp();
  DtypeNames run;
  run.param = precision.param;
  run.reduce = precision.reduce;
  run.master = precision.master;
  MadeEngine made;
  made.why_not_bound = WhyNotBindable(plan, run);
  options.bind = made.why_not_bound.empty();
  FTS_ASSIGN_OR_RETURN(
      made.engine, shard::ShardEngine::Create(plan, parameters, ranks.gather(),
                                              ranks.reduce(), options));
  if (options.bind && !made.engine->bound()) {
    made.why_not_bound =
        ranks.size() == 1
            ? "there is one data-parallel rank"
            : "the ranks cannot share memory, or have too little of it";
  }
  return made;
}

std::vector<std::vector<std::string>> ResidentByPhase(
    const Plan& plan, int phases, const PrecisionSpec& precision,
    const Ranks& ranks, const shard::ShardEngine& engine,
    const std::vector<int>& moments) {
  MemoryOptions memory;
  memory.world_size = ranks.size();
  memory.replicas = ranks.shard_group()->replicas();
  memory.param = precision.param;
  memory.master = precision.master;
  memory.may_bind = engine.bound();
  memory.moments = moments;
  return ResidentSegments(plan, phases, memory);
}

}  // namespace fts
