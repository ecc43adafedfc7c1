// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/meeting.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "fts/core/base/status.h"
#include "fts/core/comm/shm/handoff.h"
#include "fts/core/comm/shm/host_identity.h"

namespace fts::comm::shm {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr char kSocketKey[] = "socket";
constexpr char kNoSocket[] = "none: ";

std::string HostKey(int rank) { return absl::StrCat("host/", rank); }

class Clock {
 public:
  explicit Clock(milliseconds limit) : end_(steady_clock::now() + limit) {}
  milliseconds left() const {
    return std::max(milliseconds(1), std::chrono::duration_cast<milliseconds>(
                                         end_ - steady_clock::now()));
  }

 private:
  const steady_clock::time_point end_;
};

absl::Status AwaitAll(Store& store, int size, milliseconds limit,
                      milliseconds left) {
  std::vector<std::string> keys;
  for (int rank = 0; rank < size; ++rank) keys.push_back(HostKey(rank));
  const absl::Status arrived = store.Wait(keys, left);
  if (arrived.code() != absl::StatusCode::kDeadlineExceeded) return arrived;
  std::vector<int> missing;
  for (int rank = 0; rank < size; ++rank) {
    const absl::StatusOr<bool> has = store.Has(HostKey(rank));
    if (has.ok() && !*has) missing.push_back(rank);
  }
  return absl::DeadlineExceededError(
      absl::StrCat("not all ranks arrived within ", limit.count(),
                   " ms; missing: ", absl::StrJoin(missing, ", "),
                   "; look for a rank that did not start or stopped before "
                   "this point"));
}

// "pid host" as a rank posted it.
absl::Status ReadPost(int rank, const std::string& post, pid_t* pid,
                      std::string* host) {
  const std::vector<std::string> parts =
      absl::StrSplit(post, absl::MaxSplits(' ', 1));
  int64_t number = 0;
  if (parts.size() == 2 && absl::SimpleAtoi(parts[0], &number)) {
    *pid = static_cast<pid_t>(number);
    *host = parts[1];
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "rank ", rank, " cannot share memory: ", post, "; use gloo"));
}

absl::StatusOr<std::shared_ptr<Arena>> Offer(Store& store, int size,
                                             int64_t bytes,
                                             const Clock& clock) {
  absl::StatusOr<HandoffServer> server = HandoffServer::Open();
  if (!server.ok()) {
    FTS_RETURN_IF_ERROR(store.Set(
        kSocketKey, absl::StrCat(kNoSocket, server.status().message())));
    return server.status();
  }
  absl::StatusOr<std::shared_ptr<Arena>> arena = Arena::Create(bytes);
  const SocketToken& token = server->token();
  FTS_RETURN_IF_ERROR(store.Set(
      kSocketKey,
      absl::BytesToHexString(absl::string_view(
          reinterpret_cast<const char*>(token.data()), token.size()))));
  FTS_RETURN_IF_ERROR(server->Serve(arena.ok() ? arena->get() : nullptr, size,
                                    clock.left(), arena.status()));
  (*arena)->CloseDescriptor();
  return arena;
}

absl::StatusOr<std::shared_ptr<Arena>> Fetch(Store& store, int rank,
                                             int64_t bytes,
                                             const Clock& clock) {
  FTS_ASSIGN_OR_RETURN(std::string text, store.Get(kSocketKey, clock.left()));
  absl::string_view why = text;
  if (absl::ConsumePrefix(&why, kNoSocket)) {
    return absl::InternalError(absl::StrCat("rank 0: ", why));
  }
  const std::string bytes_of_token = absl::HexStringToBytes(text);
  SocketToken token;
  if (bytes_of_token.size() != token.size()) {
    return absl::InternalError("rank 0 posted no socket's name");
  }
  std::memcpy(token.data(), bytes_of_token.data(), token.size());
  return ReceiveArena(token, rank, bytes, clock.left());
}

}  // namespace

absl::StatusOr<Meeting> Meet(Store& store, int rank, int size, int64_t bytes,
                             milliseconds limit,
                             const absl::StatusOr<std::string>& host) {
  const Clock clock(limit);
  FTS_RETURN_IF_ERROR(store.Set(
      HostKey(rank), host.ok() ? absl::StrCat(getpid(), " ", *host)
                               : std::string(host.status().message())));
  FTS_RETURN_IF_ERROR(AwaitAll(store, size, limit, clock.left()));
  Meeting meeting;
  std::vector<std::string> hosts(size);
  for (int peer = 0; peer < size; ++peer) {
    FTS_ASSIGN_OR_RETURN(std::string post,
                         store.Get(HostKey(peer), clock.left()));
    pid_t pid = 0;
    FTS_RETURN_IF_ERROR(ReadPost(peer, post, &pid, &hosts[peer]));
    meeting.pids.push_back(pid);
  }
  FTS_RETURN_IF_ERROR(CheckOneHost(hosts));
  FTS_ASSIGN_OR_RETURN(meeting.arena, rank == 0
                                          ? Offer(store, size, bytes, clock)
                                          : Fetch(store, rank, bytes, clock));
  return meeting;
}

}  // namespace fts::comm::shm
