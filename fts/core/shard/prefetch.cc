// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/shard/prefetch.h"

#include <algorithm>

#include "fts/core/base/status.h"

namespace fts::shard {

absl::Status Prefetch::OnEnter(Unit& unit, Pass pass) {
  ahead_.erase(std::remove(ahead_.begin(), ahead_.end(), &unit), ahead_.end());
  Track& t = track(pass);
  // Once more, or another output of the same call: nothing new.
  if (t.last == &unit) return absl::OkStatus();
  t.last = &unit;
  const bool recording =
      pass == Pass::kForward ? training_ && record_forward_ : record_backward_;
  if (recording && t.record.empty() && t.fresh.size() < kMaxRecord) {
    t.fresh.push_back(&unit);
  }
  Unit* const next = automatic_ ? Follow(pass, unit) : nullptr;
  const auto& lists = lists_[static_cast<int>(pass)];
  const auto list = lists.empty() ? lists.end() : lists.find(&unit);
  if (list == lists.end()) return Issue(next, pass);
  for (Unit* listed : list->second) {
    FTS_RETURN_IF_ERROR(Issue(listed, pass));
  }
  return absl::OkStatus();
}

Unit* Prefetch::Follow(Pass pass, Unit& unit) {
  Track& t = track(pass);
  if (t.record.empty() || (t.lost && pass == Pass::kBackward)) return nullptr;
  if (t.lost || t.next == t.record.size()) {
    // Between passes, or off the record: only its first unit leads back.
    if (t.record.front() == &unit) {
      if (t.lost) ReleaseAhead();
      t.next = 0;
      t.lost = false;
    }
  }
  if (!t.lost && (t.next == t.record.size() || t.record[t.next] != &unit)) {
    t.lost = true;
    strayed_ |= training_;
  }
  if (t.lost) return nullptr;
  ++t.next;
  return t.next < t.record.size() ? t.record[t.next] : nullptr;
}

absl::Status Prefetch::Issue(Unit* unit, Pass pass) {
  if (unit == nullptr || unit->gathered()) return absl::OkStatus();
  if (pass == Pass::kBackward && !unit->has_graph()) return absl::OkStatus();
  if (std::find(ahead_.begin(), ahead_.end(), unit) == ahead_.end()) {
    ahead_.push_back(unit);
  }
  return unit->StartGather(/*prefetch=*/true);
}

void Prefetch::ReleaseAhead() {
  for (Unit* unit : ahead_) unit->ReleaseUnused();
  ahead_.clear();
}

void Prefetch::StartStep() {
  for (Track& t : tracks_) {
    t.fresh.clear();
    t.Rewind();
  }
  record_forward_ = record_backward_ = training_ = true;
  strayed_ = false;
}

void Prefetch::BeginForward(bool training) {
  ReleaseAhead();
  training_ = training;
  Track& t = track(Pass::kForward);
  t.Rewind();
  if (record_forward_) t.fresh.clear();
}

void Prefetch::BeginBackward() {
  ReleaseAhead();
  record_forward_ = false;
  track(Pass::kForward).last = nullptr;
  track(Pass::kBackward).Rewind();
}

void Prefetch::EndPass() {
  ReleaseAhead();
  track(Pass::kBackward).last = nullptr;
  track(Pass::kForward).Rewind();
  if (!record_forward_) record_backward_ = false;
  training_ = true;
}

void Prefetch::AdoptRecord() {
  ReleaseAhead();
  if (strayed_) {
    for (Track& t : tracks_) t.record.clear();
  } else if (!record_backward_ && recordings_ < kMaxRecordings &&
             track(Pass::kForward).record.empty()) {
    for (Track& t : tracks_) t.record = t.fresh;
    ++recordings_;
  }
  StartStep();
}

void Prefetch::ForgetRecord() {
  Reset();
  for (Track& t : tracks_) t.record.clear();
  recordings_ = 0;
}

void Prefetch::Reset() {
  ReleaseAhead();
  StartStep();
}

}  // namespace fts::shard
