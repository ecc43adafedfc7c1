// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The keywords of the non-reentrant checkpoint that a plan may name. Free of
// torch.
// Threads: values.

#ifndef FTS_CORE_RECOMPUTE_PARSE_OPTIONS_H_
#define FTS_CORE_RECOMPUTE_PARSE_OPTIONS_H_

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"
#include "fts/core/recompute/checkpoint_options.h"

namespace fts::recompute {

// Reads a plan's `kwargs` mapping (null = defaults). Errors: a keyword that is
// unknown, left to a later version (debug, context_fn), not of this mode
// (use_reentrant: true), or of the wrong type.
absl::StatusOr<CheckpointOptions> ParseCheckpointOptions(const YamlNode& kwargs,
                                                         Diagnostics* diags);

}  // namespace fts::recompute

#endif  // FTS_CORE_RECOMPUTE_PARSE_OPTIONS_H_
