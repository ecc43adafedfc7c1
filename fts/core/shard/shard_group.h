// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The ranks that share the sharded segments of one mesh, as communicators.
//
// [Note: replicas]
// Under mesh.dp_replicate the data-parallel ranks fall into replicas: rank =
// replica * shards + shard. The ranks of one replica hold a chunk each of every
// sharded segment, those of equal shard the same chunk. Gradients are first
// reduce-scattered inside the replica, on every backward pass, and then, once
// per optimizer step, the chunks are summed over the replicas (replica_sums.h).
//
// Threads: a value; its communicators are used by the training thread.
#ifndef FTS_CORE_SHARD_SHARD_GROUP_H_
#define FTS_CORE_SHARD_SHARD_GROUP_H_

#include <memory>
#include <utility>

#include "fts/core/comm/communicator.h"

namespace fts::shard {

struct ShardGroup {
  // Two communicators of the ranks that hold one copy in pieces: gathers and
  // reductions never queue behind each other. Both have the same ranks.
  std::shared_ptr<comm::Communicator> gather;
  std::shared_ptr<comm::Communicator> reduce;
  // The ranks that hold the same piece, its rank being that of the replica.
  // Null: there is one copy only.
  std::shared_ptr<comm::Communicator> replicate;
  // The neighbours in `gather` that keep a gathered segment in pieces between
  // forward and backward. Null: a release keeps nothing.
  std::shared_ptr<comm::Communicator> forward_gather;

  int rank() const { return gather->rank(); }
  int size() const { return gather->size(); }
  int replica() const { return replicate == nullptr ? 0 : replicate->rank(); }
  int replicas() const { return replicate == nullptr ? 1 : replicate->size(); }
};

// The group of a mesh without replicas: all data-parallel ranks.
inline std::shared_ptr<const ShardGroup> OneShardGroup(
    std::shared_ptr<comm::Communicator> gather,
    std::shared_ptr<comm::Communicator> reduce) {
  auto group = std::make_shared<ShardGroup>();
  group->gather = std::move(gather);
  group->reduce = std::move(reduce);
  return group;
}

}  // namespace fts::shard

#endif  // FTS_CORE_SHARD_SHARD_GROUP_H_
