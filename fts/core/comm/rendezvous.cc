// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/rendezvous.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fts/core/base/status.h"
#include "fts/core/comm/wait_observer.h"

namespace fts::comm {
namespace {

// Named in full in an error; more are counted.
constexpr size_t kNamedRanks = 8;

std::string ArrivalKey(int rank) { return absl::StrCat("arrived/", rank); }

absl::Status MissingRanks(Store& store, const LaunchEnvironment& env,
                          std::chrono::milliseconds timeout) {
  std::vector<int> missing;
  for (int rank = 0; rank < env.world_size; ++rank) {
    const absl::StatusOr<bool> has = store.Has(ArrivalKey(rank));
    if (!has.ok()) return has.status();
    if (!*has) missing.push_back(rank);
  }
  const size_t named = std::min(missing.size(), kNamedRanks);
  const size_t more = missing.size() - named;
  return absl::DeadlineExceededError(absl::StrCat(
      "rank ", env.rank, " waited ", timeout.count(), " ms at ",
      env.master_addr, ":", env.master_port, " for ", env.world_size,
      " ranks; missing: ",
      absl::StrJoin(missing.begin(), missing.begin() + named, ", "),
      more == 0 ? "" : absl::StrCat(" and ", more, " more"),
      "; look at their logs, and whether they were given the same MASTER_ADDR, "
      "MASTER_PORT and world size"));
}

}  // namespace

absl::StatusOr<StorePtr> Rendezvous(const LaunchEnvironment& env,
                                    std::chrono::milliseconds timeout) {
  if (env.world_size == 1) return MakeHashStore();
  const ObservedWait waiting({"rendezvous", "", "", 0});
  const auto start = std::chrono::steady_clock::now();
  TcpStoreOptions options;
  options.host = env.master_addr;
  options.port = env.master_port;
  options.server = env.rank == 0 && !env.agent_serves_store;
  options.listen_fd = options.server ? env.listen_fd : std::nullopt;
  options.timeout = timeout;
  FTS_ASSIGN_OR_RETURN(StorePtr whole, OpenTcpStore(options));
  StorePtr store = whole->Prefixed(absl::StrCat("fts/", env.attempt));

  FTS_RETURN_IF_ERROR(store->Set(ArrivalKey(env.rank), "1"));
  std::vector<std::string> keys;
  for (int rank = 0; rank < env.world_size; ++rank) {
    keys.push_back(ArrivalKey(rank));
  }
  const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start);
  const absl::Status arrived = store->Wait(
      keys, std::max(timeout - spent, std::chrono::milliseconds(1)));
  if (arrived.code() == absl::StatusCode::kDeadlineExceeded) {
    return MissingRanks(*store, env, timeout);
  }
  if (!arrived.ok()) return arrived;
  return store;
}

GlooOptions GlooOptionsFor(const LaunchEnvironment& env) {
  GlooOptions options;
  if (IsLoopback(env.master_addr)) options.host = "127.0.0.1";
  return options;
}

}  // namespace fts::comm
