// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A module tree as a session takes it: its named parts, and the values it
// starts from.
// Threads: pure functions; a loader is confined to one thread.
#ifndef FTS_CORE_SESSION_MODEL_PARTS_H_
#define FTS_CORE_SESSION_MODEL_PARTS_H_

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

#include "fts/core/nn/module.h"
#include "fts/core/session/session.h"

namespace fts {

// The parameters and modules of `root` under its own names.
SessionModel ModelParts(nn::Module& root);

// The values that the parameters have now, for Session::Load. To be made before
// the session, which gives the parameters other memory; the old one lasts as
// long as the loader does. Ranks that load so must hold the same values.
// Errors of the loader: NOT_FOUND for another name; FAILED_PRECONDITION for a
// parameter whose values were not in memory to begin with.
shard::RangeLoader ValuesNow(const nn::Module& root);

// The same of named tensors, whose storage it keeps.
shard::RangeLoader ValuesOf(
    const std::vector<std::pair<std::string, at::Tensor>>& tensors);

}  // namespace fts

#endif  // FTS_CORE_SESSION_MODEL_PARTS_H_
