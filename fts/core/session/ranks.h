// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The ranks of a run: the communicators a session needs, over whichever backend
// fits, and the few agreements a training loop needs. Rank and size are those
// of data parallelism, which are all ranks unless some share layers (SplitTp).
// Threads: confined to the training thread; Abort from any thread.
#ifndef FTS_CORE_SESSION_RANKS_H_
#define FTS_CORE_SESSION_RANKS_H_

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/comm/communicator.h"
#include "fts/core/comm/launch_environment.h"
#include "fts/core/shard/shard_group.h"

namespace fts {

class Ranks {
 public:
  // Joins the ranks that `launch` describes. Blocks until all are there.
  // `timeout` is that of one collective call. One rank alone needs no backend;
  // ranks that can share memory (all on one host) do, others take Gloo.
  // FTS_COMM=shm or FTS_COMM=gloo in the environment of every rank forces one.
  // Errors: INVALID_ARGUMENT for another FTS_COMM; those of comm::Rendezvous,
  // comm::MakeShm and comm::MakeGloo.
  static absl::StatusOr<Ranks> Connect(
      const comm::LaunchEnvironment& launch,
      std::chrono::milliseconds timeout = std::chrono::minutes(10));

  // The ranks of a process group that this process already has, found by its
  // c10d name; communicators are our own, chosen as by Connect. Collective over
  // the group. Errors: those of comm::MembersOfProcessGroup besides.
  static absl::StatusOr<Ranks> Join(
      const std::string& group_name,
      std::chrono::milliseconds timeout = std::chrono::minutes(10));

  // Any two communicators of the same ranks.
  Ranks(std::shared_ptr<comm::Communicator> gather,
        std::shared_ptr<comm::Communicator> reduce);

  int rank() const { return gather_->rank(); }
  int size() const { return gather_->size(); }
  // Among all that were launched: world_rank = rank * tp size + tp rank.
  int world_rank() const { return everyone_->rank(); }
  int world_size() const { return everyone_->size(); }
  const std::shared_ptr<comm::Communicator>& everyone() const {
    return everyone_;
  }
  // Gathers and reductions each have a communicator of their own.
  const std::shared_ptr<comm::Communicator>& gather() const { return gather_; }
  const std::shared_ptr<comm::Communicator>& reduce() const { return reduce_; }

  // Lets every `tp` neighbouring ranks share layers. Collective; at most once,
  // before SplitReplicas. Errors: INVALID_ARGUMENT unless `tp` divides size();
  // those of Communicator::Split.
  absl::Status SplitTp(int tp);
  // The ranks that share this one's layers; null unless SplitTp made some.
  const std::shared_ptr<comm::Communicator>& tp() const { return tp_; }
  // The same, this rank alone when there are none.
  std::shared_ptr<comm::Communicator> layers() const;

  // Makes the ranks `replicas` groups of equal size that each hold a whole
  // sharded model: rank = replica * shards + shard. Collective; at most once,
  // before a session is made. Errors: INVALID_ARGUMENT unless `replicas`
  // divides size(); those of Communicator::Split.
  absl::Status SplitReplicas(int replicas);
  // Who shares the units' segments: all ranks unless they were split.
  const std::shared_ptr<const shard::ShardGroup>& shard_group() const {
    return shard_group_;
  }

  // The ranks that hold the same part of the model: this one alone unless the
  // ranks were split.
  std::shared_ptr<comm::Communicator> replicas() const;

  // Replaces each number by its sum over the data-parallel ranks, or its
  // maximum over all; the same bits everywhere. Collective.
  absl::Status Sum(std::vector<double>* numbers) const;
  absl::Status Max(std::vector<double>* numbers) const;
  absl::Status Barrier() const { return everyone_->Barrier(); }

  // Lets peers that wait for this rank go, with an error.
  void Abort(const std::string& reason) const;

 private:
  std::shared_ptr<comm::Communicator> gather_;
  std::shared_ptr<comm::Communicator> reduce_;
  std::shared_ptr<comm::Communicator> everyone_;
  std::shared_ptr<comm::Communicator> tp_;
  std::shared_ptr<const shard::ShardGroup> shard_group_;
};

}  // namespace fts

#endif  // FTS_CORE_SESSION_RANKS_H_
