// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The ranks of a test as threads that share memory as real ranks do. Testing
// only.
// Threads: RunShmRanks blocks until every rank's thread has ended.
#ifndef FTS_CORE_SESSION_TESTING_SHM_RANKS_H_
#define FTS_CORE_SESSION_TESTING_SHM_RANKS_H_

#include <functional>

#include "fts/core/comm/testing/rank_threads.h"

namespace fts::testing {

// Like comm::testing::RunRanks, over comm/shm.
void RunShmRanks(int world,
                 const std::function<void(comm::testing::RankComms)>& body);

}  // namespace fts::testing

#endif  // FTS_CORE_SESSION_TESTING_SHM_RANKS_H_
