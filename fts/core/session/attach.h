// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Puts what a plan says around the modules it names: the sharding unit, and
// within it activation checkpointing. Sharding stands outside, so that a
// recomputation finds its weights already gathered for the backward.
//
// Interceptors cannot be taken off a module; Detach makes them pass through.
// Threads: confined to the training thread.
#ifndef FTS_CORE_SESSION_ATTACH_H_
#define FTS_CORE_SESSION_ATTACH_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/nn/module.h"
#include "fts/core/plan/plan.h"
#include "fts/core/recompute/checkpoint.h"
#include "fts/core/recompute/offload.h"
#include "fts/core/session/shard_interceptor.h"
#include "fts/core/shard/engine.h"

namespace fts {

// What was put around one model's modules.
struct Attachments {
  std::vector<std::shared_ptr<ShardInterceptor>> shards;
  std::vector<std::shared_ptr<recompute::CheckpointInterceptor>> checkpoints;
  std::vector<std::shared_ptr<recompute::OffloadInterceptor>> offloads;

  void Detach();

  // After the backward passes of a step: that no unit was left out whose
  // parameters got a gradient. Its module ran without a call, so nothing of the
  // plan applied to it, which ranks that share nothing would not notice.
  // Forgets the calls. Errors: FAILED_PRECONDITION naming unit and parameter.
  absl::Status CheckCalls();
};

// `modules`: the model's by name, the root "". Bad checkpointing options are
// recorded in `diags`.
// Errors: INVALID_ARGUMENT for a module that the plan names and the model does
// not have; FAILED_PRECONDITION for checkpointing in a process that runs
// Python.
absl::StatusOr<Attachments> AttachModules(
    const Plan& plan, const shard::ShardEngine& engine,
    const std::vector<std::pair<std::string, nn::Module*>>& modules,
    Diagnostics* diags);

}  // namespace fts

#endif  // FTS_CORE_SESSION_ATTACH_H_
