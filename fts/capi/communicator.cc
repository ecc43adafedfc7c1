// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/communicator.h"

#include "fts/capi/internal/communicator_handle.h"
#include "fts/capi/internal/event_handle.h"
#include "fts/capi/internal/torch_handles.h"
#include "fts/core/base/status.h"

using fts::capi::NotNull;
using fts::capi::TorchGuard;

namespace {

absl::StatusOr<fts::comm::ReduceOp> ReadOp(fts_reduce_op op,
                                           const char* function) {
  switch (op) {
    case FTS_REDUCE_OP_UNSPECIFIED:
    case FTS_REDUCE_OP_SUM:
      return fts::comm::ReduceOp::kSum;
    case FTS_REDUCE_OP_MAX:
      return fts::comm::ReduceOp::kMax;
    default:
      return absl::InvalidArgumentError(
          absl::StrCat(function, ": op is ", op,
                       "; it must be one of the FTS_REDUCE_OP_ constants"));
  }
}

// `issue` returns the event of a call on the communicator.
template <typename Issue>
fts_status* Collective(fts_communicator* comm, const char* function,
                       std::initializer_list<const fts_tensor*> tensors,
                       fts_event** out, const Issue& issue) noexcept {
  if (out != nullptr) *out = nullptr;
  return TorchGuard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(
        NotNull(comm, absl::StrCat(function, ": comm").c_str()));
    FTS_RETURN_IF_ERROR(NotNull(out, absl::StrCat(function, ": out").c_str()));
    for (const fts_tensor* tensor : tensors) {
      FTS_RETURN_IF_ERROR(
          NotNull(tensor, absl::StrCat(function, ": tensor").c_str()));
    }
    FTS_RETURN_IF_ERROR(comm->process.Check(function, "communicator"));
    return fts::capi::Confined(
        comm->busy, function, "communicator", [&]() -> absl::Status {
          comm->value->SetLabel("(caller's)");
          FTS_ASSIGN_OR_RETURN(fts::comm::EventPtr event, issue(*comm->value));
          *out = new fts_event(std::move(event));
          return absl::OkStatus();
        });
  });
}

}  // namespace

void fts_communicator_retain(fts_communicator* comm) noexcept {
  fts::capi::Retain(comm);
}

void fts_communicator_release(fts_communicator* comm) noexcept {
  fts::capi::Release(comm);
}

int32_t fts_communicator_rank(const fts_communicator* comm) noexcept {
  return comm == nullptr ? 0 : comm->value->rank();
}

int32_t fts_communicator_size(const fts_communicator* comm) noexcept {
  return comm == nullptr ? 1 : comm->value->size();
}

fts_status* fts_communicator_all_gather(fts_communicator* comm,
                                        const fts_tensor* full,
                                        fts_event** out) noexcept {
  return Collective(comm, "fts_communicator_all_gather", {full}, out,
                    [&](fts::comm::Communicator& c) {
                      return c.AllGatherInPlace(full->value.detach());
                    });
}

fts_status* fts_communicator_reduce_scatter(fts_communicator* comm,
                                            const fts_tensor* input,
                                            const fts_tensor* output,
                                            fts_reduce_op op,
                                            fts_event** out) noexcept {
  constexpr char kName[] = "fts_communicator_reduce_scatter";
  return Collective(
      comm, kName, {input, output}, out,
      [&](fts::comm::Communicator& c) -> absl::StatusOr<fts::comm::EventPtr> {
        FTS_ASSIGN_OR_RETURN(const auto how, ReadOp(op, kName));
        return c.ReduceScatter(input->value.detach(), output->value.detach(),
                               how);
      });
}

fts_status* fts_communicator_all_reduce(fts_communicator* comm,
                                        const fts_tensor* tensor,
                                        fts_reduce_op op,
                                        fts_event** out) noexcept {
  constexpr char kName[] = "fts_communicator_all_reduce";
  return Collective(
      comm, kName, {tensor}, out,
      [&](fts::comm::Communicator& c) -> absl::StatusOr<fts::comm::EventPtr> {
        FTS_ASSIGN_OR_RETURN(const auto how, ReadOp(op, kName));
        return c.AllReduce(tensor->value.detach(), how);
      });
}

fts_status* fts_communicator_broadcast(fts_communicator* comm,
                                       const fts_tensor* tensor, int32_t root,
                                       fts_event** out) noexcept {
  return Collective(comm, "fts_communicator_broadcast", {tensor}, out,
                    [&](fts::comm::Communicator& c) {
                      return c.Broadcast(tensor->value.detach(), root);
                    });
}
