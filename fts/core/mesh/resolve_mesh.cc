// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/mesh/resolve_mesh.h"

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fts/core/base/codes.h"
#include "fts/core/mesh/codes.h"

namespace fts {
namespace {

constexpr int64_t kMaxRanks = std::numeric_limits<int32_t>::max();

std::string Ranks(int64_t n) {
  return absl::StrCat(n, n == 1 ? " rank" : " ranks");
}

// The ranks to be divided, and how to speak of them.
struct Supply {
  int64_t ranks;
  std::string seen;  // "3 ranks were launched"
  std::string more;  // "launch a multiple of "
};

Supply Available(const RankSources& sources) {
  if (sources.world_size.has_value()) {
    const int64_t n = *sources.world_size;
    return {n, absl::StrCat(Ranks(n), n == 1 ? " was" : " were", " launched"),
            "launch a multiple of "};
  }
  if (sources.usable_gpus > 0) {
    const int64_t n = sources.usable_gpus;
    return {n,
            absl::StrCat(n, n == 1 ? " GPU is" : " GPUs are", " usable here"),
            "make visible a multiple of "};
  }
  return {sources.cpu_ranks,
          absl::StrCat("trainer.cpu_ranks is ", sources.cpu_ranks),
          "set trainer.cpu_ranks to a multiple of "};
}

}  // namespace

absl::StatusOr<DeviceMesh> ResolveMesh(const MeshRequest& request,
                                       const RankSources& sources,
                                       Diagnostics* diags) {
  std::vector<MeshDim> dims = {{kDpReplicate, request.dp_replicate},
                               {kDpShard, request.dp_shard},
                               {kTp, request.tp}};
  const std::string written =
      absl::StrCat("mesh {",
                   absl::StrJoin(dims, ", ",
                                 [](std::string* out, const auto& d) {
                                   absl::StrAppend(out, d.name, ": ", d.size);
                                 }),
                   "}");
  MeshDim* free = nullptr;
  int64_t fixed = 1;
  std::vector<std::string> fixed_names;
  bool good = true;
  const auto fail = [&](const char* code, std::string message) {
    diags->Error(code, std::move(message), request.where);
    good = false;
  };
  for (MeshDim& dim : dims) {
    if (dim.size == -1) {
      if (free != nullptr) {
        fail(codes::kMeshAmbiguous,
             absl::StrCat(written, ": ", free->name, " and ", dim.name,
                          " are both -1; only one can take what is left, give "
                          "the other a size"));
      }
      free = &dim;
    } else if (dim.size < 1 || dim.size > kMaxRanks / fixed) {
      fail(codes::kOutOfRange,
           absl::StrCat("mesh.", dim.name, " is ", dim.size,
                        "; it must be -1 (what is left) or from 1 to ",
                        kMaxRanks / fixed));
    } else {
      fixed *= dim.size;
      fixed_names.push_back(dim.name);
    }
  }
  const Supply supply = Available(sources);
  if (supply.ranks < 1) {
    fail(codes::kOutOfRange,
         absl::StrCat(sources.world_size ? "the launched world size is "
                                         : "trainer.cpu_ranks is ",
                      supply.ranks, "; it must be at least 1"));
  }
  if (!good) return diags->status();

  if (free != nullptr) {
    if (supply.ranks % fixed != 0) {
      fail(codes::kMeshSize,
           absl::StrCat(written, ": ", supply.seen, ", which is not a multiple",
                        " of ", absl::StrJoin(fixed_names, " x "), " = ", fixed,
                        "; ", supply.more, fixed, ", or change the mesh"));
      return diags->status();
    }
    free->size = supply.ranks / fixed;
  } else if (sources.world_size.has_value()) {
    if (supply.ranks != fixed) {
      const int64_t others = fixed / request.dp_shard;
      fail(codes::kMeshSize,
           absl::StrCat(written, " needs ", Ranks(fixed), ", but ", supply.seen,
                        "; launch ", fixed,
                        supply.ranks % others == 0
                            ? absl::StrCat(", or set mesh.dp_shard to -1 or ",
                                           supply.ranks / others)
                            : std::string(", or change the mesh")));
      return diags->status();
    }
  } else if (sources.usable_gpus > 0) {
    if (fixed > sources.usable_gpus) {
      fail(codes::kMeshSize,
           absl::StrCat(written, " needs ", Ranks(fixed), ", but only ",
                        supply.seen,
                        "; make the mesh smaller, or set trainer.device to "
                        "cpu"));
      return diags->status();
    }
  } else if (sources.cpu_ranks != 1 && sources.cpu_ranks != fixed) {
    fail(codes::kMeshSize,
         absl::StrCat(written, " needs ", Ranks(fixed), ", but ", supply.seen,
                      "; set trainer.cpu_ranks to ", fixed,
                      ", or one size of the mesh to -1"));
    return diags->status();
  }
  return DeviceMesh::Create(std::move(dims));
}

}  // namespace fts
