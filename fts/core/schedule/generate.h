// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Makes schedules from a model: FTS's implicit one (pairs, last registered
// first) and those that follow the model's layers. Threads: pure functions.
#ifndef FTS_CORE_SCHEDULE_GENERATE_H_
#define FTS_CORE_SCHEDULE_GENERATE_H_

#include <string>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"
#include "fts/core/match/model_description.h"

namespace fts {

// FTS's implicit schedule: the parameters backwards, two a phase; an odd one
// out is the last phase. Tied aliases are left out. No parameters: an empty
// mapping.
YamlNode GenerateImplicitSchedule(const ModelDescription& model);

// `phases` phases that never cut through a layer (layers.h), in the order in
// which a model is thawed: first the head, then the blocks from the last to the
// first in near-equal shares, then the embeddings. The embeddings join the last
// share unless `phases` leaves them one of their own.
// Errors: out_of_range when `phases` is below 1 or more than the model allows.
absl::StatusOr<YamlNode> GenerateBlockSchedule(const ModelDescription& model,
                                               int phases, Diagnostics* diags);

// One phase per layer: the head, every block from the last to the first, the
// embeddings. No parameters: an empty mapping.
YamlNode GenerateDepthSchedule(const ModelDescription& model);

// `schedule` (of a Generate function) as YAML text with a header comment that
// says how it was made, and a comment per phase with tensor and element counts.
std::string AnnotateSchedule(const YamlNode& schedule,
                             const ModelDescription& model,
                             const std::string& how);

}  // namespace fts

#endif  // FTS_CORE_SCHEDULE_GENERATE_H_
