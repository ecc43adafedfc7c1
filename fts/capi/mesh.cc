// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/mesh.h"

#include <chrono>

#include "fts/capi/internal/communicator_handle.h"
#include "fts/capi/internal/options.h"
#include "fts/capi/internal/text.h"
#include "fts/capi/internal/torch_handles.h"
#include "fts/core/base/status.h"
#include "fts/core/comm/launch_environment.h"

using fts::capi::NotNull;
using fts::capi::TorchGuard;

namespace {

constexpr size_t kOptionsV1Size = 32;
static_assert(offsetof(fts_mesh_options, reserved) + sizeof(int32_t) ==
                  sizeof(fts_mesh_options),
              "reserved is the last field: append after it, and read the new "
              "field in ReadMeshOptions");

struct MeshOptions {
  std::chrono::milliseconds timeout;
  int replicas = 1;
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
  if (o.reserved != 0) {
    return absl::UnimplementedError(absl::StrCat(
        "fts_mesh_options: reserved is ", o.reserved, "; it must be 0"));
  }
  return MeshOptions{std::chrono::milliseconds(o.timeout_ms), o.dp_replicate};
}

absl::Status Put(fts::Ranks ranks, const MeshOptions& options, fts_mesh** out) {
  FTS_RETURN_IF_ERROR(ranks.SplitReplicas(options.replicas));
  *out = new fts_mesh(std::move(ranks));
  return absl::OkStatus();
}

template <typename Body>
fts_status* OnMesh(fts_mesh* mesh, const char* function,
                   const Body& body) noexcept {
  return TorchGuard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(
        NotNull(mesh, absl::StrCat(function, ": mesh").c_str()));
    FTS_RETURN_IF_ERROR(mesh->process.Check(function, "mesh"));
    return fts::capi::Confined(
        mesh->busy, function, "mesh",
        [&]() -> absl::Status { return body(mesh->value); });
  });
}

using Agreement = absl::Status (fts::Ranks::*)(std::vector<double>*) const;

fts_status* Agree(fts_mesh* mesh, double* numbers, size_t size,
                  const char* function, Agreement agree) noexcept {
  return OnMesh(mesh, function, [&](fts::Ranks& ranks) -> absl::Status {
    if (size == 0) return absl::OkStatus();
    FTS_RETURN_IF_ERROR(
        NotNull(numbers, absl::StrCat(function, ": numbers").c_str()));
    std::vector<double> values(numbers, numbers + size);
    FTS_RETURN_IF_ERROR((ranks.*agree)(&values));
    std::copy(values.begin(), values.end(), numbers);
    return absl::OkStatus();
  });
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
  return mesh == nullptr ? 0 : mesh->value.rank();
}

int32_t fts_mesh_size(const fts_mesh* mesh) noexcept {
  return mesh == nullptr ? 1 : mesh->value.size();
}

fts_status* fts_mesh_sum(fts_mesh* mesh, double* numbers,
                         size_t size) noexcept {
  return Agree(mesh, numbers, size, "fts_mesh_sum", &fts::Ranks::Sum);
}

fts_status* fts_mesh_max(fts_mesh* mesh, double* numbers,
                         size_t size) noexcept {
  return Agree(mesh, numbers, size, "fts_mesh_max", &fts::Ranks::Max);
}

fts_status* fts_mesh_barrier(fts_mesh* mesh) noexcept {
  return OnMesh(mesh, "fts_mesh_barrier",
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

fts_status* fts_mesh_get_communicator(fts_mesh* mesh, fts_mesh_dim dim,
                                      fts_communicator** out) noexcept {
  if (out != nullptr) *out = nullptr;
  return OnMesh(
      mesh, "fts_mesh_get_communicator", [&](fts::Ranks& r) -> absl::Status {
        FTS_RETURN_IF_ERROR(NotNull(out, "fts_mesh_get_communicator: out"));
        fts::comm::CommunicatorPtr comm;
        switch (dim) {
          case FTS_MESH_DIM_UNSPECIFIED:
          case FTS_MESH_DIM_ALL:
            comm = r.gather();
            break;
          case FTS_MESH_DIM_DP_SHARD:
            comm = r.shard_group()->gather;
            break;
          case FTS_MESH_DIM_DP_REPLICATE:
            comm = r.replicas();
            break;
          default:
            return absl::InvalidArgumentError(absl::StrCat(
                "fts_mesh_get_communicator: dim is ", dim,
                "; it must be one of the FTS_MESH_DIM_ constants"));
        }
        *out = new fts_communicator(std::move(comm));
        return absl::OkStatus();
      });
}
