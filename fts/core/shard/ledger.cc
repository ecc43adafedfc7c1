// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/shard/ledger.h"

#include <algorithm>

namespace fts::shard {

void Ledger::Add(Holding what, int64_t bytes) {
  const int i = static_cast<int>(what);
  now_[i] += bytes;
  total_ += bytes;
  peak_[i] = std::max(peak_[i], now_[i]);
  peak_total_ = std::max(peak_total_, total_);
}

void Ledger::RestartPeaks() {
  peak_ = now_;
  peak_total_ = total_;
}

void Ledger::StartPhase() {
  RestartPeaks();
  gathered = frozen_gathered = near_gathered = Traffic{};
  reduced = all_reduced = along_tp = Traffic{};
}

}  // namespace fts::shard
