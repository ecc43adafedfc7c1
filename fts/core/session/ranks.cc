// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/session/ranks.h"

#include <ATen/ops/from_blob.h>

#include <chrono>
#include <utility>

#include "fts/core/base/status.h"
#include "fts/core/comm/gloo.h"
#include "fts/core/comm/local.h"
#include "fts/core/comm/rendezvous.h"

namespace fts {
namespace {

constexpr std::chrono::minutes kRendezvousTimeout{5};

absl::Status Agree(comm::Communicator& comm, comm::ReduceOp op,
                   std::vector<double>* numbers) {
  if (comm.size() == 1 || numbers->empty()) return absl::OkStatus();
  at::Tensor view = at::from_blob(
      numbers->data(), {static_cast<int64_t>(numbers->size())}, at::kDouble);
  FTS_ASSIGN_OR_RETURN(comm::EventPtr event, comm.AllReduce(view, op));
  return event->Wait();
}

}  // namespace

Ranks::Ranks(std::shared_ptr<comm::Communicator> gather,
             std::shared_ptr<comm::Communicator> reduce)
    : gather_(std::move(gather)), reduce_(std::move(reduce)) {}

absl::StatusOr<Ranks> Ranks::Connect(const comm::LaunchEnvironment& launch,
                                     std::chrono::milliseconds timeout) {
  if (launch.world_size == 1) {
    return Ranks(comm::MakeLocal("gather"), comm::MakeLocal("reduce"));
  }
  FTS_ASSIGN_OR_RETURN(comm::StorePtr store,
                       comm::Rendezvous(launch, kRendezvousTimeout));
  comm::GlooOptions options = comm::GlooOptionsFor(launch);
  options.timeout = timeout;
  options.name = "gather";
  FTS_ASSIGN_OR_RETURN(comm::CommunicatorPtr gather,
                       comm::MakeGloo(store->Prefixed("gather"), launch.rank,
                                      launch.world_size, options));
  options.name = "reduce";
  FTS_ASSIGN_OR_RETURN(comm::CommunicatorPtr reduce,
                       comm::MakeGloo(store->Prefixed("reduce"), launch.rank,
                                      launch.world_size, options));
  return Ranks(std::move(gather), std::move(reduce));
}

absl::Status Ranks::Sum(std::vector<double>* numbers) const {
  return Agree(*gather_, comm::ReduceOp::kSum, numbers);
}

absl::Status Ranks::Max(std::vector<double>* numbers) const {
  return Agree(*gather_, comm::ReduceOp::kMax, numbers);
}

void Ranks::Abort(const std::string& reason) const {
  gather_->Abort(reason);
  reduce_->Abort(reason);
}

}  // namespace fts
