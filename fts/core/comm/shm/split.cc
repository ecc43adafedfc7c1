// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/split.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/core/comm/shm/handoff.h"

namespace fts::comm::shm {
namespace {

// What ranks tell each other: 64 bytes.
struct Wish {
  std::array<uint64_t, kMaxRanks / 64> members{};  // a bit per rank
  uint64_t order = 0;                              // of the list
  uint64_t name = 0;
  SocketToken token{};  // of the first in the list

  bool Has(int rank) const { return members[rank / 64] >> (rank % 64) & 1; }
  bool Overlaps(const Wish& other) const {
    for (size_t i = 0; i < members.size(); ++i) {
      if (members[i] & other.members[i]) return true;
    }
    return false;
  }
};
static_assert(sizeof(Wish) == Barrier::kPayloadBytes, "one exchange");

// FNV-1a: the same in every process.
uint64_t Fingerprint(const void* data, size_t size) {
  uint64_t hash = 14695981039346656037u;
  for (size_t i = 0; i < size; ++i) {
    hash = (hash ^ static_cast<const uint8_t*>(data)[i]) * 1099511628211u;
  }
  return hash;
}

Wish MakeWish(const std::vector<int>& ranks, const std::string& name) {
  Wish wish;
  for (const int rank : ranks) {
    wish.members[rank / 64] |= uint64_t{1} << (rank % 64);
  }
  wish.order = Fingerprint(ranks.data(), ranks.size() * sizeof(int));
  wish.name = Fingerprint(name.data(), name.size());
  return wish;
}

// The wishes are the same on every rank, and so is the answer.
absl::Status CheckWishes(const std::vector<Wish>& wishes,
                         const std::string& call) {
  for (size_t a = 0; a < wishes.size(); ++a) {
    for (size_t b = a + 1; b < wishes.size(); ++b) {
      const bool same = wishes[a].members == wishes[b].members &&
                        wishes[a].order == wishes[b].order;
      if (wishes[a].name != wishes[b].name) {
        return absl::InvalidArgumentError(absl::StrCat(
            call, ": ranks ", a, " and ", b,
            " give different names; all ranks must split in the same order"));
      }
      if (!same && wishes[a].Overlaps(wishes[b])) {
        return absl::InvalidArgumentError(absl::StrCat(
            call, ": the lists of ranks ", a, " and ", b,
            " overlap but are not equal; lists must be equal or disjoint"));
      }
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Wish>> Exchange(Stream& parent, const Wish& mine,
                                           const std::string& call,
                                           std::chrono::milliseconds timeout) {
  Barrier::Payload payload;
  std::memcpy(payload.data(), &mine, sizeof(Wish));
  std::vector<Barrier::Payload> all;
  const absl::Status met = parent.barrier().Exchange(payload, timeout, &all);
  if (met.code() == absl::StatusCode::kFailedPrecondition) return met;
  if (!met.ok()) {
    return parent.End(call, met.code(), std::string(met.message()));
  }
  std::vector<Wish> wishes(all.size());
  for (size_t rank = 0; rank < all.size(); ++rank) {
    std::memcpy(&wishes[rank], all[rank].data(), sizeof(Wish));
  }
  return wishes;
}

}  // namespace

absl::StatusOr<std::shared_ptr<Arena>> AgreeOnSplit(
    Stream& parent, const std::vector<int>& ranks, const std::string& name,
    const std::string& call, std::chrono::milliseconds timeout) {
  const int64_t bytes = static_cast<int64_t>(Stream::Bytes(
      static_cast<int>(ranks.size()), parent.settings().slot_bytes));
  return AgreeOnMemory(parent, ranks, name, call, timeout,
                       {bytes, bytes, bytes});
}

absl::StatusOr<std::shared_ptr<Arena>> AgreeOnMemory(
    Stream& parent, const std::vector<int>& ranks, const std::string& name,
    const std::string& call, std::chrono::milliseconds timeout,
    const ArenaNeed& need) {
  Wish mine = MakeWish(ranks, name);
  const bool shares = ranks.size() > 1 && mine.Has(parent.rank());
  const bool leads = shares && ranks[0] == parent.rank();
  // Open before the others hear of it. What goes wrong is told by the verdict,
  // or, without a socket, by a token of zeros.
  std::optional<HandoffServer> server;
  absl::Status own;
  if (leads) {
    absl::StatusOr<HandoffServer> opened = HandoffServer::Open();
    own = opened.status();
    if (opened.ok()) {
      server.emplace(*std::move(opened));
      mine.token = server->token();
    }
  }
  FTS_ASSIGN_OR_RETURN(const std::vector<Wish> wishes,
                       Exchange(parent, mine, call, timeout));
  FTS_RETURN_IF_ERROR(CheckWishes(wishes, call));
  if (!shares) return std::shared_ptr<Arena>();

  const auto explain = [&](const absl::Status& status) {
    const std::string text(status.message());
    if (status.code() == absl::StatusCode::kDeadlineExceeded ||
        status.code() == absl::StatusCode::kUnavailable) {
      return parent.End(call, status.code(), text);
    }
    return absl::Status(status.code(), absl::StrCat(call, ": ", text));
  };
  const int size = static_cast<int>(ranks.size());
  if (leads) {
    if (!server) return explain(own);
    absl::StatusOr<std::shared_ptr<Arena>> arena = Arena::Create(need);
    const absl::Status served = server->Serve(
        arena.ok() ? arena->get() : nullptr, size, timeout, arena.status());
    if (!served.ok()) return explain(served);
    (*arena)->CloseDescriptor();
    return arena;
  }
  const SocketToken& token = wishes[ranks[0]].token;
  if (token == SocketToken{}) {
    return explain(absl::InternalError(absl::StrCat(
        "rank ", ranks[0], " could not open a socket; look at its log")));
  }
  const int place = static_cast<int>(
      std::find(ranks.begin(), ranks.end(), parent.rank()) - ranks.begin());
  absl::StatusOr<std::shared_ptr<Arena>> arena =
      ReceiveArena(token, place, need.bytes, timeout);
  if (!arena.ok()) return explain(arena.status());
  return arena;
}

}  // namespace fts::comm::shm
