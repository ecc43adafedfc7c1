// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Peers that die, stop, leave or never come, and what is left of them. The
// dying ones are processes of their own.
#include <ATen/ops/ones.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <future>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "fts/core/comm/shm/shm.h"
#include "fts/core/comm/store.h"
#include "tests/conformance/peer_process.h"

namespace fts::conformance {
namespace {

using comm::CommunicatorPtr;
using comm::EventPtr;
using comm::ReduceOp;
using comm::ShmOptions;
using comm::StorePtr;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr char kPeer[] = "ShmPeerProcess.DISABLED_Run";

ShmOptions Options(milliseconds timeout) {
  ShmOptions options;
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
      comm::MakeShm(*store, rank, size, Options(timeout));
  EXPECT_TRUE(comm.ok()) << comm.status();
  return comm.ok() ? *comm : nullptr;
}

std::string StorePath() {
  return testing::TempDir() + "/shm_faults_" + std::to_string(getpid()) + "_" +
         testing::UnitTest::GetInstance()->current_test_info()->name();
}

std::string ReadAll(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// Meets its peer and parts from it, over and over, as session does it: two
// communicators, calls in flight on both, the second goes first.
void MeetAndPart(const PeerPlace& place) {
  absl::StatusOr<StorePtr> store = comm::OpenFileStore(place.store, place.size);
  ASSERT_TRUE(store.ok()) << store.status();
  for (int round = 0; round < 40; ++round) {
    absl::StatusOr<CommunicatorPtr> first =
        comm::MakeShm((*store)->Prefixed(std::to_string(round)), place.rank,
                      place.size, Options(seconds(60)));
    ASSERT_TRUE(first.ok()) << first.status();
    absl::StatusOr<CommunicatorPtr> second = (*first)->Split({0, 1}, "reduce");
    ASSERT_TRUE(second.ok()) << second.status();
    const int64_t numel = round % 3 == 0 ? 500000 : 16;
    std::vector<at::Tensor> tensors;
    std::vector<EventPtr> events;
    for (int call = 0; call < 4; ++call) {
      tensors.push_back(at::ones({numel}));
      absl::StatusOr<EventPtr> event =
          (call % 2 == 0 ? *first : *second)
              ->AllReduce(tensors.back(), ReduceOp::kSum);
      ASSERT_TRUE(event.ok()) << event.status();
      events.push_back(*event);
    }
    // Now and then nobody waits for anything.
    if (round % 2 == place.rank) {
      ASSERT_TRUE(comm::WaitAll(events).ok());
    }
    if (round % 5 == 0) events.clear();
    *second = nullptr;
    *first = nullptr;
    for (const at::Tensor& tensor : tensors) {
      ASSERT_EQ(tensor[numel - 1].item<float>(), 2);
    }
  }
}

TEST(ShmPeerProcess, DISABLED_MeetAndPart) { MeetAndPart(ReadPeerPlace()); }

TEST(ShmExitTest, RanksPartWithoutACrash) {
  for (int process = 0; process < 3; ++process) {
    const std::string path = StorePath() + std::to_string(process);
    const pid_t peer =
        StartPeer("ShmPeerProcess.DISABLED_MeetAndPart", {path, 1, 2});
    MeetAndPart({path, 0, 2});
    int status = 0;
    ASSERT_EQ(waitpid(peer, &status, 0), peer);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
}

// Takes part once, then waits to be killed.
TEST(ShmPeerProcess, DISABLED_Run) {
  const PeerPlace place = ReadPeerPlace();
  CommunicatorPtr comm = Join(place.store, place.rank, place.size, seconds(60));
  ASSERT_NE(comm, nullptr);
  ASSERT_TRUE(AllReduce(*comm, at::ones({4})).ok());
  while (true) pause();
}

// Ranks 0 .. size-2 are threads here, the last one is the process that dies.
void KillTheLastRank(int size, bool while_waiting) {
  const std::string path = StorePath();
  const pid_t peer = StartPeer(kPeer, {path, size - 1, size});
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

  const std::string why = "rank " + std::to_string(size - 1) + " (process " +
                          std::to_string(peer) +
                          ") has ended or was killed; look for the first error "
                          "in its log";
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
    EXPECT_THAT(message, HasSubstr(why));
    first_hand += message.find("aborted") == std::string::npos;
    EXPECT_LT(took[rank], milliseconds(1000)) << "rank " << rank;
    // And it stays so.
    EXPECT_EQ(comms[rank]->Barrier().code(), absl::StatusCode::kUnavailable);
  }
  EXPECT_EQ(first_hand, 1);
}

TEST(ShmFaultsTest, AKilledPeerEndsACallInFlight) {
  KillTheLastRank(2, /*while_waiting=*/true);
}

TEST(ShmFaultsTest, AKilledPeerEndsTheNextCall) {
  KillTheLastRank(2, /*while_waiting=*/false);
}

TEST(ShmFaultsTest, AKilledPeerEndsAllOthers) {
  KillTheLastRank(4, /*while_waiting=*/true);
}

// No file, no socket, no memory: when both ends are killed with -9.
TEST(ShmFaultsTest, NothingIsLeftOfKilledRanks) {
  const auto count = [](const std::string& text, const std::string& part) {
    int found = 0;
    for (size_t at = text.find(part); at != std::string::npos;
         at = text.find(part, at + 1)) {
      ++found;
    }
    return found;
  };
  const std::string path = StorePath();
  const pid_t a = StartPeer(kPeer, {path, 1, 3});
  const pid_t b = StartPeer(kPeer, {path, 2, 3});
  {
    CommunicatorPtr comm = Join(path, 0, 3, seconds(60));
    ASSERT_NE(comm, nullptr);
    ASSERT_TRUE(AllReduce(*comm, at::ones({4})).ok());
    // While it lives it is in the maps, nameless; the socket is closed already.
    const std::string maps = ReadAll("/proc/self/maps");
    EXPECT_EQ(count(maps, "/memfd:fts-shm (deleted)"), 1);
    EXPECT_THAT(ReadAll("/proc/" + std::to_string(a) + "/maps"),
                HasSubstr("/memfd:fts-shm (deleted)"));
    kill(a, SIGKILL);
    kill(b, SIGKILL);
    ASSERT_EQ(waitpid(a, nullptr, 0), a);
    ASSERT_EQ(waitpid(b, nullptr, 0), b);
    EXPECT_FALSE(AllReduce(*comm, at::ones({4})).ok());
  }
  EXPECT_THAT(ReadAll("/proc/self/maps"), Not(HasSubstr("fts-shm")));
  for (const char* folder : {"/dev/shm", "/tmp", "/run"}) {
    const std::string list =
        "ls " + std::string(folder) + " 2>/dev/null | grep -q fts-shm";
    EXPECT_NE(std::system(list.c_str()), 0) << folder;
  }
}

TEST(ShmFaultsTest, AStoppedPeerIsNamedAtTheTimeout) {
  const std::string path = StorePath();
  const pid_t peer = StartPeer(kPeer, {path, 1, 2});
  CommunicatorPtr comm = Join(path, 0, 2, seconds(5));
  ASSERT_NE(comm, nullptr);
  ASSERT_TRUE(AllReduce(*comm, at::ones({4})).ok());
  ASSERT_EQ(kill(peer, SIGSTOP), 0);
  int stopped = 0;
  ASSERT_EQ(waitpid(peer, &stopped, WUNTRACED), peer);
  comm->SetLabel("norm");
  const auto start = steady_clock::now();
  const absl::Status status = AllReduce(*comm, at::ones({4}));
  EXPECT_GE(steady_clock::now() - start, milliseconds(4900));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
  EXPECT_EQ(status.message(),
            "all_reduce 'norm' on world (rank 0 of 2): timed out after 5000 ms "
            "waiting for rank 1 (process " +
                std::to_string(peer) +
                "); a rank is stuck, is far behind, or issued other calls: "
                "compare the last calls in the logs of all ranks, or raise the "
                "timeout");
  EXPECT_EQ(comm->Barrier().code(), absl::StatusCode::kUnavailable);
  kill(peer, SIGKILL);
  ASSERT_EQ(waitpid(peer, nullptr, 0), peer);
}

// Ranks as threads: `body` for each, all with one timeout.
void RunThreads(int size, milliseconds timeout,
                const std::function<void(comm::Communicator&)>& body) {
  StorePtr store = comm::MakeHashStore();
  std::vector<std::thread> threads;
  std::vector<CommunicatorPtr> comms(size);
  for (int rank = 0; rank < size; ++rank) {
    threads.emplace_back([&, rank] {
      absl::StatusOr<CommunicatorPtr> comm =
          comm::MakeShm(store, rank, size, Options(timeout));
      ASSERT_TRUE(comm.ok()) << comm.status();
      comms[rank] = *comm;
      body(**comm);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(ShmFaultsTest, ARankThatStallsLearnsWhyTheOthersAreGone) {
  std::promise<void> over;
  const std::shared_future<void> ended = over.get_future().share();
  RunThreads(2, milliseconds(1500), [&](comm::Communicator& comm) {
    comm.SetLabel("norm");
    if (comm.rank() == 1) ended.wait();
    const absl::Status status = AllReduce(comm, at::ones({4}));
    if (comm.rank() == 0) {
      EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
      over.set_value();
    } else {
      EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
      EXPECT_THAT(std::string(status.message()),
                  StartsWith("all_reduce 'norm' on world (rank 1 of 2): the "
                             "communicator was aborted: rank 0: all_reduce "
                             "'norm' on world (rank 0 of 2): timed out after "
                             "1500 ms waiting for rank 1 (process "));
    }
  });
}

TEST(ShmFaultsTest, ARankThatEndedItsPartIsNamed) {
  StorePtr store = comm::MakeHashStore();
  std::promise<void> left;
  std::thread other([&] {
    absl::StatusOr<CommunicatorPtr> comm =
        comm::MakeShm(store, 1, 2, Options(seconds(60)));
    ASSERT_TRUE(comm.ok()) << comm.status();
    comm->reset();
    left.set_value();
  });
  absl::StatusOr<CommunicatorPtr> comm =
      comm::MakeShm(store, 0, 2, Options(seconds(60)));
  ASSERT_TRUE(comm.ok()) << comm.status();
  left.get_future().wait();
  const absl::Status status = (*comm)->Barrier();
  other.join();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()),
              StartsWith("barrier on world (rank 0 of 2): rank 1 (process " +
                         std::to_string(getpid()) + ") has left: "));
}

TEST(ShmFaultsTest, RanksInDifferentCallsAreToldWhich) {
  RunThreads(2, seconds(60), [](comm::Communicator& comm) {
    absl::StatusOr<EventPtr> event =
        comm.rank() == 0 ? comm.AllReduce(at::ones({4}), ReduceOp::kSum)
                         : comm.AllGatherInPlace(at::ones({6}));
    const absl::Status status = event.ok() ? (*event)->Wait() : event.status();
    EXPECT_TRUE(status.code() == absl::StatusCode::kInternal ||
                status.code() == absl::StatusCode::kUnavailable)
        << status;
    EXPECT_THAT(std::string(status.message()),
                testing::ContainsRegex(
                    "this rank issued all_(reduce of 4|gather of 6) Float "
                    "\\(call 0\\) but rank [01] \\(process [0-9]+\\) "
                    "all_(reduce of 4|gather of 6) Float \\(call 0\\); all "
                    "ranks must issue the same calls in the same order"));
  });
}

TEST(ShmFaultsTest, AForkedProcessIsRefused) {
  RunThreads(2, seconds(60), [](comm::Communicator& comm) {
    if (comm.rank() == 0) {
      const pid_t child = fork();
      if (child == 0) {
        const absl::Status status =
            comm.AllReduce(at::ones({4}), ReduceOp::kSum).status();
        _exit(status.code() == absl::StatusCode::kFailedPrecondition &&
                      status.message().find("was forked from process " +
                                            std::to_string(getppid())) !=
                          absl::string_view::npos
                  ? 0
                  : 1);
      }
      int status = 0;
      EXPECT_EQ(waitpid(child, &status, 0), child);
      EXPECT_EQ(status, 0);
    }
    EXPECT_TRUE(AllReduce(comm, at::ones({4})).ok());
  });
}

TEST(ShmFaultsTest, ARankThatNeverComesIsNamedAtTheTimeout) {
  const absl::Status status =
      comm::MakeShm(comm::MakeHashStore(), 0, 2, Options(milliseconds(300)))
          .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
  EXPECT_EQ(status.message(),
            "shm communicator world (rank 0 of 2): not all ranks arrived "
            "within 300 ms; missing: 1; look for a rank that did not start or "
            "stopped before this point");
}

TEST(ShmFaultsTest, RanksOfDifferentHostsAreRefusedOnAll) {
  StorePtr store = comm::MakeHashStore();
  absl::Status statuses[2];
  std::vector<std::thread> threads;
  for (int rank = 0; rank < 2; ++rank) {
    threads.emplace_back([&, rank] {
      ShmOptions options = Options(seconds(60));
      options.host = rank == 0 ? "boot a" : "boot b";
      statuses[rank] = comm::MakeShm(store, rank, 2, options).status();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int rank = 0; rank < 2; ++rank) {
    EXPECT_EQ(statuses[rank].code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(statuses[rank].message(),
              "shm communicator world (rank " + std::to_string(rank) +
                  " of 2): ranks 0 and 1 cannot share memory: they have boot a "
                  "and boot b; use gloo between them");
  }
}

TEST(ShmFaultsTest, WrongOptionsAreNamed) {
  StorePtr store = comm::MakeHashStore();
  EXPECT_EQ(comm::MakeShm(store, 2, 2, Options(seconds(1))).status().message(),
            "shm communicator world: rank 2 of 2 does not exist; ranks are 0 "
            "to size - 1");
  EXPECT_EQ(comm::MakeShm(store, 0, 2, Options(seconds(0))).status().message(),
            "shm communicator world: timeout is 0 ms, must be positive");
  EXPECT_EQ(
      comm::MakeShm(nullptr, 0, 2, Options(seconds(1))).status().message(),
      "shm communicator world: there is no store");
  ShmOptions options = Options(seconds(1));
  options.slot_bytes = 1000;
  EXPECT_EQ(comm::MakeShm(store, 0, 2, options).status().message(),
            "shm communicator world: slot_bytes is 1000, must be a multiple of "
            "64 and at least 65536");
  const absl::Status many =
      comm::MakeShm(store, 0, 257, Options(seconds(1))).status();
  EXPECT_EQ(many.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(many.message(),
            "shm communicator world: 257 ranks are more than the 256 that can "
            "share memory; use gloo");
}

}  // namespace
}  // namespace fts::conformance
