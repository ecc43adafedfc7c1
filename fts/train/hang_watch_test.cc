// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/hang_watch.h"

#include <gtest/gtest.h>

#include <vector>

namespace fts::train {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Finding = HangWatch::Finding;

// Ranks that say what a test sets, looked at once a second.
class HangWatchTest : public testing::Test {
 protected:
  void Ranks(int count) {
    ranks.resize(count);
    watch.emplace(count,
                  HangWatch::Limits{seconds(30), seconds(5), seconds(4)});
  }
  // A state that begins now.
  void Set(int rank, bool waiting, bool busy = false) {
    ranks[rank].waiting = waiting;
    ranks[rank].busy = busy;
    ranks[rank].waiting_for = "x";
    ++ranks[rank].activity;
  }
  std::optional<Finding> Look() { return watch->Look(now, ranks); }
  // Looks every second; true when none found anything.
  bool Quiet(int count) {
    for (int i = 0; i < count; ++i) {
      now += seconds(1);
      if (Look().has_value()) return false;
    }
    return true;
  }
  // What the first look after `after` quiet ones finds.
  std::optional<Finding> FoundAfter(int after) {
    EXPECT_TRUE(Quiet(after));
    now += seconds(1);
    return Look();
  }

  std::vector<RankLook> ranks;
  std::optional<HangWatch> watch;
  HangWatch::Clock::time_point now{seconds(1000)};
};

TEST_F(HangWatchTest, TheSilentRankHangs) {
  Ranks(3);
  Set(0, true);
  Set(2, true);
  EXPECT_FALSE(Look().has_value());
  const auto found = FoundAfter(29);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->hung, std::vector<int>{1});
  EXPECT_EQ(found->waited, seconds(30));
  EXPECT_EQ(found->quiet[1], seconds(30));
}

TEST_F(HangWatchTest, SeveralMayHang) {
  Ranks(3);
  Set(1, true);
  Look();
  const auto found = FoundAfter(29);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->hung, (std::vector<int>{0, 2}));
}

TEST_F(HangWatchTest, AStepMayTakeAnyTime) {
  Ranks(2);
  Look();
  EXPECT_TRUE(Quiet(1000));
  // One is done earlier, by less than the limit.
  Set(0, true);
  EXPECT_TRUE(Quiet(30));
  Set(1, true);
  EXPECT_TRUE(Quiet(1));
  // It counts from the beginning of the wait.
  Set(0, false);
  Set(1, false);
  EXPECT_TRUE(Quiet(1000));
  Set(0, true);
  EXPECT_TRUE(Quiet(30));
  now += seconds(1);
  EXPECT_TRUE(Look().has_value());
}

TEST_F(HangWatchTest, ARankThatMovesDoesNotHang) {
  Ranks(2);
  Set(0, true);
  Look();
  EXPECT_TRUE(Quiet(29));
  ++ranks[1].activity;
  EXPECT_TRUE(Quiet(30));
  now += seconds(1);
  EXPECT_TRUE(Look().has_value());
}

TEST_F(HangWatchTest, AWaitThatEndsAndBeginsAgainIsANewOne) {
  Ranks(2);
  Set(0, true);
  Look();
  EXPECT_TRUE(Quiet(29));
  Set(0, true);
  EXPECT_TRUE(Quiet(30));
  now += seconds(1);
  EXPECT_TRUE(Look().has_value());
}

TEST_F(HangWatchTest, NobodyWaitsForASilentRank) {
  Ranks(3);
  Set(0, true);  // rank 2 does not wait: rank 0 may be waiting for it
  Set(2, false);
  Look();
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(Quiet(29));
    ++ranks[2].activity;
  }
}

TEST_F(HangWatchTest, BusyRanksDoNotHang) {
  Ranks(3);
  Set(0, false, true);
  Set(1, true);
  Set(2, true);
  Look();
  EXPECT_TRUE(Quiet(1000));
  // Nor does another while one is busy.
  Set(1, false);
  EXPECT_TRUE(Quiet(1000));
  Set(0, true);
  EXPECT_TRUE(Quiet(30));
  now += seconds(1);
  const auto found = Look();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->hung, std::vector<int>{1});
}

TEST_F(HangWatchTest, ABusyRankMayWaitInBetween) {
  Ranks(2);
  Set(0, true, true);
  Look();
  const auto found = FoundAfter(29);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->hung, std::vector<int>{1});
}

TEST_F(HangWatchTest, EndedRanksDoNotCount) {
  Ranks(3);
  Set(0, true);
  ranks[1].live = false;
  Look();
  const auto found = FoundAfter(29);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->hung, std::vector<int>{2});
  ranks[0].live = false;
  EXPECT_TRUE(Quiet(100));
}

TEST_F(HangWatchTest, AStoppedRankIsFoundSooner) {
  Ranks(2);
  Look();
  EXPECT_TRUE(Quiet(20));
  Set(0, true);
  ranks[1].stopped = true;
  EXPECT_TRUE(Quiet(5));
  now += seconds(1);
  const auto found = Look();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->hung, std::vector<int>{1});
  EXPECT_EQ(found->waited, seconds(5));
}

// It stands still since it was stopped, not since it last said something.
TEST_F(HangWatchTest, AStoppedRankIsGivenItsTime) {
  Ranks(2);
  Set(0, true);
  Look();
  EXPECT_TRUE(Quiet(20));
  ranks[1].stopped = true;
  EXPECT_TRUE(Quiet(5));
  ranks[1].stopped = false;
  EXPECT_TRUE(Quiet(1));
  ranks[1].stopped = true;
  EXPECT_TRUE(Quiet(3));
}

TEST_F(HangWatchTest, AStoppedRankMustBeWaitedFor) {
  Ranks(2);
  Look();
  ranks[1].stopped = true;
  EXPECT_TRUE(Quiet(100));
}

// Whatever it said when it was stopped.
TEST_F(HangWatchTest, AStoppedRankNeitherWaitsNorIsBusy) {
  for (const bool waiting : {false, true}) {
    Ranks(2);
    Set(0, true);
    Set(1, waiting, !waiting);
    Look();
    ranks[1].stopped = true;
    EXPECT_TRUE(Quiet(5));
    now += seconds(1);
    const auto found = Look();
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->hung, std::vector<int>{1});
    ranks[1].stopped = false;
  }
}

// One is stopped; another computes, and may come to wait.
TEST_F(HangWatchTest, ASilentRankNextToAStoppedOneHasItsTime) {
  Ranks(3);
  Set(0, true);
  ranks[1].stopped = true;
  Look();
  const auto found = FoundAfter(29);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->hung, (std::vector<int>{1, 2}));
}

TEST_F(HangWatchTest, AShortLimitHoldsForStoppedRanksToo) {
  ranks.resize(2);
  watch.emplace(2, HangWatch::Limits{seconds(2), seconds(5), seconds(4)});
  Set(0, true);
  ranks[1].stopped = true;
  Look();
  EXPECT_TRUE(FoundAfter(1).has_value());
}

TEST_F(HangWatchTest, ASuspendedRunGoesOn) {
  Ranks(2);
  Set(0, true);
  Look();
  EXPECT_TRUE(Quiet(29));
  // Stopped one after the other, the looker last; continued in the same order.
  ranks[1].stopped = true;
  Look();
  ranks[0].stopped = true;
  now += seconds(3600);
  EXPECT_FALSE(Look().has_value());
  ranks[0].stopped = false;
  EXPECT_FALSE(Look().has_value());
  ranks[1].stopped = false;
  EXPECT_TRUE(Quiet(29));
  now += seconds(1);
  EXPECT_TRUE(Look().has_value());  // counted anew, not off
}

// The looker goes on, as when the ranks are frozen by a batch system.
TEST_F(HangWatchTest, RanksThatAreAllStoppedDoNotHang) {
  Ranks(2);
  Set(0, true);
  ranks[0].stopped = ranks[1].stopped = true;
  Look();
  EXPECT_TRUE(Quiet(1000));
  ranks[0].stopped = false;
  EXPECT_TRUE(Quiet(4));
  ranks[1].stopped = false;
  EXPECT_TRUE(Quiet(25));
}

TEST_F(HangWatchTest, ALookThatComesLateStartsAnew) {
  Ranks(2);
  Set(0, true);
  Look();
  EXPECT_TRUE(Quiet(29));
  now += milliseconds(4001);
  EXPECT_FALSE(Look().has_value());
  EXPECT_TRUE(Quiet(29));
  now += milliseconds(4000);  // late, but not too late
  EXPECT_TRUE(Look().has_value());
}

TEST_F(HangWatchTest, RestartStartsAnew) {
  Ranks(2);
  Set(0, true);
  Look();
  EXPECT_TRUE(Quiet(29));
  watch->Restart();
  EXPECT_TRUE(Quiet(30));
  now += seconds(1);
  EXPECT_TRUE(Look().has_value());
}

TEST_F(HangWatchTest, ADebuggerMayHoldARank) {
  Ranks(2);
  Set(0, true);
  Look();
  EXPECT_TRUE(Quiet(29));
  ranks[1].debugged = true;
  EXPECT_TRUE(Quiet(1000));
  ranks[1].debugged = false;
  EXPECT_TRUE(Quiet(29));
}

TEST_F(HangWatchTest, RanksThatWaitForDifferentCallsHang) {
  Ranks(2);
  Set(0, true);
  Set(1, true);
  ranks[1].waiting_for = "y";
  Look();
  const auto found = FoundAfter(29);
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(found->hung.empty());
  EXPECT_EQ(found->waited, seconds(30));
}

// Much data takes its time.
TEST_F(HangWatchTest, RanksThatWaitForTheSameCallDoNotHang) {
  Ranks(2);
  Set(0, true);
  Set(1, true);
  Look();
  EXPECT_TRUE(Quiet(1000));
}

}  // namespace
}  // namespace fts::train
