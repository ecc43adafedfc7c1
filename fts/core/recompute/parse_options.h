// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The keywords of the non-reentrant checkpoint that a plan may name, and ours
// for selective checkpointing. Free of torch.
// Threads: values.

#ifndef FTS_CORE_RECOMPUTE_PARSE_OPTIONS_H_
#define FTS_CORE_RECOMPUTE_PARSE_OPTIONS_H_

#include <string>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"
#include "fts/core/recompute/checkpoint_options.h"

namespace fts::recompute {

// Reads a plan's `kwargs` mapping (null = defaults) of `mode`, composable or
// wrapped. `every` belongs to the plan and is passed over. Errors: a keyword
// that is unknown, not of this mode (use_reentrant: true under composable), a
// function (context_fn), or of the wrong type. Under wrapped `use_reentrant:
// true` runs the non-reentrant checkpoint, as the plan's warning says.
absl::StatusOr<CheckpointOptions> ParseCheckpointOptions(
    const std::string& mode, const YamlNode& kwargs, Diagnostics* diags);

}  // namespace fts::recompute

#endif  // FTS_CORE_RECOMPUTE_PARSE_OPTIONS_H_
