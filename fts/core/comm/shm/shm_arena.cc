// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/shm_arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/comm/wait_observer.h"

namespace fts::comm::shm {
namespace {

static_assert(SharedArena::kPayloadBytes == Barrier::kPayloadBytes,
              "one exchange is one barrier");

int64_t RoundUp(int64_t value, int64_t unit) {
  return (value + unit - 1) / unit * unit;
}

int64_t PageBytes() { return sysconf(_SC_PAGESIZE); }

int64_t BarrierBytes(int size) {
  return RoundUp(static_cast<int64_t>(Barrier::Bytes(size)), PageBytes());
}

}  // namespace

ArenaNeed ShmArena::WithBarrier(const ArenaNeed& need, int size) {
  const int64_t more = BarrierBytes(size);
  ArenaNeed all = need;
  all.bytes += more;
  all.taken += more;
  all.room += more;
  return all;
}

ShmArena::ShmArena(std::string name, const ArenaNeed& need,
                   std::shared_ptr<Arena> arena, std::shared_ptr<Stream> stream,
                   JobView view, std::shared_ptr<void> job)
    : name_(std::move(name)),
      job_(std::move(job)),
      stream_(std::move(stream)),
      arena_(std::move(arena)),
      view_(view),
      data_(arena_->data() + BarrierBytes(stream_->size())),
      bytes_(need.bytes),
      barrier_(arena_->data(), stream_->rank(), stream_->size(),
               {view_.spin, [this](int rank) { return stream_->WhyGone(rank); },
                [this] {
                  return view_.control->aborted()
                             ? absl::UnavailableError("aborted")
                             : absl::OkStatus();
                }}) {}

absl::Status ShmArena::Exchange(const char* what, const Payload& mine,
                                std::vector<Payload>* all) {
  const ObservedWait waiting(
      {what, name_, stream_->settings().name, NextCollective()});
  const absl::Status met = barrier_.Exchange(mine, view_.timeout, all);
  if (met.ok() || met.code() == absl::StatusCode::kFailedPrecondition) {
    return met;
  }
  return stream_->End(stream_->settings().describe(name_, what), met.code(),
                      std::string(met.message()));
}

absl::Status ShmArena::GiveBack(int64_t begin, int64_t bytes) {
  const int64_t page = PageBytes();
  const int64_t first = RoundUp(begin, page);
  const int64_t last = (begin + bytes) / page * page;
  if (first >= last) return absl::OkStatus();
  if (madvise(data_ + first, static_cast<size_t>(last - first), MADV_REMOVE) !=
      0) {
    return absl::InternalError(
        absl::StrCat("shared memory '", name_, "': cannot give back ",
                     last - first, " bytes: ", strerror(errno)));
  }
  return absl::OkStatus();
}

}  // namespace fts::comm::shm
