// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Runs code that may throw (LibTorch, autograd hooks, user modules) and makes a
// status of it. An error that an engine's hook stashed keeps its code.
// Threads: confined to the training thread.
#ifndef FTS_CORE_SESSION_GUARDED_H_
#define FTS_CORE_SESSION_GUARDED_H_

#include <functional>

#include "absl/status/status.h"
#include "fts/core/shard/engine.h"

namespace fts {

absl::Status Guarded(shard::ShardEngine& engine,
                     const std::function<absl::Status()>& body);

}  // namespace fts

#endif  // FTS_CORE_SESSION_GUARDED_H_
