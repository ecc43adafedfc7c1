// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/process_group.h"

#include <map>
#include <mutex>
#include <torch/csrc/distributed/c10d/GroupRegistry.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "absl/strings/str_cat.h"
#include "fts/core/comm/c10d_error.h"
#include "fts/core/comm/c10d_store.h"

namespace fts::comm {
namespace {

// How often the group was asked for in this process.
int NextUse(const std::string& group_name) {
  static auto* mutex = new std::mutex;
  static auto* uses = new std::map<std::string, int>;
  const std::lock_guard<std::mutex> lock(*mutex);
  return (*uses)[group_name]++;
}

bool IsTcp(const c10::intrusive_ptr<c10d::Store>& store) {
  c10::intrusive_ptr<c10d::Store> inner = store;
  if (auto* prefix = dynamic_cast<c10d::PrefixStore*>(store.get())) {
    inner = prefix->getUnderlyingNonPrefixStore();
  }
  return dynamic_cast<c10d::TCPStore*>(inner.get()) != nullptr;
}

}  // namespace

absl::StatusOr<ProcessGroupMembers> MembersOfProcessGroup(
    const std::string& group_name) {
  try {
    const c10::intrusive_ptr<c10d::ProcessGroup> group =
        c10d::resolve_process_group(group_name);
    ProcessGroupMembers members;
    members.rank = group->getRank();
    members.size = group->getSize();
    const c10::intrusive_ptr<c10d::Store> store = group->getStore();
    if (store == nullptr) {
      return absl::FailedPreconditionError(absl::StrCat(
          "process group '", group_name,
          "' has no store to meet through; make it with "
          "torch.distributed.init_process_group, or let fts read the "
          "launcher's environment"));
    }
    members.store = StoreOver(store, IsTcp(store))
                        ->Prefixed(absl::StrCat("fts/", group_name, "/",
                                                NextUse(group_name)));
    return members;
  } catch (const std::exception& error) {
    return absl::NotFoundError(absl::StrCat(
        "process group '", group_name, "' cannot be joined: ", FirstLine(error),
        "; give the group_name of a torch.distributed group that was made in "
        "this process"));
  }
}

}  // namespace fts::comm
