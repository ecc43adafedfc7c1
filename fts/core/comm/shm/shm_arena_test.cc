// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/shm_arena.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "fts/core/comm/shm/split.h"
#include "fts/core/comm/shm/thread_world.h"

namespace fts::comm::shm {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::HasSubstr;

constexpr int64_t kBytes = 1 << 20;

// As shm.cc makes it.
absl::StatusOr<std::shared_ptr<ShmArena>> Share(const WorldRank& rank,
                                                int64_t bytes = kBytes) {
  const ArenaNeed need = {bytes, bytes / 2, bytes};
  const int size = rank.stream()->size();
  std::vector<int> everyone;
  for (int peer = 0; peer < size; ++peer) everyone.push_back(peer);
  auto arena = AgreeOnMemory(
      *rank.stream(), everyone, "weights of " + std::to_string(bytes),
      "share on world", seconds(60), ShmArena::WithBarrier(need, size));
  if (!arena.ok()) return arena.status();
  return std::make_shared<ShmArena>("weights", need, *std::move(arena),
                                    rank.streams[0], rank.driver->view(),
                                    rank.driver);
}

SharedArena::Payload Payload(uint8_t value) {
  SharedArena::Payload payload{};
  payload[3] = value;
  return payload;
}

TEST(ShmArenaTest, RanksSeeEachOthersWordsAndMemory) {
  WorldOptions options;
  options.size = 3;
  World(options).Run([](const WorldRank& rank) {
    const auto arena = Share(rank);
    ASSERT_TRUE(arena.ok()) << arena.status();
    EXPECT_EQ((*arena)->bytes(), kBytes);
    uint8_t* const data = (*arena)->data();
    EXPECT_EQ(data[kBytes - 1], 0);
    std::vector<SharedArena::Payload> all;
    for (int round = 0; round < 50; ++round) {
      data[rank.rank] = static_cast<uint8_t>(round + rank.rank);
      data[kBytes - 1 - rank.rank] = static_cast<uint8_t>(round);
      ASSERT_TRUE((*arena)
                      ->Exchange("gradients",
                                 Payload(static_cast<uint8_t>(rank.rank + 1)),
                                 &all)
                      .ok());
      ASSERT_EQ(all.size(), 3u);
      for (int peer = 0; peer < 3; ++peer) {
        ASSERT_EQ(all[peer][3], peer + 1);
        ASSERT_EQ(data[peer], static_cast<uint8_t>(round + peer));
        ASSERT_EQ(data[kBytes - 1 - peer], static_cast<uint8_t>(round));
      }
      ASSERT_TRUE((*arena)->Exchange("update", Payload(0), &all).ok());
    }
  });
}

TEST(ShmArenaTest, WhatIsGivenBackReadsZeroEverywhere) {
  World(WorldOptions()).Run([](const WorldRank& rank) {
    const auto arena = Share(rank);
    ASSERT_TRUE(arena.ok()) << arena.status();
    uint8_t* const data = (*arena)->data();
    std::vector<SharedArena::Payload> all;
    if (rank.rank == 0) std::fill_n(data, kBytes, 7);
    ASSERT_TRUE((*arena)->Exchange("fence", Payload(0), &all).ok());
    EXPECT_EQ(data[kBytes / 2], 7);
    ASSERT_TRUE((*arena)->Exchange("fence", Payload(0), &all).ok());
    // Only whole pages go.
    if (rank.rank == 1) {
      ASSERT_TRUE((*arena)->GiveBack(100, kBytes / 2).ok());
    }
    ASSERT_TRUE((*arena)->Exchange("fence", Payload(0), &all).ok());
    EXPECT_EQ(data[100], 7);
    EXPECT_EQ(data[kBytes / 4], 0);
    EXPECT_EQ(data[kBytes / 2 + 100], 7);
    EXPECT_TRUE((*arena)->GiveBack(1, 10).ok());  // no whole page
  });
}

TEST(ShmArenaTest, RanksThatWantDifferentSizesAreTold) {
  World(WorldOptions()).Run([](const WorldRank& rank) {
    const auto arena = Share(rank, kBytes + rank.rank);
    EXPECT_EQ(arena.status().code(), absl::StatusCode::kInvalidArgument);
    // Nothing is broken by that.
    EXPECT_TRUE(Share(rank).ok());
  });
}

TEST(ShmArenaTest, WithoutRoomNobodyHasIt) {
  World(WorldOptions()).Run([](const WorldRank& rank) {
    const int64_t bytes = int64_t{1} << 50;
    const auto arena =
        AgreeOnMemory(*rank.stream(), {0, 1}, "weights", "share on world",
                      seconds(60), {kBytes, kBytes, bytes});
    EXPECT_EQ(arena.status().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_THAT(std::string(arena.status().message()),
                HasSubstr("share on world: "));
    EXPECT_TRUE(Share(rank).ok());
  });
}

TEST(ShmArenaTest, AnAbortEndsAnExchange) {
  World(WorldOptions()).Run([](const WorldRank& rank) {
    const auto arena = Share(rank);
    ASSERT_TRUE(arena.ok()) << arena.status();
    if (rank.rank == 1) {
      rank.driver->Abort("out of disk");
      return;
    }
    std::vector<SharedArena::Payload> all;
    const absl::Status status =
        (*arena)->Exchange("gradients", Payload(0), &all);
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(status.message(),
              "gradients 'weights' on world (rank 0 of 2): the communicator "
              "was aborted: rank 1: out of disk");
  });
}

TEST(ShmArenaTest, AKilledProcessIsNoticedWithinASecond) {
  World world{WorldOptions()};
  const pid_t parent = getpid();
  const pid_t peer = fork();
  if (peer == 0) {
    const WorldRank rank = world.Join(1, {parent, getpid()});
    const auto arena = Share(rank);
    std::vector<SharedArena::Payload> all;
    if (!arena.ok() ||
        !(*arena)->Exchange("gradients", Payload(1), &all).ok()) {
      _exit(1);
    }
    while (true) pause();
  }
  const WorldRank rank = world.Join(0, {parent, peer});
  const auto arena = Share(rank);
  ASSERT_TRUE(arena.ok()) << arena.status();
  std::vector<SharedArena::Payload> all;
  ASSERT_TRUE((*arena)->Exchange("gradients", Payload(1), &all).ok());
  kill(peer, SIGKILL);
  const auto start = steady_clock::now();
  const absl::Status status = (*arena)->Exchange("update", Payload(1), &all);
  EXPECT_LT(steady_clock::now() - start, seconds(1));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(),
            "update 'weights' on world (rank 0 of 2): rank 1 (process " +
                std::to_string(peer) +
                ") has ended or was killed; look for the first error in its "
                "log");
  EXPECT_TRUE(rank.driver->aborted());
  ASSERT_EQ(waitpid(peer, nullptr, 0), peer);
}

}  // namespace
}  // namespace fts::comm::shm
