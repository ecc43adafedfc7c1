// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Which backend connects the ranks: told by the names of its communicators.
#include "fts/core/session/ranks.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "fts/core/comm/testing/no_flight_recorder.h"
#include "fts/core/comm/testing/rank_threads.h"

namespace fts {
namespace {

// A socket that listens on a free port, for the store.
int Listen(int* port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(listen(fd, 16), 0);
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  *port = ntohs(address.sin_port);
  return fd;
}

// Connects two ranks; the names of their second communicators.
std::vector<std::string> Connect() {
  comm::LaunchEnvironment launch;
  launch.launched = true;
  launch.world_size = 2;
  const int fd = Listen(&launch.master_port);
  std::vector<std::string> names(2);
  std::vector<std::optional<Ranks>> all(2);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < 2; ++rank) {
    threads.emplace_back([&, rank] {
      comm::LaunchEnvironment mine = launch;
      mine.rank = rank;
      if (rank == 0) mine.listen_fd = fd;
      absl::StatusOr<Ranks> ranks =
          Ranks::Connect(mine, std::chrono::seconds(60));
      if (!ranks.ok()) {
        names[rank] = std::string(ranks.status().message());
        return;
      }
      EXPECT_EQ(ranks->gather()->name(), "gather");
      names[rank] = ranks->reduce()->name();
      std::vector<double> numbers = {1.0 + rank, 2.5};
      EXPECT_TRUE(ranks->Sum(&numbers).ok());
      EXPECT_EQ(numbers, (std::vector<double>{3.0, 5.0}));
      EXPECT_TRUE(ranks->Barrier().ok());
      all[rank] = *std::move(ranks);
    });
  }
  for (std::thread& thread : threads) thread.join();
  return names;
}

// Shared memory splits its first communicator, Gloo makes two.
const std::vector<std::string> kShm = {"gather/reduce", "gather/reduce"};
const std::vector<std::string> kGloo = {"reduce", "reduce"};

class RanksBackendTest : public testing::Test {
 protected:
  RanksBackendTest() { unsetenv("FTS_COMM"); }
  ~RanksBackendTest() override { unsetenv("FTS_COMM"); }
};

TEST_F(RanksBackendTest, RanksOfOneHostShareMemory) {
  EXPECT_EQ(Connect(), kShm);
}

TEST_F(RanksBackendTest, TheEnvironmentForcesABackend) {
  setenv("FTS_COMM", "gloo", 1);
  EXPECT_EQ(Connect(), kGloo);
  setenv("FTS_COMM", "shm", 1);
  EXPECT_EQ(Connect(), kShm);
  setenv("FTS_COMM", "tcp", 1);
  EXPECT_EQ(Connect(),
            std::vector<std::string>(
                2, "FTS_COMM is 'tcp', must be shm or gloo; or unset it"));
}

// A limit on the size of files keeps the memory from being made.
TEST_F(RanksBackendTest, WithoutMemoryToShareTheyTakeGlooUnlessForced) {
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 20000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::vector<std::string> free = Connect();
  setenv("FTS_COMM", "shm", 1);
  const std::vector<std::string> forced = Connect();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(free, kGloo);
  for (const std::string& message : forced) {
    EXPECT_NE(message.find("raise ulimit -f"), std::string::npos) << message;
  }
}

// world rank = (replica * shards + shard) * tp + tp rank.
TEST(RanksTest, ShareLayersAndThenCopies) {
  comm::testing::RunRanks(8, [](comm::testing::RankComms comms) {
    Ranks ranks(comms.first, comms.second);
    const int world_rank = comms.first->rank();
    EXPECT_EQ(ranks.tp(), nullptr);
    ASSERT_TRUE(ranks.SplitTp(2).ok());
    EXPECT_EQ(ranks.world_rank(), world_rank);
    EXPECT_EQ(ranks.world_size(), 8);
    EXPECT_EQ(ranks.tp()->rank(), world_rank % 2);
    EXPECT_EQ(ranks.tp()->size(), 2);
    EXPECT_EQ(ranks.rank(), world_rank / 2);
    EXPECT_EQ(ranks.size(), 4);
    ASSERT_TRUE(ranks.SplitReplicas(2).ok());
    EXPECT_EQ(ranks.shard_group()->rank(), world_rank / 2 % 2);
    EXPECT_EQ(ranks.shard_group()->replica(), world_rank / 4);
    // Sums go over ranks that hold the same part, maxima over all.
    std::vector<double> sum = {1.0 * world_rank}, most = sum;
    ASSERT_TRUE(ranks.Sum(&sum).ok());
    EXPECT_EQ(sum[0], world_rank % 2 == 0 ? 0 + 2 + 4 + 6 : 1 + 3 + 5 + 7);
    ASSERT_TRUE(ranks.Max(&most).ok());
    EXPECT_EQ(most[0], 7);
  });
}

TEST(RanksTest, RefuseATpThatDoesNotDivide) {
  comm::testing::RunRanks(2, [](comm::testing::RankComms comms) {
    Ranks ranks(comms.first, comms.second);
    EXPECT_EQ(ranks.SplitTp(3).message(),
              "mesh.tp 3 does not divide the 2 ranks; use a divisor");
    EXPECT_TRUE(ranks.SplitTp(1).ok());
    EXPECT_EQ(ranks.tp(), nullptr);
  });
}

}  // namespace
}  // namespace fts
