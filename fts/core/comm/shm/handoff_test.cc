// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/handoff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <thread>

namespace fts::comm::shm {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr int64_t kBytes = 8192;

std::shared_ptr<Arena> MakeArena() { return *Arena::Create(kBytes); }

TEST(HandoffTest, AllMembersGetTheSameMemory) {
  auto server = HandoffServer::Open();
  ASSERT_TRUE(server.ok()) << server.status();
  auto arena = MakeArena();
  std::vector<std::thread> members;
  for (int place = 1; place < 4; ++place) {
    members.emplace_back([&, place] {
      auto mine = ReceiveArena(server->token(), place, kBytes, seconds(60));
      ASSERT_TRUE(mine.ok()) << mine.status();
      EXPECT_EQ((*mine)->descriptor(), -1);
      (*mine)->data()[place] = static_cast<uint8_t>(place);
    });
  }
  EXPECT_TRUE(server->Serve(arena.get(), 4, seconds(60)).ok());
  for (std::thread& member : members) member.join();
  for (int place = 1; place < 4; ++place) {
    EXPECT_EQ(arena->data()[place], place);
  }
  // Nobody can come any more.
  EXPECT_EQ(
      ReceiveArena(server->token(), 1, kBytes, seconds(60)).status().code(),
      absl::StatusCode::kUnavailable);
}

TEST(HandoffTest, TokensDiffer) {
  EXPECT_NE(HandoffServer::Open()->token(), HandoffServer::Open()->token());
}

TEST(HandoffTest, AProcessOfItsOwnGetsIt) {
  auto server = HandoffServer::Open();
  const pid_t child = fork();
  if (child == 0) {
    auto mine = ReceiveArena(server->token(), 1, kBytes, seconds(60));
    if (mine.ok()) (*mine)->data()[5] = 55;
    _exit(mine.ok() ? 0 : 1);
  }
  auto arena = MakeArena();
  EXPECT_TRUE(server->Serve(arena.get(), 2, seconds(60)).ok());
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(arena->data()[5], 55);
}

TEST(HandoffTest, OneMembersFailureIsEveryonesError) {
  auto server = HandoffServer::Open();
  absl::Status statuses[3];
  std::vector<std::thread> members;
  for (int place = 1; place < 3; ++place) {
    members.emplace_back([&, place] {
      statuses[place] = ReceiveArena(server->token(), place,
                                     place == 2 ? 4096 : kBytes, seconds(60))
                            .status();
    });
  }
  auto arena = MakeArena();
  statuses[0] = server->Serve(arena.get(), 3, seconds(60));
  for (std::thread& member : members) member.join();
  for (const absl::Status& status : statuses) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(),
              "rank 2: the descriptor that was handed over is not sealed "
              "memory of 4096 bytes; do all ranks run the same build?");
  }
}

TEST(HandoffTest, TheOwnersErrorReachesTheMembers) {
  auto server = HandoffServer::Open();
  absl::Status theirs;
  std::thread member([&] {
    theirs = ReceiveArena(server->token(), 1, kBytes, seconds(60)).status();
  });
  const absl::Status own = absl::ResourceExhaustedError("no memory at all");
  EXPECT_EQ(server->Serve(nullptr, 2, seconds(60), own), own);
  member.join();
  EXPECT_EQ(theirs, own);
}

TEST(HandoffTest, AMemberThatDoesNotComeIsNamed) {
  auto server = HandoffServer::Open();
  absl::Status theirs;
  std::thread member([&] {
    theirs = ReceiveArena(server->token(), 2, kBytes, seconds(60)).status();
  });
  auto arena = MakeArena();
  const absl::Status status = server->Serve(arena.get(), 3, milliseconds(1000));
  member.join();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(status.message(),
            "rank 1 did not come for the shared memory within 1000 ms");
  EXPECT_EQ(theirs, status);
}

TEST(HandoffTest, AnOwnerThatEndsIsNoticed) {
  auto server = HandoffServer::Open();
  absl::Status theirs;
  std::thread member([&] {
    theirs = ReceiveArena(server->token(), 1, kBytes, seconds(60)).status();
  });
  { HandoffServer gone = *std::move(server); }
  member.join();
  EXPECT_EQ(theirs.code(), absl::StatusCode::kUnavailable) << theirs;
  EXPECT_THAT(std::string(theirs.message()),
              HasSubstr("look for the first error in its log"));
}

TEST(HandoffTest, AnotherUserGetsNothing) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  auto server = HandoffServer::Open();
  const pid_t stranger = fork();
  if (stranger == 0) {
    if (setuid(65534) != 0) _exit(2);
    const absl::Status status =
        ReceiveArena(server->token(), 1, kBytes, seconds(60)).status();
    _exit(status.code() == absl::StatusCode::kPermissionDenied &&
                  status.message() ==
                      "handing over shared memory: the socket belongs to "
                      "another user"
              ? 0
              : 1);
  }
  int status = 0;
  auto arena = MakeArena();
  // The stranger is not counted as the member that is missing.
  const absl::Status served = server->Serve(arena.get(), 2, milliseconds(1000));
  EXPECT_EQ(served.code(), absl::StatusCode::kDeadlineExceeded) << served;
  ASSERT_EQ(waitpid(stranger, &status, 0), stranger);
  if (WEXITSTATUS(status) == 2) {
    GTEST_SKIP() << "this sandbox has no other user";
  }
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace fts::comm::shm
