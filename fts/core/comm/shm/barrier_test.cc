// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/barrier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cstring>
#include <memory>
#include <random>
#include <thread>

namespace fts::comm::shm {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

// Zeroed memory that a forked process shares.
class Mapping {
 public:
  explicit Mapping(size_t bytes)
      : bytes_(bytes),
        data_(mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {}
  ~Mapping() { munmap(data_, bytes_); }
  void* data() const { return data_; }

 private:
  const size_t bytes_;
  void* const data_;
};

Barrier::Options Crowded() {
  Barrier::Options options;
  options.spin = kSpinCrowded;
  return options;
}

Barrier::Payload Saying(int rank, int round) {
  Barrier::Payload payload{};
  // All bytes, so that a torn one shows.
  payload.fill(static_cast<uint8_t>(rank * 37 + round));
  return payload;
}

class BarrierTest : public testing::TestWithParam<int> {};

TEST_P(BarrierTest, EveryoneHearsEveryoneInEveryRound) {
  const int size = GetParam();
  const int rounds = 2000;
  Mapping memory(Barrier::Bytes(size));
  // Plain memory, ordered by the barrier alone.
  std::vector<int> plain(size, -1);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank) {
    threads.emplace_back([&, rank] {
      Barrier barrier(memory.data(), rank, size, Crowded());
      std::mt19937 random(rank);
      std::vector<Barrier::Payload> all;
      for (int round = 0; round < rounds; ++round) {
        for (unsigned i = random() % 300; i > 0; --i) Pause();
        plain[rank] = round;
        ASSERT_TRUE(
            barrier.Exchange(Saying(rank, round), seconds(60), &all).ok());
        for (int peer = 0; peer < size; ++peer) {
          ASSERT_EQ(all[peer], Saying(peer, round)) << round;
          ASSERT_EQ(plain[peer], round);
        }
        ASSERT_TRUE(barrier.Wait(seconds(60)).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

INSTANTIATE_TEST_SUITE_P(Sizes, BarrierTest, testing::Values(1, 2, 3, 4));

TEST(BarrierTest, ARankThatDoesNotComeIsNamed) {
  Mapping memory(Barrier::Bytes(3));
  Barrier barrier(memory.data(), 0, 3, Crowded());
  std::thread other([&] {
    Barrier mine(memory.data(), 2, 3, Crowded());
    const absl::Status status = mine.Wait(seconds(60));
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(status.message(), "the barrier was given up");
  });
  // Not before the other has come, so that only one is missing.
  while (barrier.Missing().size() != 2) std::this_thread::yield();
  const absl::Status status = barrier.Wait(milliseconds(120));
  other.join();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(status.message(), "rank 1 did not come within 120 ms");
  // It stays broken, also for the one that comes late.
  Barrier late(memory.data(), 1, 3, Crowded());
  EXPECT_EQ(late.Wait(seconds(60)).message(), "the barrier was given up");
  EXPECT_EQ(barrier.Wait(seconds(60)).code(), absl::StatusCode::kUnavailable);
}

TEST(BarrierTest, BreakingEndsAWaitAndNeverLooksPassed) {
  for (int round = 0; round < 200; ++round) {
    Mapping memory(Barrier::Bytes(2));
    Barrier barrier(memory.data(), 0, 2, Crowded());
    std::thread breaker([&] { barrier.Break(); });
    EXPECT_EQ(barrier.Wait(seconds(60)).code(), absl::StatusCode::kUnavailable);
    breaker.join();
  }
}

// Passed or broken, but the same for both: whoever is told "passed" was there
// with all others.
TEST(BarrierTest, BothSidesAgreeOnWhetherItWasPassed) {
  for (int round = 0; round < 500; ++round) {
    Mapping memory(Barrier::Bytes(2));
    Barrier first(memory.data(), 0, 2, Crowded());
    Barrier second(memory.data(), 1, 2, Crowded());
    absl::Status statuses[2];
    std::thread a([&] { statuses[0] = first.Wait(seconds(60)); });
    std::thread b([&] { statuses[1] = second.Wait(seconds(60)); });
    for (int i = 0; i < round; ++i) Pause();
    first.Break();
    a.join();
    b.join();
    EXPECT_EQ(statuses[0].ok(), statuses[1].ok());
  }
}

TEST(BarrierTest, WhatMakesAPeerGoneIsPassedOn) {
  Mapping memory(Barrier::Bytes(2));
  Barrier::Options options = Crowded();
  options.why_gone = [](int rank) {
    return rank == 1 ? "rank 1 has ended" : "";
  };
  Barrier barrier(memory.data(), 0, 2, options);
  const absl::Status status = barrier.Wait(seconds(60));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "rank 1 has ended");
}

TEST(BarrierTest, ACheckEndsTheWait) {
  Mapping memory(Barrier::Bytes(2));
  Barrier::Options options = Crowded();
  options.check = [] { return absl::CancelledError("no more"); };
  Barrier barrier(memory.data(), 0, 2, options);
  EXPECT_EQ(barrier.Wait(seconds(60)).message(), "no more");
}

TEST(BarrierTest, AForkedProcessIsRefused) {
  Mapping memory(Barrier::Bytes(1));
  Barrier barrier(memory.data(), 0, 1, Crowded());
  const pid_t child = fork();
  if (child == 0) {
    std::vector<Barrier::Payload> all;
    const absl::Status status =
        barrier.Exchange(Saying(0, 1), seconds(60), &all);
    const std::string text(status.message());
    const bool right =
        status.code() == absl::StatusCode::kFailedPrecondition &&
        text == "process " + std::to_string(getpid()) +
                    " was forked from process " + std::to_string(getppid()) +
                    ", which is rank 0; only that one may call it: fork before "
                    "the ranks meet, or exec";
    _exit(right ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  // And left no trace.
  EXPECT_THAT(barrier.Missing(), ElementsAre(0));
  std::vector<Barrier::Payload> all;
  ASSERT_TRUE(barrier.Exchange(Saying(0, 7), seconds(60), &all).ok());
  EXPECT_EQ(all[0], Saying(0, 7));
}

TEST(BarrierTest, WorksBetweenProcesses) {
  Mapping memory(Barrier::Bytes(2));
  const auto play = [&](int rank) {
    Barrier barrier(memory.data(), rank, 2, Crowded());
    std::vector<Barrier::Payload> all;
    for (int round = 0; round < 2000; ++round) {
      if (!barrier.Exchange(Saying(rank, round), seconds(60), &all).ok() ||
          all[0] != Saying(0, round) || all[1] != Saying(1, round)) {
        return false;
      }
    }
    return true;
  };
  const pid_t child = fork();
  if (child == 0) _exit(play(1) ? 0 : 1);
  EXPECT_TRUE(play(0));
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace fts::comm::shm
