// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/stream.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace fts::comm::shm {
namespace {

using std::chrono::steady_clock;

// The channel's counters want lines in pairs; everything before is a multiple
// of 64.
size_t BarrierBytes(int size) {
  return (Barrier::Bytes(size) + 127) / 128 * 128;
}

}  // namespace

size_t Stream::Bytes(int size, size_t slot_bytes) {
  return BarrierBytes(size) + Channel::Bytes(size, slot_bytes);
}

Stream::Stream(const JobView& job, Settings settings, void* memory,
               std::shared_ptr<Arena> keep)
    : job_(job),
      settings_(std::move(settings)),
      keep_(std::move(keep)),
      barrier_(memory, rank(), size(),
               {job.spin, [this](int rank) { return WhyGone(rank); },
                [this] {
                  return job_.control->aborted()
                             ? absl::UnavailableError("aborted")
                             : absl::OkStatus();
                }}),
      channel_(static_cast<uint8_t*>(memory) + BarrierBytes(size()), rank(),
               size(), settings_.slot_bytes),
      parts_(size(), nullptr) {}

Group Stream::group() const { return {rank(), size(), settings_.slot_bytes}; }

void Stream::Issue(CallPtr call) {
  std::lock_guard<std::mutex> lock(mutex_);
  call->signature.number = issued_++;
  if (calls_.empty()) call->started = steady_clock::now();
  calls_.push_back(std::move(call));
  pending_.fetch_add(1);
  DriveLocked();
}

bool Stream::Drive() {
  if (pending_.load() == 0) return false;
  std::lock_guard<std::mutex> lock(mutex_);
  return DriveLocked();
}

bool Stream::TryDrive() {
  if (pending_.load() == 0) return false;
  std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock);
  return lock.owns_lock() && DriveLocked();
}

bool Stream::DriveLocked() {
  bool moved = false;
  while (!calls_.empty()) {
    if (job_.control->aborted()) {
      const Call& call = *calls_.front();
      FinishFirst(Aborted(Describe(call)));
      moved = true;
      continue;
    }
    // First what others wait for.
    if (!PublishOne() && !TakeOne()) break;
    moved = true;
  }
  return moved;
}

bool Stream::PublishOne() {
  if (publishing_ == calls_.size() || !channel_.SlotFree()) return false;
  Call& call = *calls_[publishing_];
  const int64_t needs = call.Needs(publish_chunk_);
  if (needs >= 0 && (publishing_ > 0 || take_chunk_ <= needs)) return false;
  uint8_t* slot = channel_.OwnSlot();
  std::memcpy(slot, &call.signature, sizeof(Signature));
  call.Publish(publish_chunk_, slot + Channel::kHeaderBytes);
  channel_.Publish();
  RingPeers();
  if (++publish_chunk_ == call.chunks()) {
    ++publishing_;
    publish_chunk_ = 0;
  }
  return true;
}

bool Stream::TakeOne() {
  if (channel_.taken() == channel_.published()) return false;
  Call& call = *calls_.front();
  const int source = call.source();
  for (int rank = 0; rank < size(); ++rank) {
    if (source >= 0 ? rank != source : rank == this->rank()) continue;
    if (!channel_.Arrived(rank)) return false;
    parts_[rank] = channel_.Slot(rank) + Channel::kHeaderBytes;
  }
  if (!CheckSignatures(call)) return true;
  call.Take(take_chunk_, parts_);
  channel_.Take();
  RingPeers();
  if (++take_chunk_ == call.chunks()) FinishFirst(absl::OkStatus());
  return true;
}

// False, and the call has ended, when a peer is in another call.
bool Stream::CheckSignatures(const Call& call) {
  const int source = call.source();
  for (int rank = 0; rank < size(); ++rank) {
    // Our own slot may hold a later chunk by now: the peers were quicker.
    if (rank == this->rank() || (source >= 0 && rank != source)) continue;
    const uint8_t* header = channel_.Slot(rank);
    if (std::memcmp(header, &call.signature, sizeof(Signature)) == 0) continue;
    Signature other;
    std::memcpy(&other, header, sizeof(Signature));
    other.op[sizeof(other.op) - 1] = '\0';
    other.type[sizeof(other.type) - 1] = '\0';
    FinishFirst(
        End(Describe(call), absl::StatusCode::kInternal,
            absl::StrCat("this rank issued ", call.signature.ToString(),
                         " but ", Who(rank), " ", other.ToString(),
                         "; all ranks must issue the same calls in the same "
                         "order")));
    return false;
  }
  return true;
}

void Stream::FinishFirst(absl::Status status) {
  CallPtr call = std::move(calls_.front());
  calls_.pop_front();
  if (publishing_ > 0) {
    --publishing_;
  } else {
    publish_chunk_ = 0;
  }
  take_chunk_ = 0;
  if (!calls_.empty()) calls_.front()->started = steady_clock::now();
  pending_.fetch_sub(1);
  call->Finish(std::move(status));
  // Threads of this rank that sleep until it is done.
  job_.control->Ring(job_.control->rank());
}

void Stream::RingPeers() {
  for (int rank = 0; rank < size(); ++rank) {
    if (rank != settings_.rank) job_.control->Ring(settings_.job_ranks[rank]);
  }
}

bool Stream::WaitsToPublish() const {
  return channel_.taken() == channel_.published();
}

void Stream::CheckHealth(steady_clock::time_point now) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (calls_.empty()) return;
  absl::Status status = Diagnose(now);
  if (status.ok()) return;
  // A peer may have done its part, then left.
  if (DriveLocked()) return;
  const Call& call = *calls_.front();
  FinishFirst(
      End(Describe(call), status.code(), std::string(status.message())));
  DriveLocked();
}

absl::Status Stream::Diagnose(steady_clock::time_point now) {
  const Call& call = *calls_.front();
  std::vector<int> missing = channel_.Missing(WaitsToPublish());
  if (!WaitsToPublish() && call.source() >= 0) {
    missing = channel_.Arrived(call.source()) ? std::vector<int>()
                                              : std::vector<int>{call.source()};
  }
  for (const int rank : missing) {
    std::string why = WhyGone(rank);
    if (!why.empty()) return absl::UnavailableError(std::move(why));
  }
  if (missing.empty() || now - call.started < job_.timeout) {
    return absl::OkStatus();
  }
  std::vector<std::string> who;
  for (const int rank : missing) who.push_back(Who(rank));
  return absl::DeadlineExceededError(absl::StrCat(
      "timed out after ", job_.timeout.count(), " ms waiting for ",
      absl::StrJoin(who, ", "),
      "; a rank is stuck, is far behind, or issued other calls: compare the "
      "last calls in the logs of all ranks, or raise the timeout"));
}

std::string Stream::Describe(const Call& call) const {
  return settings_.describe(call.label, call.signature.op);
}

absl::Status Stream::Aborted(const std::string& call) const {
  return absl::UnavailableError(absl::StrCat(
      call, ": the communicator was aborted: ", job_.control->reason()));
}

absl::Status Stream::End(const std::string& call, absl::StatusCode code,
                         const std::string& why) const {
  const std::string text = absl::StrCat(call, ": ", why);
  if (job_.control->Abort(
          absl::StrCat("rank ", job_.control->rank(), ": ", text))) {
    return absl::Status(code, text);
  }
  return Aborted(call);
}

std::string Stream::Who(int rank) const {
  return absl::StrCat("rank ", rank, " (process ",
                      job_.peers->pid(settings_.job_ranks[rank]), ")");
}

std::string Stream::WhyGone(int rank) const {
  if (rank == settings_.rank) return "";
  // Asked first: who leaves in order may have ended since.
  const bool gone = job_.peers->Gone(settings_.job_ranks[rank]);
  if (channel_.Left(rank)) {
    return absl::StrCat(Who(rank),
                        " has left: its communicator was destroyed while "
                        "others still wait for it; look at how its run ended");
  }
  if (!gone) return "";
  return absl::StrCat(Who(rank),
                      " has ended or was killed; look for the first error in "
                      "its log");
}

}  // namespace fts::comm::shm
