// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Who takes calls forward, and what ends them. Peers that die are processes of
// their own; others are threads.
#include "fts/core/comm/shm/driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <string>
#include <thread>

#include "fts/core/comm/shm/thread_world.h"

namespace fts::comm::shm {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::HasSubstr;

using Data = std::vector<uint8_t>;

CallPtr Gather(const Stream& stream, Data& data, const char* label = "") {
  CallPtr call =
      MakeAllGather(stream.group(), data.data(),
                    static_cast<int64_t>(data.size()) / stream.size());
  call->signature.Set("all_gather", "Byte", 0,
                      static_cast<int64_t>(data.size()));
  call->label = label;
  return call;
}

Data OwnSlice(const Stream& stream, size_t slice) {
  Data data(slice * stream.size(), 0);
  std::fill_n(data.begin() + stream.rank() * slice, slice,
              static_cast<uint8_t>(stream.rank() + 1));
  return data;
}

Data Gathered(int size, size_t slice) {
  Data data;
  for (int rank = 0; rank < size; ++rank) {
    data.insert(data.end(), slice, static_cast<uint8_t>(rank + 1));
  }
  return data;
}

// Many more than the two chunks that a rank can be ahead.
constexpr size_t kLong = 100 * 1024;

TEST(DriverTest, RanksMayWaitForTheirCommunicatorsInDifferentOrders) {
  WorldOptions options;
  options.streams = 2;
  World(options).Run([](const WorldRank& rank) {
    Stream* streams[2] = {rank.streams[0].get(), rank.streams[1].get()};
    for (int round = 0; round < 20; ++round) {
      Data data[2] = {OwnSlice(*streams[0], kLong),
                      OwnSlice(*streams[1], kLong)};
      CallPtr calls[2];
      for (int i : {0, 1}) {
        calls[i] = rank.Issue(streams[i], Gather(*streams[i], data[i]));
      }
      for (int i : {rank.rank, 1 - rank.rank}) {
        ASSERT_TRUE(rank.driver->Wait(streams[i], *calls[i]).ok());
        ASSERT_EQ(data[i], Gathered(2, kLong));
      }
    }
  });
}

TEST(DriverTest, ACallGoesOnThoughItsRankDoesSomethingElse) {
  std::promise<void> over;
  const std::shared_future<void> ended = over.get_future().share();
  World(WorldOptions()).Run([&](const WorldRank& rank) {
    Data data = OwnSlice(*rank.stream(), kLong);
    const CallPtr call =
        rank.Issue(rank.stream(), Gather(*rank.stream(), data));
    if (rank.rank == 1) {
      ended.wait();  // not in this library
    } else {
      EXPECT_TRUE(rank.driver->Wait(rank.stream(), *call).ok());
      over.set_value();
    }
    EXPECT_TRUE(rank.driver->Wait(rank.stream(), *call).ok());
    EXPECT_EQ(data, Gathered(2, kLong));
  });
}

// Which made a run die of SIGSEGV at its end: the helper looked after the one
// while the other was destroyed. AddressSanitizer sees it at once.
TEST(DriverTest, CommunicatorsComeAndGoWhileTheHelperLooksAfterAnother) {
  WorldOptions options;
  options.streams = 2;
  World world(options);
  const WorldRank rank = world.Join(0);
  Data data = OwnSlice(*rank.stream(), 16);
  const CallPtr call = rank.Issue(rank.stream(), Gather(*rank.stream(), data));
  const auto start = steady_clock::now();
  int64_t rounds = 0;
  // Several of the helper's ticks.
  while (steady_clock::now() - start < milliseconds(60) || rounds < 1000) {
    rank.driver->Remove(rank.streams[1].get());
    rank.driver->Add(rank.streams[1]);
    ++rounds;
  }
  EXPECT_FALSE(call->done());
  rank.driver->Abort("the end of the test");
  EXPECT_EQ(rank.driver->Wait(rank.stream(), *call).code(),
            absl::StatusCode::kUnavailable);
}

TEST(DriverTest, SmallCallsNeedNoMeeting) {
  std::promise<void> first_is_done;
  World(WorldOptions()).Run([&](const WorldRank& rank) {
    // Whoever comes second finds everything there, and is done at once.
    Data data = OwnSlice(*rank.stream(), 16);
    if (rank.rank == 1) first_is_done.get_future().wait();
    const CallPtr call =
        rank.Issue(rank.stream(), Gather(*rank.stream(), data));
    EXPECT_EQ(call->done(), rank.rank == 1);
    if (rank.rank == 0) first_is_done.set_value();
    EXPECT_TRUE(rank.driver->Wait(rank.stream(), *call).ok());
    EXPECT_EQ(data, Gathered(2, 16));
  });
}

TEST(DriverTest, AnAbortFromAnotherThreadEndsABlockedCall) {
  World world{WorldOptions()};
  std::vector<std::string> told;
  const WorldRank rank =
      world.Join(0, {}, [&](const std::string& why) { told.push_back(why); });
  Data data = OwnSlice(*rank.stream(), 16);
  const CallPtr call =
      rank.Issue(rank.stream(), Gather(*rank.stream(), data, "norm"));
  std::thread other([&] { rank.driver->Abort("given up"); });
  const absl::Status status = rank.driver->Wait(rank.stream(), *call);
  other.join();
  const std::string expected =
      "all_gather 'norm' on world (rank 0 of 2): the communicator was aborted: "
      "rank 0: given up";
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), expected);
  rank.driver->Abort("again");
  EXPECT_THAT(told, testing::ElementsAre("rank 0: given up"));
  // And the next one.
  Data more = OwnSlice(*rank.stream(), 16);
  EXPECT_EQ(rank.Do(Gather(*rank.stream(), more, "norm")).message(), expected);
}

TEST(DriverTest, AnAbortReachesPeersAndAllTheirCommunicators) {
  WorldOptions options;
  options.size = 3;
  options.streams = 2;
  World(options).Run([](const WorldRank& rank) {
    if (rank.rank == 2) {
      rank.driver->Abort("out of disk");
      return;
    }
    Data data[2];
    for (int i : {0, 1}) {
      Stream* stream = rank.streams[i].get();
      data[i] = OwnSlice(*stream, 16);
      const CallPtr call = rank.Issue(stream, Gather(*stream, data[i]));
      EXPECT_THAT(
          std::string(rank.driver->Wait(stream, *call).message()),
          HasSubstr("the communicator was aborted: rank 2: out of disk"));
    }
    EXPECT_TRUE(rank.driver->aborted());
  });
}

TEST(DriverTest, ALatePeerIsNamed) {
  WorldOptions options;
  options.size = 3;
  options.timeout = milliseconds(200);
  World world(options);
  const WorldRank rank = world.Join(0);
  const WorldRank prompt = world.Join(1);
  Data data = OwnSlice(*rank.stream(), 16);
  Data theirs = OwnSlice(*prompt.stream(), 16);
  const CallPtr other =
      prompt.Issue(prompt.stream(), Gather(*prompt.stream(), theirs));
  const absl::Status status = rank.Do(Gather(*rank.stream(), data, "layers.0"));
  // Either may be the first whose time is over.
  const absl::Status second = prompt.driver->Wait(prompt.stream(), *other);
  const std::string why =
      " timed out after 200 ms waiting for rank 2 (process " +
      std::to_string(getpid()) +
      "); a rank is stuck, is far behind, or issued other "
      "calls: compare the last calls in the logs of all "
      "ranks, or raise the timeout";
  const bool first = status.code() == absl::StatusCode::kDeadlineExceeded;
  EXPECT_EQ((first ? second : status).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ((first ? status : second).message(),
            first ? "all_gather 'layers.0' on world (rank 0 of 3):" + why
                  : "all_gather on world (rank 1 of 3):" + why);
  EXPECT_THAT(std::string((first ? second : status).message()),
              HasSubstr("the communicator was aborted: rank "));
}

TEST(DriverTest, APeerThatLeftIsNamed) {
  World world{WorldOptions()};
  const WorldRank rank = world.Join(0);
  world.Join(1).stream()->Leave();
  Data data = OwnSlice(*rank.stream(), 16);
  const absl::Status status = rank.Do(Gather(*rank.stream(), data));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(),
            "all_gather on world (rank 0 of 2): rank 1 (process " +
                std::to_string(getpid()) +
                ") has left: its communicator was destroyed while others still "
                "wait for it; look at how its run ended");
}

TEST(DriverTest, WhatAPeerDidBeforeItLeftStillCounts) {
  World world{WorldOptions()};
  const WorldRank rank = world.Join(0);
  {
    const WorldRank other = world.Join(1);
    Data data = OwnSlice(*other.stream(), 16);
    other.Issue(other.stream(), Gather(*other.stream(), data));
    other.stream()->Leave();
  }
  Data data = OwnSlice(*rank.stream(), 16);
  EXPECT_TRUE(rank.Do(Gather(*rank.stream(), data)).ok());
  EXPECT_EQ(data, Gathered(2, 16));
}

TEST(DriverTest, RanksInDifferentCallsAreToldWhich) {
  World world{WorldOptions()};
  const WorldRank rank = world.Join(0);
  const WorldRank other = world.Join(1);
  Data data = OwnSlice(*rank.stream(), 16);
  Data theirs = OwnSlice(*other.stream(), 8);
  const CallPtr call =
      other.Issue(other.stream(), Gather(*other.stream(), theirs));
  const absl::Status status = rank.Do(Gather(*rank.stream(), data));
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(status.message(),
            "all_gather on world (rank 0 of 2): this rank issued all_gather of "
            "32 Byte (call 0) but rank 1 (process " +
                std::to_string(getpid()) +
                ") all_gather of 16 Byte (call 0); all ranks must issue the "
                "same calls in the same order");
  EXPECT_EQ(other.driver->Wait(other.stream(), *call).code(),
            absl::StatusCode::kUnavailable);
}

// Rank 1 as a process: takes part once, then waits for its end.
pid_t StartPeer(World& world) {
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child != 0) return child;
  const WorldRank rank = world.Join(1, {parent, getpid()});
  Data data = OwnSlice(*rank.stream(), kLong);
  if (!rank.Do(Gather(*rank.stream(), data)).ok() ||
      data != Gathered(2, kLong)) {
    _exit(1);
  }
  while (true) pause();
}

TEST(DriverTest, AKilledProcessIsNoticedWithinASecond) {
  for (const bool waits : {true, false}) {
    World world{WorldOptions()};
    const pid_t peer = StartPeer(world);
    const WorldRank rank = world.Join(0, {getpid(), peer});
    Data data = OwnSlice(*rank.stream(), kLong);
    ASSERT_TRUE(rank.Do(Gather(*rank.stream(), data)).ok());
    EXPECT_EQ(data, Gathered(2, kLong));

    data = OwnSlice(*rank.stream(), 16);
    const CallPtr call =
        rank.Issue(rank.stream(), Gather(*rank.stream(), data, "layers.3"));
    kill(peer, SIGKILL);
    const auto start = steady_clock::now();
    if (!waits) {
      // Nobody waits, nobody asks: only the helper is there.
      while (!call->done() && steady_clock::now() - start < seconds(10)) {
        std::this_thread::yield();
      }
      ASSERT_TRUE(call->done());
    }
    const absl::Status status = rank.driver->Wait(rank.stream(), *call);
    EXPECT_LT(steady_clock::now() - start, seconds(1));
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(status.message(),
              "all_gather 'layers.3' on world (rank 0 of 2): rank 1 (process " +
                  std::to_string(peer) +
                  ") has ended or was killed; look for the first error in its "
                  "log");
    EXPECT_TRUE(rank.driver->aborted());
    ASSERT_EQ(waitpid(peer, nullptr, 0), peer);
  }
}

TEST(DriverTest, AStoppedProcessIsNamedAtTheTimeout) {
  WorldOptions options;
  options.timeout = milliseconds(200);
  World world(options);
  const pid_t peer = StartPeer(world);
  const WorldRank rank = world.Join(0, {getpid(), peer});
  Data data = OwnSlice(*rank.stream(), kLong);
  ASSERT_TRUE(rank.Do(Gather(*rank.stream(), data)).ok());
  kill(peer, SIGSTOP);
  int stopped = 0;
  ASSERT_EQ(waitpid(peer, &stopped, WUNTRACED), peer);
  data = OwnSlice(*rank.stream(), 16);
  const absl::Status status = rank.Do(Gather(*rank.stream(), data));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("timed out after 200 ms waiting for rank 1 (process " +
                        std::to_string(peer) + ")"));
  kill(peer, SIGKILL);
  ASSERT_EQ(waitpid(peer, nullptr, 0), peer);
}

}  // namespace
}  // namespace fts::comm::shm
