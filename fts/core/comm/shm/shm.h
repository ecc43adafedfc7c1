// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Communicator over shared memory, between CPU ranks on one host.
// Only session, and tests, depend on this header.
//
// Threads: as communicator.h says. A process that was forked from a rank's may
// not use its communicators: calls are refused with FAILED_PRECONDITION.
#ifndef FTS_CORE_COMM_SHM_SHM_H_
#define FTS_CORE_COMM_SHM_SHM_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "fts/core/comm/communicator.h"
#include "fts/core/comm/store.h"

namespace fts::comm {

struct ShmOptions {
  std::string name = "world";
  // Of one call, from when it is the first in flight on its communicator, and
  // of setting up a communicator.
  std::chrono::milliseconds timeout = std::chrono::minutes(10);
  // What one chunk of a rank holds; larger calls go in chunks. A communicator
  // takes about 2 * size() times this of memory, in all.
  int64_t slot_bytes = 512 * 1024;
  // For tests: where this rank pretends to be; "": where it is.
  std::string host;
};

// The communicator of all ranks, of which there are at most 256. Every rank
// calls it with the same size, options and a store that holds the same data; a
// store serves one job once (use a prefix for a second). Blocks until all ranks
// are there. Communicators made by Split() are relatives and may wait for each
// other in any order; make a second one by that rather than by this.
// Errors, beside those that only one rank may see:
//   INVALID_ARGUMENT    rank, size, options
//   FAILED_PRECONDITION not all ranks are on one host: on all of them
//   RESOURCE_EXHAUSTED  no memory for it: on all of them
//   DEADLINE_EXCEEDED   ranks are missing
// After the second and the third the ranks can still take MakeGloo().
absl::StatusOr<CommunicatorPtr> MakeShm(StorePtr store, int rank, int size,
                                        const ShmOptions& options = {});

}  // namespace fts::comm

#endif  // FTS_CORE_COMM_SHM_SHM_H_
