// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Runs the ranks of a test as threads of one process, with communicators that
// exchange data through that process's memory. An exchange happens when its
// event is first waited for, and sums in rank order, so results are the same
// bits in every run. Testing only: no timeout, no failures; every event must be
// waited for, in the same order on all ranks; a rank that leaves early fails
// the others' calls. Threads: RunRanks blocks until every rank's thread has
// ended.
#ifndef FTS_CORE_COMM_TESTING_RANK_THREADS_H_
#define FTS_CORE_COMM_TESTING_RANK_THREADS_H_

#include <functional>
#include <memory>

#include "fts/core/comm/communicator.h"

namespace fts::comm::testing {

// Two communicators over the same ranks, as the engines want them.
struct RankComms {
  std::shared_ptr<Communicator> first;
  std::shared_ptr<Communicator> second;
};

void RunRanks(int world, const std::function<void(RankComms)>& body);

}  // namespace fts::comm::testing

#endif  // FTS_CORE_COMM_TESTING_RANK_THREADS_H_
