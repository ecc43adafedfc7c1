// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Whether two processes can share memory with each other: are they on one
// running kernel, and can they see each other there?
//
// Threads: pure functions.
#ifndef FTS_CORE_COMM_SHM_HOST_IDENTITY_H_
#define FTS_CORE_COMM_SHM_HOST_IDENTITY_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fts::comm::shm {

// One line, equal exactly where ranks can share memory: the boot id of the
// kernel, the network namespace (abstract sockets are visible in one), the
// process namespace (a process id means the same in one) and the user (to whom
// the memory is handed). `root` stands before every path, for tests.
// Errors: FAILED_PRECONDITION where it cannot be told.
absl::StatusOr<std::string> HostIdentity(const std::string& root = "");

// OK when all ranks' identities, given by rank, are equal; else
// FAILED_PRECONDITION naming two ranks and what differs between them.
absl::Status CheckOneHost(const std::vector<std::string>& identities);

}  // namespace fts::comm::shm

#endif  // FTS_CORE_COMM_SHM_HOST_IDENTITY_H_
