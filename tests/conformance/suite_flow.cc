// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Order, asynchrony, splits, wrong arguments, abort.
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "tests/conformance/suite.h"

namespace fts::conformance {
namespace {

using comm::EventPtr;
using comm::ReduceOp;

at::Tensor Constant(int64_t numel, int64_t value, at::DeviceType device,
                    at::ScalarType dtype = at::kFloat) {
  return Filled(numel, dtype, device, [&](int64_t) { return value; });
}

std::vector<int64_t> Repeated(int64_t numel, int64_t value) {
  return std::vector<int64_t>(numel, value);
}

TEST_P(CommunicatorTest, ManyCallsInFlight) {
  constexpr int kCalls = 24;
  RunRanks(GetParam(), [&](Communicator& comm) {
    std::vector<at::Tensor> tensors;
    std::vector<EventPtr> events;
    for (int call = 0; call < kCalls; ++call) {
      tensors.push_back(Constant(1000 + call, call, device()));
      absl::StatusOr<EventPtr> event =
          comm.AllReduce(tensors.back(), ReduceOp::kSum);
      ASSERT_TRUE(event.ok()) << event.status();
      events.push_back(*event);
    }
    for (int call = kCalls - 1; call >= 0; --call) {
      ASSERT_TRUE(events[call]->Wait().ok());
      EXPECT_EQ(Values(tensors[call]), Repeated(1000 + call, call * size()));
    }
  });
}

TEST_P(CommunicatorTest, CallsReturnBeforePeersJoin) {
  if (size() == 1) GTEST_SKIP() << "one rank has no peers to wait for";
  std::promise<void> issued;
  const std::shared_future<void> all_issued = issued.get_future().share();
  RunRanks(GetParam(), [&](Communicator& comm) {
    at::Tensor gathered = Constant(4 * size(), 1, device());
    at::Tensor input = Constant(4 * size(), 1, device());
    at::Tensor output = Constant(4, 0, device());
    at::Tensor reduced = Constant(4, 1, device());
    if (comm.rank() != 0) all_issued.wait();
    std::vector<absl::StatusOr<EventPtr>> events;
    events.push_back(comm.AllGatherInPlace(gathered));
    events.push_back(comm.ReduceScatter(input, output, ReduceOp::kSum));
    events.push_back(comm.AllReduce(reduced, ReduceOp::kSum));
    for (const auto& event : events) ASSERT_TRUE(event.ok()) << event.status();
    if (comm.rank() == 0) {
      if (device() == at::kCPU) {
        EXPECT_FALSE((*events[0])->Ready());
      }
      issued.set_value();
    }
    for (const auto& event : events) EXPECT_TRUE((*event)->Wait().ok());
    EXPECT_EQ(Values(output), Repeated(4, size()));
    EXPECT_EQ(Values(reduced), Repeated(4, size()));
  });
}

TEST_P(CommunicatorTest, EventsMayBeWaitedForByAnyThread) {
  RunRanks(GetParam(), [&](Communicator& comm) {
    at::Tensor tensor = Constant(5, 1, device());
    absl::StatusOr<EventPtr> event = comm.AllReduce(tensor, ReduceOp::kSum);
    ASSERT_TRUE(event.ok()) << event.status();
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] { EXPECT_TRUE((*event)->Wait().ok()); });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_TRUE((*event)->Wait().ok());
    EXPECT_EQ(Values(tensor), Repeated(5, size()));
  });
}

TEST_P(CommunicatorTest, DroppedEventsAreDoneAtTheBarrier) {
  RunRanks(GetParam(), [&](Communicator& comm) {
    at::Tensor tensor = Constant(1000, 1, device());
    at::Tensor input = Constant(50000 * size(), 1, device());
    at::Tensor output = Constant(50000, 0, device());
    ASSERT_TRUE(comm.AllReduce(tensor, ReduceOp::kSum).ok());
    ASSERT_TRUE(comm.ReduceScatter(input, output, ReduceOp::kSum).ok());
    ASSERT_TRUE(comm.Barrier().ok());
    EXPECT_EQ(Values(tensor), Repeated(1000, size()));
    EXPECT_EQ(Values(output), Repeated(50000, size()));
  });
}

TEST_P(CommunicatorTest, TensorsLiveUntilTheirCallIsDone) {
  std::atomic<int> right{0};
  RunRanks(GetParam(), [&](Communicator& comm) {
    absl::StatusOr<EventPtr> event;
    at::Tensor output = Constant(100, 0, device());
    {
      at::Tensor input = Constant(100 * size(), 1, device());
      event = comm.ReduceScatter(input, output, ReduceOp::kSum);
    }
    ASSERT_TRUE(event.ok()) << event.status();
    ASSERT_TRUE((*event)->Wait().ok());
    right += Values(output) == Repeated(100, size());
  });
  EXPECT_EQ(right, size());
}

TEST_P(CommunicatorTest, NobodyPassesABarrierEarly) {
  std::atomic<int> arrived{0};
  RunRanks(GetParam(), [&](Communicator& comm) {
    for (int round = 1; round <= 10; ++round) {
      ++arrived;
      ASSERT_TRUE(comm.Barrier().ok());
      EXPECT_GE(arrived, round * size());
      ASSERT_TRUE(comm.Barrier().ok());
    }
  });
}

TEST_P(CommunicatorTest, SplitsIntoRowsAndColumns) {
  const int columns = size() == 4 ? 2 : 1;
  RunRanks(GetParam(), [&](Communicator& comm) {
    std::vector<int> row, column;
    for (int rank = 0; rank < size(); ++rank) {
      if (rank / columns == comm.rank() / columns) row.push_back(rank);
      if (rank % columns == comm.rank() % columns) column.push_back(rank);
    }
    absl::StatusOr<CommunicatorPtr> in_row = comm.Split(row, "row");
    ASSERT_TRUE(in_row.ok()) << in_row.status();
    absl::StatusOr<CommunicatorPtr> in_column = comm.Split(column, "column");
    ASSERT_TRUE(in_column.ok()) << in_column.status();
    EXPECT_EQ((*in_row)->name(), "world/row");
    EXPECT_EQ((*in_row)->size(), columns);
    EXPECT_EQ((*in_row)->rank(), comm.rank() % columns);
    EXPECT_EQ((*in_column)->size(), size() / columns);

    int64_t row_sum = 0, column_sum = 0;
    for (int rank : row) row_sum += rank + 1;
    for (int rank : column) column_sum += rank + 1;
    at::Tensor a = Constant(3, comm.rank() + 1, device());
    at::Tensor b = Constant(3, comm.rank() + 1, device());
    absl::StatusOr<EventPtr> a_done = (*in_row)->AllReduce(a, ReduceOp::kSum);
    absl::StatusOr<EventPtr> b_done =
        (*in_column)->AllReduce(b, ReduceOp::kSum);
    ASSERT_TRUE(a_done.ok() && b_done.ok());
    ASSERT_TRUE((*a_done)->Wait().ok());
    ASSERT_TRUE((*b_done)->Wait().ok());
    EXPECT_EQ(Values(a), Repeated(3, row_sum));
    EXPECT_EQ(Values(b), Repeated(3, column_sum));
    ASSERT_TRUE(comm.Barrier().ok());
  });
}

TEST_P(CommunicatorTest, SplitsReorderNestAndLeaveOut) {
  RunRanks(GetParam(), [&](Communicator& comm) {
    std::vector<int> backwards;
    for (int rank = size() - 1; rank >= 0; --rank) backwards.push_back(rank);
    absl::StatusOr<CommunicatorPtr> reversed = comm.Split(backwards, "same");
    ASSERT_TRUE(reversed.ok()) << reversed.status();
    EXPECT_EQ((*reversed)->rank(), size() - 1 - comm.rank());

    // The same name again is another communicator.
    absl::StatusOr<CommunicatorPtr> again = comm.Split(backwards, "same");
    ASSERT_TRUE(again.ok()) << again.status();

    // Only the last rank of the parent, which is rank 0 here.
    absl::StatusOr<CommunicatorPtr> first = (*reversed)->Split({0}, "first");
    ASSERT_TRUE(first.ok()) << first.status();
    if (comm.rank() == size() - 1) {
      ASSERT_NE(*first, nullptr);
      EXPECT_EQ((*first)->size(), 1);
      EXPECT_EQ((*first)->name(), "world/same/first");
      EXPECT_TRUE((*first)->Barrier().ok());
    } else {
      EXPECT_EQ(*first, nullptr);
    }
    at::Tensor tensor = Constant(size(), comm.rank(), device());
    absl::StatusOr<EventPtr> event = (*again)->AllGatherInPlace(tensor);
    ASSERT_TRUE(event.ok());
    ASSERT_TRUE((*event)->Wait().ok());
    for (int i = 0; i < size(); ++i) {
      EXPECT_EQ(Values(tensor)[i], size() - 1 - i);
    }
    ASSERT_TRUE(comm.Barrier().ok());
  });
}

TEST_P(CommunicatorTest, AbortReachesPeersAndRelatives) {
  Meeting split_all(size());
  const auto start = std::chrono::steady_clock::now();
  RunRanks(GetParam(), [&](Communicator& comm) {
    std::vector<int> everyone;
    for (int rank = 0; rank < size(); ++rank) everyone.push_back(rank);
    absl::StatusOr<CommunicatorPtr> part = comm.Split(everyone, "part");
    ASSERT_TRUE(part.ok()) << part.status();
    split_all.Join();
    (*part)->SetLabel("layer 3");
    at::Tensor tensor = Constant(4, 1, device());
    if (comm.rank() == size() - 1) {
      comm.Abort("out of disk");
    } else {
      // Hangs unless the abort gets through.
      absl::StatusOr<EventPtr> event =
          (*part)->AllReduce(tensor, ReduceOp::kSum);
      const absl::Status status =
          event.ok() ? (*event)->Wait() : event.status();
      EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
      EXPECT_NE(status.message().find("all_reduce 'layer 3' on world/part"),
                std::string::npos)
          << status;
      EXPECT_NE(status.message().find("out of disk"), std::string::npos)
          << status;
    }
    // From then on every call fails, here and in relatives.
    const absl::Status later = (*part)->Barrier();
    EXPECT_EQ(later.code(), absl::StatusCode::kUnavailable) << later;
    EXPECT_NE(later.message().find("out of disk"), std::string::npos) << later;
    EXPECT_EQ(
        comm.AllGatherInPlace(Constant(size(), 0, device())).status().code(),
        absl::StatusCode::kUnavailable);
    EXPECT_EQ(comm.Split({0}, "late").status().code(),
              absl::StatusCode::kUnavailable);
  });
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST_P(CommunicatorTest, AFailureIsNoticedThoughNobodyWaits) {
  if (size() == 1 || device() != at::kCPU) GTEST_SKIP() << "no host events";
  std::promise<void> over;
  const std::shared_future<void> ended = over.get_future().share();
  RunRanks(GetParam(), [&](Communicator& comm) {
    if (comm.rank() != 0) {
      comm.Abort("gone");
      ended.wait();
      return;
    }
    at::Tensor tensor = Constant(4, 1, device());
    absl::StatusOr<EventPtr> event = comm.AllReduce(tensor, ReduceOp::kSum);
    if (event.ok()) {
      const auto limit =
          std::chrono::steady_clock::now() + std::chrono::seconds(10);
      while (!(*event)->Ready() && std::chrono::steady_clock::now() < limit) {
        std::this_thread::yield();
      }
      EXPECT_TRUE((*event)->Ready());
    }
    EXPECT_EQ(comm.Barrier().code(), absl::StatusCode::kUnavailable);
    over.set_value();
  });
}

TEST_P(CommunicatorTest, AbortEndsACallInFlightOfItsOwnRank) {
  if (size() == 1) GTEST_SKIP() << "one rank has no calls in flight";
  std::promise<void> over;
  const std::shared_future<void> ended = over.get_future().share();
  const auto start = std::chrono::steady_clock::now();
  RunRanks(GetParam(), [&](Communicator& comm) {
    if (comm.rank() != 0) {
      ended.wait();  // never takes part
      return;
    }
    at::Tensor tensor = Constant(4, 1, device());
    absl::StatusOr<EventPtr> event = comm.AllReduce(tensor, ReduceOp::kSum);
    ASSERT_TRUE(event.ok());
    std::thread waiter([&] {
      const absl::Status status = (*event)->Wait();
      EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
      EXPECT_NE(status.message().find("given up"), std::string::npos);
    });
    comm.Abort("given up");
    waiter.join();
    over.set_value();
  });
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

}  // namespace
}  // namespace fts::conformance
