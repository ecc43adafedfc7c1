// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/rendezvous.h"

#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <thread>
#include <vector>

#include "fts/core/comm/testing/no_flight_recorder.h"

namespace fts::comm {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A listening socket, as our launcher hands it to rank 0.
struct Listener {
  int fd = -1;
  int port = 0;
};

Listener Listen() {
  Listener listener;
  listener.fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(
      bind(listener.fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)),
      0);
  EXPECT_EQ(listen(listener.fd, 16), 0);
  getsockname(listener.fd, reinterpret_cast<sockaddr*>(&address), &size);
  listener.port = ntohs(address.sin_port);
  return listener;
}

LaunchEnvironment Env(int rank, int world_size, const Listener& listener) {
  LaunchEnvironment env;
  env.launched = true;
  env.rank = rank;
  env.world_size = world_size;
  env.master_port = listener.port;
  if (rank == 0) env.listen_fd = listener.fd;
  return env;
}

TEST(RendezvousTest, OneRankNeedsNoNetwork) {
  absl::StatusOr<StorePtr> store =
      Rendezvous(LaunchEnvironment(), milliseconds(100));
  ASSERT_TRUE(store.ok());
  EXPECT_TRUE((*store)->Set("k", "v").ok());
}

TEST(RendezvousTest, RanksMeetAndCommunicate) {
  constexpr int kSize = 3;
  const Listener listener = Listen();
  // The server's rank lives longest: its store serves the others.
  std::vector<StorePtr> stores(kSize);
  std::vector<CommunicatorPtr> comms(kSize);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < kSize; ++rank) {
    threads.emplace_back([&, rank] {
      const LaunchEnvironment env = Env(rank, kSize, listener);
      absl::StatusOr<StorePtr> store = Rendezvous(env, seconds(20));
      ASSERT_TRUE(store.ok()) << store.status();
      stores[rank] = *store;
      absl::StatusOr<CommunicatorPtr> comm =
          MakeGloo(*store, rank, kSize, GlooOptionsFor(env));
      ASSERT_TRUE(comm.ok()) << comm.status();
      comms[rank] = *comm;
      at::Tensor one = at::ones({5});
      absl::StatusOr<EventPtr> event = (*comm)->AllReduce(one, ReduceOp::kSum);
      ASSERT_TRUE(event.ok());
      ASSERT_TRUE((*event)->Wait().ok());
      EXPECT_TRUE(one.equal(at::full({5}, 1.0f * kSize)));
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(RendezvousTest, MissingRanksAreListed) {
  const Listener listener = Listen();
  const absl::Status status =
      Rendezvous(Env(0, 3, listener), milliseconds(200)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(
      status.message(),
      "rank 0 waited 200 ms at 127.0.0.1:" + std::to_string(listener.port) +
          " for 3 ranks; missing: 1, 2; look at their logs, and whether "
          "they were given the same MASTER_ADDR, MASTER_PORT and world "
          "size");
}

TEST(RendezvousTest, GlooStaysOnLoopbackWithTheMaster) {
  LaunchEnvironment env;
  env.master_addr = "localhost";
  EXPECT_EQ(GlooOptionsFor(env).host, "127.0.0.1");
  env.master_addr = "node1";
  EXPECT_EQ(GlooOptionsFor(env).host, "");
}

}  // namespace
}  // namespace fts::comm
