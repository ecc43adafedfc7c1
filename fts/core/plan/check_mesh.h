// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What of a plan depends on the mesh: sizes that must divide.
// Threads: pure functions.
#ifndef FTS_CORE_PLAN_CHECK_MESH_H_
#define FTS_CORE_PLAN_CHECK_MESH_H_

#include "absl/status/status.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/match/model_description.h"
#include "fts/core/mesh/device_mesh.h"
#include "fts/core/plan/plan.h"

namespace fts {

// Errors: reshard_group (an int reshard_after_forward that does not divide the
// shard size), shard_placement (a dimension other than 0 that the shard size
// does not divide, counted in what a rank along tp holds).
absl::Status CheckPlanFitsMesh(const Plan& plan, const ModelDescription& model,
                               const DeviceMesh& mesh, Diagnostics* diags);

}  // namespace fts

#endif  // FTS_CORE_PLAN_CHECK_MESH_H_
