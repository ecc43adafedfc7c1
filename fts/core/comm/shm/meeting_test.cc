// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/meeting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "fts/core/comm/store.h"

namespace fts::comm::shm {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

constexpr char kHere[] = "boot a, user 0";

// What each of the ranks that come gets.
std::vector<absl::StatusOr<Meeting>> MeetAll(
    const std::vector<absl::StatusOr<std::string>>& hosts, int64_t bytes,
    int size, milliseconds limit = seconds(60)) {
  StorePtr store = MakeHashStore();
  std::vector<absl::StatusOr<Meeting>> meetings(hosts.size());
  std::vector<std::thread> ranks;
  for (size_t rank = 0; rank < hosts.size(); ++rank) {
    ranks.emplace_back([&, rank] {
      meetings[rank] =
          Meet(*store, static_cast<int>(rank), size, bytes, limit, hosts[rank]);
    });
  }
  for (std::thread& rank : ranks) rank.join();
  return meetings;
}

TEST(MeetingTest, AllRanksOfOneHostShareMemory) {
  const auto meetings = MeetAll({kHere, kHere, kHere}, 5000, 3);
  for (const auto& meeting : meetings) {
    ASSERT_TRUE(meeting.ok()) << meeting.status();
    EXPECT_THAT(meeting->pids, ElementsAre(getpid(), getpid(), getpid()));
    EXPECT_EQ(meeting->arena->descriptor(), -1);
  }
  meetings[1]->arena->data()[4999] = 9;
  EXPECT_EQ(meetings[0]->arena->data()[4999], 9);
  EXPECT_EQ(meetings[2]->arena->data()[4999], 9);
}

TEST(MeetingTest, RanksOfDifferentHostsAreAllRefused) {
  for (const auto& meeting : MeetAll({kHere, "boot b, user 0"}, 5000, 2)) {
    EXPECT_EQ(meeting.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(meeting.status().message(),
              "ranks 0 and 1 cannot share memory: they have boot a and boot b; "
              "use gloo between them");
  }
}

TEST(MeetingTest, ARankThatCannotTellItsHostMakesAllRefuse) {
  const absl::Status unknown = absl::FailedPreconditionError("cannot read x");
  for (const auto& meeting : MeetAll({kHere, unknown}, 5000, 2)) {
    EXPECT_EQ(meeting.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(meeting.status().message(),
              "rank 1 cannot share memory: cannot read x; use gloo");
  }
}

// A limit on the size of files stands in for shortage: asking for more memory
// than there is could end the machine where the check is broken.
TEST(MeetingTest, ShortageIsTheSameErrorOnAllRanks) {
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 20000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto meetings = MeetAll({kHere, kHere}, 50000, 2);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(meetings[0].status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(meetings[1].status(), meetings[0].status());
}

TEST(MeetingTest, RanksThatDoNotComeAreNamed) {
  for (const auto& meeting :
       MeetAll({kHere, kHere}, 5000, 4, milliseconds(300))) {
    EXPECT_EQ(meeting.status().code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_EQ(meeting.status().message(),
              "not all ranks arrived within 300 ms; missing: 2, 3; look for a "
              "rank that did not start or stopped before this point");
  }
}

}  // namespace
}  // namespace fts::comm::shm
