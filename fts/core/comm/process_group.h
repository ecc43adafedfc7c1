// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Meeting through a process group that this process already has, such as the
// one of torch.distributed.init_process_group: its ranks, and its store, over
// which our own communicators find each other. Its collectives are not used, so
// ours never mix with the user's.
// Threads: safe to use from any thread.
#ifndef FTS_CORE_COMM_PROCESS_GROUP_H_
#define FTS_CORE_COMM_PROCESS_GROUP_H_

#include <string>

#include "absl/status/statusor.h"
#include "fts/core/comm/store.h"

namespace fts::comm {

struct ProcessGroupMembers {
  int rank = 0;
  int size = 1;
  // Below a prefix of its own, another one with every call. All ranks of the
  // group must make their calls in the same order.
  StorePtr store;
};

// `group_name`: as c10d registers groups; in Python ProcessGroup.group_name.
// Errors: NOT_FOUND when no group of that name is registered in this process,
// FAILED_PRECONDITION when it has no store.
absl::StatusOr<ProcessGroupMembers> MembersOfProcessGroup(
    const std::string& group_name);

}  // namespace fts::comm

#endif  // FTS_CORE_COMM_PROCESS_GROUP_H_
