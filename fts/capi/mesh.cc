// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/mesh.h"

#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <chrono>

#include "fts/capi/internal/communicator_handle.h"
#include "fts/capi/internal/options.h"
#include "fts/capi/internal/text.h"
#include "fts/capi/internal/torch_handles.h"
#include "fts/core/base/status.h"
#include "fts/core/comm/launch_environment.h"

using fts::capi::InMesh;
using fts::capi::NotNull;
using fts::capi::TorchGuard;

namespace {

constexpr size_t kOptionsV1Size = 32;
static_assert(offsetof(fts_mesh_options, tp) + sizeof(int32_t) ==
                  sizeof(fts_mesh_options),
              "tp is the last field: append after it, and read the new field "
              "in ReadMeshOptions");

struct MeshOptions {
  std::chrono::milliseconds timeout;
  int replicas = 1;
  int tp = 1;
};

absl::StatusOr<MeshOptions> ReadMeshOptions(const fts_mesh_options* given) {
  fts_mesh_options o = FTS_MESH_OPTIONS_INIT;
  FTS_RETURN_IF_ERROR(
      fts::capi::ReadOptions(given, kOptionsV1Size, "fts_mesh_options", &o));
  if (o.timeout_ms < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("fts_mesh_options: timeout_ms is ", o.timeout_ms,
                     "; it must be at least 1"));
  }
  if (o.tp < 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "fts_mesh_options: tp is ", o.tp,
        "; it must be a number of ranks, or 0 for no tensor parallelism"));
  }
  return MeshOptions{std::chrono::milliseconds(o.timeout_ms), o.dp_replicate,
                     std::max(o.tp, 1)};
}

absl::Status Put(fts::Ranks ranks, const MeshOptions& options, fts_mesh** out) {
  if (options.tp > 1) FTS_RETURN_IF_ERROR(ranks.SplitTp(options.tp));
  FTS_RETURN_IF_ERROR(ranks.SplitReplicas(options.replicas));
  *out = new fts_mesh(std::move(ranks));
  return absl::OkStatus();
}

// Over all ranks, those along tp included.
fts_status* Agree(fts_mesh* mesh, double* numbers, size_t size,
                  const char* function, fts::comm::ReduceOp op) noexcept {
  return InMesh(mesh, function, [&](fts::Ranks& ranks) -> absl::Status {
    if (size == 0) return absl::OkStatus();
    FTS_RETURN_IF_ERROR(
        NotNull(numbers, absl::StrCat(function, ": numbers").c_str()));
    const auto count = static_cast<int64_t>(size);
    const at::Tensor theirs = at::from_blob(numbers, {count}, at::kDouble);
    const at::Tensor values = theirs.clone();
    fts::comm::Communicator& comm = *ranks.everyone();
    comm.SetLabel("(totals)");
    FTS_ASSIGN_OR_RETURN(const fts::comm::EventPtr event,
                         comm.AllReduce(values, op));
    FTS_RETURN_IF_ERROR(event->Wait());
    theirs.copy_(values);
    return absl::OkStatus();
  });
}

absl::StatusOr<fts::comm::CommunicatorPtr> CommunicatorOf(
    const fts::Ranks& r, fts_mesh_dim dim, const char* function) {
  switch (dim) {
    case FTS_MESH_DIM_UNSPECIFIED:
    case FTS_MESH_DIM_ALL:
      return r.everyone();
    case FTS_MESH_DIM_DP_SHARD:
      return r.shard_group()->gather;
    case FTS_MESH_DIM_DP_REPLICATE:
      return r.replicas();
    case FTS_MESH_DIM_TP:
      return r.layers();
    case FTS_MESH_DIM_DP:
      return r.gather();
    default:
      return absl::InvalidArgumentError(
          absl::StrCat(function, ": dim is ", dim,
                       "; it must be one of the FTS_MESH_DIM_ constants"));
  }
}

}  // namespace

fts_status* fts_mesh_create(const fts_mesh_options* options,
                            fts_mesh** out) noexcept {
  if (out != nullptr) *out = nullptr;
  return TorchGuard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_mesh_create: out"));
    FTS_ASSIGN_OR_RETURN(const MeshOptions o, ReadMeshOptions(options));
    fts::Diagnostics diags;
    FTS_ASSIGN_OR_RETURN(const auto launch,
                         fts::comm::ReadLaunchEnvironment(
                             fts::comm::ProcessEnvironment(), &diags));
    FTS_ASSIGN_OR_RETURN(fts::Ranks ranks,
                         fts::Ranks::Connect(launch, o.timeout));
    return Put(std::move(ranks), o, out);
  });
}

fts_status* fts_mesh_join(fts_string group_name,
                          const fts_mesh_options* options,
                          fts_mesh** out) noexcept {
  if (out != nullptr) *out = nullptr;
  return TorchGuard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_mesh_join: out"));
    FTS_ASSIGN_OR_RETURN(const MeshOptions o, ReadMeshOptions(options));
    FTS_ASSIGN_OR_RETURN(
        fts::Ranks ranks,
        fts::Ranks::Join(fts::capi::ToString(group_name), o.timeout));
    return Put(std::move(ranks), o, out);
  });
}

void fts_mesh_retain(fts_mesh* mesh) noexcept { fts::capi::Retain(mesh); }

void fts_mesh_release(fts_mesh* mesh) noexcept { fts::capi::Release(mesh); }

int32_t fts_mesh_rank(const fts_mesh* mesh) noexcept {
  return mesh == nullptr ? 0 : mesh->value.world_rank();
}

int32_t fts_mesh_size(const fts_mesh* mesh) noexcept {
  return mesh == nullptr ? 1 : mesh->value.world_size();
}

fts_status* fts_mesh_sum(fts_mesh* mesh, double* numbers,
                         size_t size) noexcept {
  return Agree(mesh, numbers, size, "fts_mesh_sum", fts::comm::ReduceOp::kSum);
}

fts_status* fts_mesh_max(fts_mesh* mesh, double* numbers,
                         size_t size) noexcept {
  return Agree(mesh, numbers, size, "fts_mesh_max", fts::comm::ReduceOp::kMax);
}

fts_status* fts_mesh_barrier(fts_mesh* mesh) noexcept {
  return InMesh(mesh, "fts_mesh_barrier",
                [](fts::Ranks& ranks) { return ranks.Barrier(); });
}

fts_status* fts_mesh_abort(fts_mesh* mesh, fts_string reason) noexcept {
  return TorchGuard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(mesh, "fts_mesh_abort: mesh"));
    FTS_RETURN_IF_ERROR(mesh->process.Check("fts_mesh_abort", "mesh"));
    mesh->value.Abort(fts::capi::ToString(reason));
    return absl::OkStatus();
  });
}

fts_status* fts_mesh_get_dim(fts_mesh* mesh, fts_mesh_dim dim,
                             int32_t* out_rank, int32_t* out_size) noexcept {
  if (out_rank != nullptr) *out_rank = 0;
  if (out_size != nullptr) *out_size = 1;
  return InMesh(mesh, "fts_mesh_get_dim", [&](fts::Ranks& r) -> absl::Status {
    FTS_ASSIGN_OR_RETURN(const fts::comm::CommunicatorPtr comm,
                         CommunicatorOf(r, dim, "fts_mesh_get_dim"));
    if (out_rank != nullptr) *out_rank = comm->rank();
    if (out_size != nullptr) *out_size = comm->size();
    return absl::OkStatus();
  });
}

fts_status* fts_mesh_get_communicator(fts_mesh* mesh, fts_mesh_dim dim,
                                      fts_communicator** out) noexcept {
  if (out != nullptr) *out = nullptr;
  return InMesh(
      mesh, "fts_mesh_get_communicator", [&](fts::Ranks& r) -> absl::Status {
        FTS_RETURN_IF_ERROR(NotNull(out, "fts_mesh_get_communicator: out"));
        FTS_ASSIGN_OR_RETURN(
            fts::comm::CommunicatorPtr comm,
            CommunicatorOf(r, dim, "fts_mesh_get_communicator"));
        *out = new fts_communicator(std::move(comm));
        return absl::OkStatus();
      });
}
