// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/shard/reduce_queue.h"

#include <algorithm>

#include "fts/core/base/status.h"

namespace fts::shard {
namespace {

bool Has(const std::vector<std::shared_ptr<Unit>>& units, const Unit& unit) {
  return std::any_of(units.begin(), units.end(),
                     [&](const auto& each) { return each.get() == &unit; });
}

}  // namespace

void ReduceQueue::OnForward(Unit& unit) {
  if (!Has(order_, unit)) order_.push_back(unit.shared_from_this());
}

void ReduceQueue::OnBackward(Unit& unit) {
  if (Has(order_, unit) || Has(late_, unit)) return;
  late_.push_back(unit.shared_from_this());
  if (!sequence_.empty()) Append(unit);
}

int64_t ReduceQueue::held() const {
  return ledger_->now(Holding::kReduce) + ledger_->now(Holding::kGradient);
}

void ReduceQueue::BeginBackward(int64_t bytes, bool last) {
  limit_ = held() + bytes;
  last_ = last;
}

absl::Status ReduceQueue::MakeRoom(const Segment& segment, int64_t bytes) {
  if (segment.spans()) {
    limit_ += bytes;
    return absl::OkStatus();
  }
  for (Flight* flight : {&nested_, &in_flight_}) {
    while (!flight->empty() && held() + bytes > limit_) {
      FTS_RETURN_IF_ERROR(FinishOldest(flight));
    }
  }
  return absl::OkStatus();
}

void ReduceQueue::BuildSequence() {
  if (!sequence_.empty()) return;
  next_ = summed_ = 0;
  for (auto unit = order_.rbegin(); unit != order_.rend(); ++unit) {
    Append(**unit);
  }
  for (const auto& unit : late_) Append(*unit);
}

void ReduceQueue::Append(const Unit& unit) {
  for (const auto& segment : unit.segments()) {
    if (segment->trainable() && !segment->reduces_through_bucket()) {
      sequence_.push_back(segment);
    }
  }
}

absl::Status ReduceQueue::OnComplete() {
  BuildSequence();
  return LaunchReady(/*all=*/false);
}

absl::Status ReduceQueue::LaunchReady(bool all) {
  while (next_ < sequence_.size() && (all || sequence_[next_]->complete())) {
    FTS_RETURN_IF_ERROR(Launch(sequence_[next_], &in_flight_));
    ++next_;
    FTS_RETURN_IF_ERROR(Sum(/*all=*/false));
  }
  return absl::OkStatus();
}

// When depends on the place in the sequence only, not on what had to make room,
// so that all replicas do it in the same order. Of what was launched, all but
// kMaxInFlight have finished.
absl::Status ReduceQueue::Sum(bool all) {
  if (!last_) return absl::OkStatus();
  while (summed_ < next_) {
    const std::shared_ptr<Segment>& segment = sequence_[summed_];
    const size_t behind = all || !segment->sharded() ? 0 : kMaxInFlight;
    if (summed_ + behind >= next_) break;
    FTS_RETURN_IF_ERROR(segment->FinishReduce());
    segment->CompleteGradient();
    FTS_RETURN_IF_ERROR(sums_->Start(segment));
    ++summed_;
  }
  return absl::OkStatus();
}

absl::Status ReduceQueue::FinishOldest(Flight* flight) {
  const std::shared_ptr<Segment> segment = flight->front();
  flight->pop_front();
  return segment->FinishReduce();
}

absl::Status ReduceQueue::Launch(const std::shared_ptr<Segment>& segment,
                                 Flight* flight) {
  if (flight->size() >= kMaxInFlight) {
    FTS_RETURN_IF_ERROR(FinishOldest(flight));
  }
  FTS_RETURN_IF_ERROR(segment->StartReduce(/*nested=*/flight == &nested_));
  flight->push_back(segment);
  return absl::OkStatus();
}

absl::Status ReduceQueue::ReduceNow(
    const std::vector<std::shared_ptr<Unit>>& units) {
  for (const auto& unit : units) {
    for (const auto& segment : unit->segments()) {
      if (!segment->trainable() || segment->reduces_through_bucket()) continue;
      FTS_RETURN_IF_ERROR(Launch(segment, &nested_));
    }
  }
  return absl::OkStatus();
}

absl::Status ReduceQueue::Flush() {
  BuildSequence();
  FTS_RETURN_IF_ERROR(LaunchReady(/*all=*/true));
  for (Flight* flight : {&nested_, &in_flight_}) {
    while (!flight->empty()) FTS_RETURN_IF_ERROR(FinishOldest(flight));
  }
  FTS_RETURN_IF_ERROR(Sum(/*all=*/true));
  sequence_.clear();
  return absl::OkStatus();
}

void ReduceQueue::Reset() {
  order_.clear();
  late_.clear();
  sequence_.clear();
  in_flight_.clear();
  nested_.clear();
  next_ = summed_ = 0;
  last_ = false;
}

}  // namespace fts::shard
