// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/session/ranks.h"

#include <ATen/ops/from_blob.h>

#include <chrono>
#include <cstdlib>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/core/comm/gloo.h"
#include "fts/core/comm/local.h"
#include "fts/core/comm/process_group.h"
#include "fts/core/comm/rendezvous.h"
#include "fts/core/comm/shm/shm.h"

namespace fts {
namespace {

constexpr std::chrono::minutes kRendezvousTimeout{5};

absl::Status Agree(comm::Communicator& comm, comm::ReduceOp op,
                   std::vector<double>* numbers) {
  if (comm.size() == 1 || numbers->empty()) return absl::OkStatus();
  at::Tensor view = at::from_blob(
      numbers->data(), {static_cast<int64_t>(numbers->size())}, at::kDouble);
  comm.SetLabel("(totals)");
  FTS_ASSIGN_OR_RETURN(comm::EventPtr event, comm.AllReduce(view, op));
  return event->Wait();
}

// The backend that FTS_COMM asks for, "" for none.
absl::StatusOr<std::string> ForcedBackend() {
  const char* value = std::getenv("FTS_COMM");
  const std::string backend = value == nullptr ? "" : value;
  if (backend.empty() || backend == "shm" || backend == "gloo") return backend;
  return absl::InvalidArgumentError(absl::StrCat(
      "FTS_COMM is '", backend, "', must be shm or gloo; or unset it"));
}

absl::StatusOr<Ranks> ConnectShm(const comm::StorePtr& store, int rank,
                                 int size, std::chrono::milliseconds timeout) {
  comm::ShmOptions options;
  options.timeout = timeout;
  options.name = "gather";
  FTS_ASSIGN_OR_RETURN(
      comm::CommunicatorPtr gather,
      comm::MakeShm(store->Prefixed("shm"), rank, size, options));
  std::vector<int> everyone(size);
  std::iota(everyone.begin(), everyone.end(), 0);
  FTS_ASSIGN_OR_RETURN(comm::CommunicatorPtr reduce,
                       gather->Split(everyone, "reduce"));
  return Ranks(std::move(gather), std::move(reduce));
}

// Shared memory cannot be had here, as all ranks have found.
bool IsRefusal(const absl::Status& status) {
  return status.code() == absl::StatusCode::kFailedPrecondition ||
         status.code() == absl::StatusCode::kResourceExhausted;
}

absl::StatusOr<Ranks> Meet(const comm::StorePtr& store, int rank, int size,
                           comm::GlooOptions gloo) {
  FTS_ASSIGN_OR_RETURN(const std::string forced, ForcedBackend());
  if (forced != "gloo") {
    absl::StatusOr<Ranks> ranks = ConnectShm(store, rank, size, gloo.timeout);
    if (ranks.ok() || forced == "shm" || !IsRefusal(ranks.status())) {
      return ranks;
    }
  }
  gloo.name = "gather";
  FTS_ASSIGN_OR_RETURN(
      comm::CommunicatorPtr gather,
      comm::MakeGloo(store->Prefixed("gather"), rank, size, gloo));
  gloo.name = "reduce";
  FTS_ASSIGN_OR_RETURN(
      comm::CommunicatorPtr reduce,
      comm::MakeGloo(store->Prefixed("reduce"), rank, size, gloo));
  return Ranks(std::move(gather), std::move(reduce));
}

}  // namespace

Ranks::Ranks(std::shared_ptr<comm::Communicator> gather,
             std::shared_ptr<comm::Communicator> reduce)
    : gather_(std::move(gather)),
      reduce_(std::move(reduce)),
      everyone_(reduce_),
      shard_group_(shard::OneShardGroup(gather_, reduce_)) {}

absl::Status Ranks::SplitTp(int tp) {
  if (tp < 1 || size() % tp != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("mesh.tp ", tp, " does not divide the ", size(),
                     " ranks; use a divisor"));
  }
  if (tp == 1) return absl::OkStatus();
  std::vector<int> one_layer(tp), same_part(size() / tp);
  for (int i = 0; i < tp; ++i) one_layer[i] = rank() / tp * tp + i;
  for (int i = 0; i < size() / tp; ++i) same_part[i] = i * tp + rank() % tp;
  FTS_ASSIGN_OR_RETURN(tp_, reduce_->Split(one_layer, "tp"));
  FTS_ASSIGN_OR_RETURN(auto gather, gather_->Split(same_part, "dp"));
  FTS_ASSIGN_OR_RETURN(auto reduce, reduce_->Split(same_part, "dp"));
  gather_ = std::move(gather);
  reduce_ = std::move(reduce);
  shard_group_ = shard::OneShardGroup(gather_, reduce_);
  return absl::OkStatus();
}

absl::Status Ranks::SplitReplicas(int replicas) {
  if (replicas < 1 || size() % replicas != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("dp_replicate ", replicas, " does not divide the ", size(),
                     " data-parallel ranks; use a divisor"));
  }
  if (replicas == 1) return absl::OkStatus();
  const int shards = size() / replicas;
  std::vector<int> one_copy(shards), same_part(replicas);
  for (int i = 0; i < shards; ++i) {
    one_copy[i] = rank() / shards * shards + i;
  }
  for (int i = 0; i < replicas; ++i) {
    same_part[i] = i * shards + rank() % shards;
  }
  auto group = std::make_shared<shard::ShardGroup>();
  FTS_ASSIGN_OR_RETURN(group->gather, gather_->Split(one_copy, "dp_shard"));
  FTS_ASSIGN_OR_RETURN(group->reduce, reduce_->Split(one_copy, "dp_shard"));
  FTS_ASSIGN_OR_RETURN(group->replicate,
                       reduce_->Split(same_part, "dp_replicate"));
  shard_group_ = std::move(group);
  return absl::OkStatus();
}

absl::StatusOr<Ranks> Ranks::Connect(const comm::LaunchEnvironment& launch,
                                     std::chrono::milliseconds timeout) {
  if (launch.world_size == 1) {
    return Ranks(comm::MakeLocal("gather"), comm::MakeLocal("reduce"));
  }
  FTS_ASSIGN_OR_RETURN(comm::StorePtr store,
                       comm::Rendezvous(launch, kRendezvousTimeout));
  comm::GlooOptions gloo = comm::GlooOptionsFor(launch);
  gloo.timeout = timeout;
  return Meet(store, launch.rank, launch.world_size, gloo);
}

absl::StatusOr<Ranks> Ranks::Join(const std::string& group_name,
                                  std::chrono::milliseconds timeout) {
  FTS_ASSIGN_OR_RETURN(const comm::ProcessGroupMembers members,
                       comm::MembersOfProcessGroup(group_name));
  if (members.size == 1) {
    return Ranks(comm::MakeLocal("gather"), comm::MakeLocal("reduce"));
  }
  comm::LaunchEnvironment launch;
  const char* master = std::getenv("MASTER_ADDR");
  launch.master_addr = master == nullptr ? "" : master;
  comm::GlooOptions gloo = comm::GlooOptionsFor(launch);
  gloo.timeout = timeout;
  return Meet(members.store, members.rank, members.size, gloo);
}

std::shared_ptr<comm::Communicator> Ranks::replicas() const {
  return shard_group_->replicate != nullptr ? shard_group_->replicate
                                            : comm::MakeLocal("dp_replicate");
}

std::shared_ptr<comm::Communicator> Ranks::layers() const {
  return tp_ != nullptr ? tp_ : comm::MakeLocal("tp");
}

absl::Status Ranks::Sum(std::vector<double>* numbers) const {
  return Agree(*gather_, comm::ReduceOp::kSum, numbers);
}

absl::Status Ranks::Max(std::vector<double>* numbers) const {
  return Agree(*everyone_, comm::ReduceOp::kMax, numbers);
}

void Ranks::Abort(const std::string& reason) const {
  gather_->Abort(reason);
  reduce_->Abort(reason);
  everyone_->Abort(reason);
  if (tp_ != nullptr) tp_->Abort(reason);
}

}  // namespace fts
