// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/shard/ledger.h"

#include <gtest/gtest.h>

namespace fts::shard {
namespace {

TEST(LedgerTest, PeaksFollowEachHoldingAndTheTotal) {
  Ledger ledger;
  ledger.Add(Holding::kShard, 100);
  ledger.Add(Holding::kGathered, 50);
  ledger.Remove(Holding::kGathered, 50);
  ledger.Add(Holding::kReduce, 30);
  EXPECT_EQ(ledger.now(Holding::kGathered), 0);
  EXPECT_EQ(ledger.peak(Holding::kGathered), 50);
  EXPECT_EQ(ledger.total(), 130);
  EXPECT_EQ(ledger.peak_total(), 150);
}

TEST(LedgerTest, StartPhaseKeepsHoldingsAndForgetsPeaksAndTraffic) {
  Ledger ledger;
  ledger.Add(Holding::kShard, 100);
  ledger.Add(Holding::kReduce, 900);
  ledger.Remove(Holding::kReduce, 900);
  ledger.gathered = {3, 300};
  ledger.StartPhase();
  EXPECT_EQ(ledger.peak_total(), 100);
  EXPECT_EQ(ledger.peak(Holding::kReduce), 0);
  EXPECT_EQ(ledger.gathered.calls, 0);
}

TEST(LedgerTest, RestartPeaksKeepsTraffic) {
  Ledger ledger;
  ledger.Add(Holding::kMoments, 800);
  ledger.Remove(Holding::kMoments, 600);
  ledger.reduced = {1, 8};
  ledger.RestartPeaks();
  EXPECT_EQ(ledger.peak(Holding::kMoments), 200);
  EXPECT_EQ(ledger.peak_total(), 200);
  EXPECT_EQ(ledger.reduced.calls, 1);
}

}  // namespace
}  // namespace fts::shard
