// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Communicator over a c10d process group: what gloo.cc and nccl.cc have in
// common. For .cc files of comm only.
//
// Threads: as communicator.h says.
#ifndef FTS_CORE_COMM_C10D_COMMUNICATOR_H_
#define FTS_CORE_COMM_C10D_COMMUNICATOR_H_

#include <string>

#include "absl/status/statusor.h"
#include "fts/core/comm/c10d_job.h"
#include "fts/core/comm/communicator.h"
#include "fts/core/comm/store.h"

namespace fts::comm {

// The communicator of all `size` ranks of a job. Blocks until all are there.
absl::StatusOr<CommunicatorPtr> MakeC10dCommunicator(
    StorePtr store, int rank, int size, const std::string& name,
    C10dJob::Settings settings);

}  // namespace fts::comm

#endif  // FTS_CORE_COMM_C10D_COMMUNICATOR_H_
