// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// From the run config's `mesh:` mapping and the number of ranks to a
// DeviceMesh. Does not look at the environment or at devices: the caller says
// what was launched and what is there.
// Threads: no state.
#ifndef FTS_CORE_MESH_RESOLVE_MESH_H_
#define FTS_CORE_MESH_RESOLVE_MESH_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/base/source_location.h"
#include "fts/core/mesh/device_mesh.h"

namespace fts {

// What the user wrote. At most one size may be -1: it takes what is left.
struct MeshRequest {
  int64_t dp_replicate = 1;
  int64_t dp_shard = -1;
  int64_t tp = 1;
  SourceLocation where = {};
};

// Where ranks come from, in this order: a launcher, GPUs, CPU ranks.
struct RankSources {
  std::optional<int64_t> world_size;  // set when a launcher started the ranks
  int64_t usable_gpus = 0;            // 0 on a CPU device
  int64_t cpu_ranks = 1;              // trainer.cpu_ranks
};

// The mesh dp_replicate x dp_shard x tp (always these three, in this order).
//   Launched: its size must be the world size.
//   Not launched, one size -1: all usable GPUs, else cpu_ranks, over the other
//     two sizes.
//   Not launched, no -1: the mesh says how many ranks to start; it must not
//     need more than the usable GPUs, nor contradict a cpu_ranks above 1.
// Errors: out_of_range, mesh_ambiguous (two -1), mesh_size (does not fit).
absl::StatusOr<DeviceMesh> ResolveMesh(const MeshRequest& request,
                                       const RankSources& sources,
                                       Diagnostics* diags);

}  // namespace fts

#endif  // FTS_CORE_MESH_RESOLVE_MESH_H_
