// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Peers that die, stall or never come. The dying ones are processes of their
// own: this binary again, running the disabled test PeerProcess.
#include <ATen/ops/ones.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "fts/core/comm/gloo.h"
#include "fts/core/comm/store.h"
#include "tests/conformance/peer_process.h"

namespace fts::conformance {
namespace {

using comm::CommunicatorPtr;
using comm::EventPtr;
using comm::GlooOptions;
using comm::ReduceOp;
using comm::StorePtr;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

GlooOptions Options(milliseconds timeout) {
  GlooOptions options;
  options.host = "127.0.0.1";
  options.timeout = timeout;
  return options;
}

absl::Status AllReduce(comm::Communicator& comm, at::Tensor tensor) {
  absl::StatusOr<EventPtr> event = comm.AllReduce(tensor, ReduceOp::kSum);
  return event.ok() ? (*event)->Wait() : event.status();
}

CommunicatorPtr Join(const std::string& path, int rank, int size,
                     milliseconds timeout) {
  absl::StatusOr<StorePtr> store = comm::OpenFileStore(path, size);
  EXPECT_TRUE(store.ok()) << store.status();
  absl::StatusOr<CommunicatorPtr> comm =
      comm::MakeGloo(*store, rank, size, Options(timeout));
  EXPECT_TRUE(comm.ok()) << comm.status();
  return comm.ok() ? *comm : nullptr;
}

// Takes part once, then waits to be killed.
TEST(PeerProcess, DISABLED_Run) {
  const PeerPlace place = ReadPeerPlace();
  CommunicatorPtr comm = Join(place.store, place.rank, place.size, seconds(60));
  ASSERT_NE(comm, nullptr);
  ASSERT_TRUE(AllReduce(*comm, at::ones({4})).ok());
  while (true) pause();
}

// Ranks 0 .. size-2 are threads here, the last one is the process that dies.
void KillTheLastRank(int size, bool while_waiting) {
  const std::string path = testing::TempDir() + "/faults_" +
                           std::to_string(getpid()) + "_" +
                           std::to_string(size) + (while_waiting ? "w" : "");
  const pid_t peer =
      StartPeer("PeerProcess.DISABLED_Run", {path, size - 1, size});
  std::promise<void> killed;
  const std::shared_future<void> dead = killed.get_future().share();
  std::vector<std::promise<void>> issued(size - 1);
  std::vector<std::promise<void>> joined(size - 1);
  std::vector<absl::Status> statuses(size - 1);
  std::vector<milliseconds> took(size - 1);
  std::vector<CommunicatorPtr> comms(size - 1);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size - 1; ++rank) {
    threads.emplace_back([&, rank] {
      comms[rank] = Join(path, rank, size, seconds(60));
      ASSERT_NE(comms[rank], nullptr);
      ASSERT_TRUE(AllReduce(*comms[rank], at::ones({4})).ok());
      joined[rank].set_value();
      comms[rank]->SetLabel("model.layers.0");
      if (!while_waiting) dead.wait();
      at::Tensor tensor = at::ones({1000});
      absl::StatusOr<EventPtr> event =
          comms[rank]->AllReduce(tensor, ReduceOp::kSum);
      issued[rank].set_value();
      dead.wait();
      const auto start = steady_clock::now();
      statuses[rank] = event.ok() ? (*event)->Wait() : event.status();
      took[rank] =
          std::chrono::duration_cast<milliseconds>(steady_clock::now() - start);
    });
  }
  for (auto& promise : joined) promise.get_future().wait();
  if (while_waiting) {
    for (auto& promise : issued) promise.get_future().wait();
  }
  ASSERT_EQ(kill(peer, SIGKILL), 0);
  ASSERT_EQ(waitpid(peer, nullptr, 0), peer);
  killed.set_value();
  for (std::thread& thread : threads) thread.join();

  int first_hand = 0;
  for (int rank = 0; rank < size - 1; ++rank) {
    const absl::Status& status = statuses[rank];
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    const std::string message(status.message());
    EXPECT_THAT(message, StartsWith("all_reduce 'model.layers.0' on world "
                                    "(rank " +
                                    std::to_string(rank) + " of " +
                                    std::to_string(size) + "): "));
    // Its own view, or that of the rank which saw it first.
    EXPECT_THAT(message,
                AllOf(HasSubstr("lost the connection to a peer ("),
                      HasSubstr("); a rank has ended or was killed: look for "
                                "the first error in the logs of the other "
                                "ranks")));
    first_hand += message.find("aborted") == std::string::npos;
    EXPECT_LT(took[rank], milliseconds(2000)) << "rank " << rank;
    // And it stays so.
    EXPECT_EQ(comms[rank]->Barrier().code(), absl::StatusCode::kUnavailable);
  }
  EXPECT_EQ(first_hand, 1);
}

TEST(GlooFaultsTest, AKilledPeerEndsACallInFlight) {
  KillTheLastRank(2, /*while_waiting=*/true);
}

TEST(GlooFaultsTest, AKilledPeerEndsTheNextCall) {
  KillTheLastRank(2, /*while_waiting=*/false);
}

TEST(GlooFaultsTest, AKilledPeerReachesThoseThatDoNotTalkToIt) {
  KillTheLastRank(4, /*while_waiting=*/true);
}

TEST(GlooFaultsTest, AStalledPeerIsNamedAtTheTimeout) {
  StorePtr store = comm::MakeHashStore();
  std::promise<void> over;
  const std::shared_future<void> ended = over.get_future().share();
  std::thread stalled([&] {
    absl::StatusOr<CommunicatorPtr> comm =
        comm::MakeGloo(store, 1, 2, Options(milliseconds(400)));
    ASSERT_TRUE(comm.ok()) << comm.status();
    ended.wait();
    // Learns why the others are gone.
    EXPECT_THAT(std::string(AllReduce(**comm, at::ones({4})).message()),
                HasSubstr("the communicator was aborted: rank 0: all_reduce "
                          "'norm' on world (rank 0 of 2): timed out"));
  });
  absl::StatusOr<CommunicatorPtr> comm =
      comm::MakeGloo(store, 0, 2, Options(milliseconds(400)));
  ASSERT_TRUE(comm.ok()) << comm.status();
  (*comm)->SetLabel("norm");
  const auto start = steady_clock::now();
  const absl::Status status = AllReduce(**comm, at::ones({4}));
  const auto took = steady_clock::now() - start;
  over.set_value();
  stalled.join();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
  const std::string message(status.message());
  EXPECT_THAT(message, StartsWith("all_reduce 'norm' on world (rank 0 of 2): "
                                  "timed out after 400 ms ("));
  EXPECT_THAT(message,
              HasSubstr("); a rank is stuck, is far behind, or issued other "
                        "calls: compare the last calls in the logs of all "
                        "ranks, or raise the timeout"));
  EXPECT_GE(took, milliseconds(350));
  EXPECT_LT(took, seconds(5));
  EXPECT_EQ((*comm)->Barrier().code(), absl::StatusCode::kUnavailable);
}

TEST(GlooFaultsTest, ARankThatNeverComesIsNamedAtTheTimeout) {
  const absl::Status status =
      comm::MakeGloo(comm::MakeHashStore(), 0, 2, Options(milliseconds(300)))
          .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
  EXPECT_THAT(std::string(status.message()),
              AllOf(StartsWith("gloo communicator world (rank 0 of 2): not all "
                               "ranks arrived within 300 ms ("),
                    HasSubstr("); look for a rank that did not start or "
                              "stopped before this point")));
}

TEST(GlooFaultsTest, WrongOptionsAreNamed) {
  StorePtr store = comm::MakeHashStore();
  EXPECT_EQ(comm::MakeGloo(store, 2, 2, Options(seconds(1))).status().message(),
            "gloo communicator world: rank 2 of 2 does not exist; ranks are 0 "
            "to size - 1");
  EXPECT_EQ(comm::MakeGloo(store, 0, 1, Options(seconds(0))).status().message(),
            "gloo communicator world: timeout is 0 ms, must be positive");
  EXPECT_EQ(
      comm::MakeGloo(nullptr, 0, 1, Options(seconds(1))).status().message(),
      "gloo: the store is not one that store.h or rendezvous.h made");
  GlooOptions options = Options(seconds(1));
  options.threads = 0;
  EXPECT_EQ(comm::MakeGloo(store, 0, 1, options).status().message(),
            "gloo: threads is 0, must be at least 1");
  options = GlooOptions();
  options.interface = "nosuchif0";
  const absl::Status status = comm::MakeGloo(store, 0, 1, options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(
      std::string(status.message()),
      AllOf(StartsWith("gloo: cannot listen on interface 'nosuchif0': "),
            HasSubstr("; set GLOO_SOCKET_IFNAME to an interface that "
                      "all ranks can reach")));
}

}  // namespace
}  // namespace fts::conformance
