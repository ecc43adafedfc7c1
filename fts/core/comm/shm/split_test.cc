// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fts/core/comm/shm/thread_world.h"

namespace fts::comm::shm {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

WorldOptions Four() {
  WorldOptions options;
  options.size = 4;
  return options;
}

absl::StatusOr<std::shared_ptr<Arena>> Split(
    const WorldRank& rank, const std::vector<int>& ranks,
    const std::string& name, milliseconds timeout = seconds(60)) {
  return AgreeOnSplit(*rank.stream(), ranks, name, "split on world", timeout);
}

TEST(SplitTest, MembersOfEachListShareMemoryOfTheirOwn) {
  World(Four()).Run([](const WorldRank& rank) {
    // The first in the list leads, whoever that is.
    const std::vector<int> list =
        rank.rank < 2 ? std::vector<int>{1, 0} : std::vector<int>{2, 3};
    for (int round = 0; round < 5; ++round) {
      const auto arena = Split(rank, list, "row");
      ASSERT_TRUE(arena.ok()) << arena.status();
      ASSERT_NE(*arena, nullptr);
      EXPECT_EQ((*arena)->bytes(),
                static_cast<int64_t>(Stream::Bytes(2, 1024)));
      EXPECT_EQ((*arena)->descriptor(), -1);
      (*arena)->data()[64 + rank.rank] = static_cast<uint8_t>(10 + rank.rank);
      ASSERT_TRUE(rank.stream()->barrier().Wait(seconds(60)).ok());
      for (int peer = 0; peer < 4; ++peer) {
        const bool mine = peer / 2 == rank.rank / 2;
        EXPECT_EQ((*arena)->data()[64 + peer], mine ? 10 + peer : 0);
      }
    }
  });
}

TEST(SplitTest, WhoIsLeftOutOrAloneGetsNoMemory) {
  World(Four()).Run([](const WorldRank& rank) {
    auto arena = Split(rank, {1, 3}, "odd");
    ASSERT_TRUE(arena.ok()) << arena.status();
    EXPECT_EQ(*arena != nullptr, rank.rank % 2 == 1);
    arena = Split(rank, {rank.rank}, "alone");
    ASSERT_TRUE(arena.ok()) << arena.status();
    EXPECT_EQ(*arena, nullptr);
  });
}

TEST(SplitTest, ListsAndNamesThatDoNotFitAreEveryonesError) {
  World(Four()).Run([](const WorldRank& rank) {
    absl::Status status =
        Split(rank,
              rank.rank == 2 ? std::vector<int>{1, 2} : std::vector<int>{0, 1},
              "row")
            .status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(),
              "split on world: the lists of ranks 0 and 2 overlap but are not "
              "equal; lists must be equal or disjoint");
    // Another order is another list.
    status =
        Split(rank,
              rank.rank == 1 ? std::vector<int>{1, 0} : std::vector<int>{0, 1},
              "row")
            .status();
    EXPECT_THAT(std::string(status.message()), HasSubstr("ranks 0 and 1"));
    status =
        Split(rank, {0, 1, 2, 3}, rank.rank == 3 ? "column" : "row").status();
    EXPECT_EQ(status.message(),
              "split on world: ranks 0 and 3 give different names; all ranks "
              "must split in the same order");
    // Nothing is broken by that.
    EXPECT_TRUE(Split(rank, {0, 1, 2, 3}, "row").ok());
  });
}

TEST(SplitTest, ARankThatDoesNotSplitIsNamedAndEndsTheJob) {
  World(Four()).Run([](const WorldRank& rank) {
    if (rank.rank == 3) return;
    const absl::Status status =
        Split(rank, {0, 1}, "row", milliseconds(200)).status();
    EXPECT_TRUE(status.code() == absl::StatusCode::kUnavailable ||
                (status.code() == absl::StatusCode::kDeadlineExceeded &&
                 status.message() ==
                     "split on world: rank 3 did not come within 200 ms"))
        << status;
    EXPECT_TRUE(rank.driver->aborted());
  });
}

TEST(SplitTest, AnAbortEndsIt) {
  World(Four()).Run([](const WorldRank& rank) {
    if (rank.rank == 3) {
      rank.driver->Abort("out of disk");
      return;
    }
    EXPECT_EQ(Split(rank, {0, 1}, "row").status().message(),
              "split on world: the communicator was aborted: rank 3: out of "
              "disk");
  });
}

}  // namespace
}  // namespace fts::comm::shm
