// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// How the ranks of a job come to share memory: through the job's store they
// find out that they are on one host, then rank 0 hands the memory to all.
//
// Threads: confined.
#ifndef FTS_CORE_COMM_SHM_MEETING_H_
#define FTS_CORE_COMM_SHM_MEETING_H_

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fts/core/comm/shm/arena.h"
#include "fts/core/comm/store.h"

namespace fts::comm::shm {

struct Meeting {
  std::shared_ptr<Arena> arena;  // zeroed
  std::vector<pid_t> pids;       // by rank
};

// Every rank calls it with a store that serves this meeting alone. Blocks until
// all ranks have the memory. Either all ranks have it, or all that live get an
// error, the first two the same on each:
//   FAILED_PRECONDITION  the ranks are not on one host (or cannot tell)
//   RESOURCE_EXHAUSTED   there is not that much memory
//   DEADLINE_EXCEEDED    ranks are missing, named
//   others               of the store and of handoff.h
// `host` is HostIdentity().
absl::StatusOr<Meeting> Meet(Store& store, int rank, int size, int64_t bytes,
                             std::chrono::milliseconds limit,
                             const absl::StatusOr<std::string>& host);

}  // namespace fts::comm::shm

#endif  // FTS_CORE_COMM_SHM_MEETING_H_
