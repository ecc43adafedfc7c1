// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Communicator between GPUs, on c10d's NCCL process group. Present in every
// build: where LibTorch has no NCCL the functions say so (no_nccl.cc).
// Only session, and tests, depend on this header.
//
// Threads: as communicator.h says.
#ifndef FTS_CORE_COMM_NCCL_H_
#define FTS_CORE_COMM_NCCL_H_

#include <chrono>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/comm/communicator.h"
#include "fts/core/comm/store.h"

namespace fts::comm {

// True when NCCL was compiled in.
bool NcclCompiled();

// OK when this process can use NCCL, else FAILED_PRECONDITION with what is
// missing: NCCL in this build, or a usable GPU.
absl::Status NcclUsable();

struct NcclOptions {
  std::string name = "world";
  // Of one call, and of setting up a communicator.
  std::chrono::milliseconds timeout = std::chrono::minutes(10);
  // The GPU of this rank: its local rank, as a rule.
  int device_index = 0;
};

// The communicator of all ranks, one GPU each. Every rank calls it with the
// same size and a store that holds the same data. Blocks until all are there.
// Errors: as NcclUsable(); INVALID_ARGUMENT for rank, size or device_index;
// DEADLINE_EXCEEDED when ranks are missing.
absl::StatusOr<CommunicatorPtr> MakeNccl(StorePtr store, int rank, int size,
                                         const NcclOptions& options = {});

}  // namespace fts::comm

#endif  // FTS_CORE_COMM_NCCL_H_
