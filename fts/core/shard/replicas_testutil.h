// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Ranks of a test as replicas of shards. Testing only.
// Threads: every rank's own thread calls it at the same time.
#ifndef FTS_CORE_SHARD_REPLICAS_TESTUTIL_H_
#define FTS_CORE_SHARD_REPLICAS_TESTUTIL_H_

#include <memory>
#include <vector>

#include "fts/core/comm/testing/rank_threads.h"
#include "fts/core/shard/shard_group.h"

namespace fts::shard {

// As session's Ranks::SplitReplicas does.
inline std::shared_ptr<const ShardGroup> SplitReplicas(
    const comm::testing::RankComms& comms, int replicas) {
  const int rank = comms.first->rank();
  const int shards = comms.first->size() / replicas;
  std::vector<int> copy, part;
  for (int i = 0; i < shards; ++i) copy.push_back(rank / shards * shards + i);
  for (int i = 0; i < replicas; ++i) part.push_back(i * shards + rank % shards);
  auto group = std::make_shared<ShardGroup>();
  group->gather = *comms.first->Split(copy, "shard");
  group->reduce = *comms.second->Split(copy, "shard");
  if (replicas > 1) group->replicate = *comms.second->Split(part, "replicate");
  return group;
}

}  // namespace fts::shard

#endif  // FTS_CORE_SHARD_REPLICAS_TESTUTIL_H_
