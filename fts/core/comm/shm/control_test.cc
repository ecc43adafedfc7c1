// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/control.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace fts::comm::shm {
namespace {

class ControlTest : public testing::Test {
 protected:
  static constexpr int kRanks = 3;

  ControlTest()
      : memory_(mmap(nullptr, Control::Bytes(kRanks), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {}
  ~ControlTest() override { munmap(memory_, Control::Bytes(kRanks)); }

  Control At(int rank) { return Control(memory_, rank, kRanks); }

  void* const memory_;
};

TEST_F(ControlTest, TheFirstReasonStaysForAllRanks) {
  Control a = At(0), b = At(1);
  EXPECT_FALSE(b.aborted());
  EXPECT_EQ(b.reason(), "");
  EXPECT_TRUE(a.Abort("first"));
  EXPECT_FALSE(b.Abort("second"));
  EXPECT_TRUE(b.aborted());
  EXPECT_EQ(b.reason(), "first");
  EXPECT_EQ(a.reason(), "first");
}

TEST_F(ControlTest, ALongReasonIsCut) {
  Control a = At(0);
  EXPECT_TRUE(a.Abort(std::string(5000, 'x')));
  EXPECT_EQ(a.reason(), std::string(1015, 'x'));
}

TEST_F(ControlTest, OneReasonWinsAmongMany) {
  std::atomic<int> firsts{0};
  std::vector<std::thread> threads;
  for (int rank = 0; rank < kRanks; ++rank) {
    threads.emplace_back([&, rank] {
      Control control = At(rank);
      firsts += control.Abort(std::to_string(rank));
      EXPECT_EQ(control.reason().size(), 1u);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(firsts, 1);
}

// Each hands a number to the other and sleeps until the answer is there: with a
// lost wake this takes hours, not a moment.
TEST_F(ControlTest, NoWakeIsLost) {
  constexpr int kTurns = 20000;
  std::atomic<int> turn{0};
  const auto play = [&](int rank) {
    Control control = At(rank);
    for (int mine = rank; mine < kTurns; mine += 2) {
      while (turn.load() != mine) {
        const uint32_t ticket = control.PrepareSleep();
        if (turn.load() == mine) {
          control.CancelSleep();
          break;
        }
        control.Sleep(ticket, std::chrono::hours(1));
      }
      turn.store(mine + 1);
      control.Ring(1 - rank);
    }
  };
  std::thread other([&] { play(1); });
  play(0);
  other.join();
  EXPECT_EQ(turn, kTurns);
}

TEST_F(ControlTest, AnAbortWakesEveryone) {
  std::vector<std::thread> sleepers;
  for (int rank = 1; rank < kRanks; ++rank) {
    sleepers.emplace_back([&, rank] {
      Control control = At(rank);
      while (!control.aborted()) {
        const uint32_t ticket = control.PrepareSleep();
        if (control.aborted()) {
          control.CancelSleep();
          break;
        }
        control.Sleep(ticket, std::chrono::hours(1));
      }
    });
  }
  At(0).Abort("over");
  for (std::thread& sleeper : sleepers) sleeper.join();
}

}  // namespace
}  // namespace fts::comm::shm
