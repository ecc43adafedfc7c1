// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// How ranks that share memory already agree on who gets a new communicator, and
// share memory for that.
//
// Threads: as Communicator::Split().
#ifndef FTS_CORE_COMM_SHM_SPLIT_H_
#define FTS_CORE_COMM_SHM_SPLIT_H_

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fts/core/comm/shm/arena.h"
#include "fts/core/comm/shm/stream.h"

namespace fts::comm::shm {

// Ranks that one communicator can have: what an exchange has room for.
inline constexpr int kMaxRanks = 256;

// Collective on `parent`, as Communicator::Split() says; `ranks` are ranks of
// it. `call` names the call in errors. Returns the members' new memory, of
// Stream::Bytes(ranks.size(), slot_bytes); null for a rank that is not in the
// list it passes, or alone in it.
// Errors: INVALID_ARGUMENT, on all ranks, where lists or names do not fit
// together; RESOURCE_EXHAUSTED, on the members; others end the job.
absl::StatusOr<std::shared_ptr<Arena>> AgreeOnSplit(
    Stream& parent, const std::vector<int>& ranks, const std::string& name,
    const std::string& call, std::chrono::milliseconds timeout);

// The same for other memory, which `need` describes; `ranks` agree on it, too.
absl::StatusOr<std::shared_ptr<Arena>> AgreeOnMemory(
    Stream& parent, const std::vector<int>& ranks, const std::string& name,
    const std::string& call, std::chrono::milliseconds timeout,
    const ArenaNeed& need);

}  // namespace fts::comm::shm

#endif  // FTS_CORE_COMM_SHM_SPLIT_H_
