// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The handles that stand on LibTorch and are read by more than one file, and
// the guard for code that may throw its errors.
// Threads: see the public header of each handle.

#ifndef FTS_CAPI_INTERNAL_TORCH_HANDLES_H_
#define FTS_CAPI_INTERNAL_TORCH_HANDLES_H_

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fts/capi/internal/confined.h"
#include "fts/capi/internal/guard.h"
#include "fts/capi/internal/handle.h"
#include "fts/capi/internal/handles.h"
#include "fts/capi/mesh.h"
#include "fts/capi/optimizer.h"
#include "fts/capi/session.h"
#include "fts/capi/tensor.h"
#include "fts/core/session/host_session.h"
#include "fts/core/session/ranks.h"
#include "fts/core/tp/group.h"

struct fts_tensor : fts::capi::Counted {
  explicit fts_tensor(at::Tensor tensor) : value(std::move(tensor)) {}
  const at::Tensor value;
};

struct fts_mesh : fts::capi::Counted {
  explicit fts_mesh(fts::Ranks ranks) : value(std::move(ranks)) {}
  fts::Ranks value;
  fts::tp::GroupPtr tp;  // of tp.h; made by its first call
  const fts::capi::OwnProcess process{};
  std::atomic<bool> busy{false};
};

struct fts_session : fts::capi::Counted {
  std::unique_ptr<fts::HostSession> value;
  std::vector<std::string> act_ckpt_kwargs;  // JSON, by unit
  std::map<std::string, double> metrics;
  const fts::capi::OwnProcess process{};
  mutable std::atomic<bool> busy{false};
};

namespace fts::capi {

// Guard, with LibTorch's errors told without their backtrace.
template <typename Body>
fts_status* TorchGuard(Body&& body) noexcept {
  return Guard([&]() -> absl::Status {
    try {
      return body();
    } catch (const c10::Error& e) {
      return absl::InternalError(e.what_without_backtrace());
    }
  });
}

// Runs `body` as the only call on the mesh.
template <typename Body>
fts_status* InMesh(fts_mesh* mesh, const char* function, Body&& body) noexcept {
  return TorchGuard([&]() -> absl::Status {
    const absl::Status there =
        NotNull(mesh, absl::StrCat(function, ": mesh").c_str());
    if (!there.ok()) return there;
    const absl::Status own = mesh->process.Check(function, "mesh");
    if (!own.ok()) return own;
    return Confined(mesh->busy, function, "mesh",
                    [&]() -> absl::Status { return body(mesh->value); });
  });
}

// Runs `body` as the only call on the session.
template <typename Body>
fts_status* InSession(const fts_session* session, const char* function,
                      Body&& body) noexcept {
  return TorchGuard([&]() -> absl::Status {
    const absl::Status there =
        NotNull(session, absl::StrCat(function, ": session").c_str());
    if (!there.ok()) return there;
    const absl::Status own = session->process.Check(function, "session");
    if (!own.ok()) return own;
    return Confined(session->busy, function, "session",
                    [&]() -> absl::Status { return body(*session->value); });
  });
}

// That a caller's at::Tensor is of the LibTorch that is in use here (torch.h).
absl::Status CheckTag(fts_string tag, const char* function);

// DLPack's description of a dtype; {0, 0, 0} for what it has no name for.
fts_dtype ToDtype(at::ScalarType type);

}  // namespace fts::capi

#endif  // FTS_CAPI_INTERNAL_TORCH_HANDLES_H_
