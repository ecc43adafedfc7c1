// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/fake.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace fts::comm {
namespace {

std::shared_ptr<FakeCommunicator> Make(int rank, int size, FakePeers peers) {
  FakeOptions options;
  options.rank = rank;
  options.size = size;
  options.peers = peers;
  return *MakeFake(options);
}

TEST(FakeTest, SameDataRepeatsThisRank) {
  auto comm = Make(1, 3, FakePeers::kSameData);
  at::Tensor full = at::arange(6, at::kFloat);
  ASSERT_TRUE(comm->AllGatherInPlace(full).ok());
  EXPECT_TRUE(full.equal(at::tensor({2.f, 3.f, 2.f, 3.f, 2.f, 3.f})));

  at::Tensor output = at::zeros({2});
  ASSERT_TRUE(comm->ReduceScatter(full, output, ReduceOp::kSum).ok());
  EXPECT_TRUE(output.equal(at::tensor({6.f, 9.f})));
  ASSERT_TRUE(comm->ReduceScatter(full, output, ReduceOp::kMax).ok());
  EXPECT_TRUE(output.equal(at::tensor({2.f, 3.f})));

  at::Tensor sum = at::full({2}, 5.f);
  ASSERT_TRUE(comm->AllReduce(sum, ReduceOp::kSum).ok());
  EXPECT_TRUE(sum.equal(at::tensor({15.f, 15.f})));

  at::Tensor received = at::zeros({3});
  ASSERT_TRUE(comm->AllToAll(at::tensor({7.f, 8.f, 9.f}), received).ok());
  EXPECT_TRUE(received.equal(at::tensor({8.f, 8.f, 8.f})));
}

TEST(FakeTest, NeutralPeersAddNothing) {
  auto comm = Make(0, 2, FakePeers::kNeutral);
  at::Tensor full = at::arange(4, at::kFloat);
  ASSERT_TRUE(comm->AllGatherInPlace(full).ok());
  EXPECT_TRUE(full.equal(at::arange(4, at::kFloat)));

  at::Tensor output = at::zeros({2});
  ASSERT_TRUE(comm->ReduceScatter(full, output, ReduceOp::kSum).ok());
  EXPECT_TRUE(output.equal(at::tensor({0.f, 1.f})));

  at::Tensor received = at::full({2}, -1.f);
  ASSERT_TRUE(comm->AllToAll(at::tensor({7.f, 8.f}), received).ok());
  EXPECT_TRUE(received.equal(at::tensor({7.f, -1.f})));
}

TEST(FakeTest, UntouchedReadsAndWritesNothing) {
  auto comm = Make(0, 2, FakePeers::kUntouched);
  at::Tensor input = at::arange(4, at::kFloat);
  at::Tensor output = at::full({2}, -1.f);
  ASSERT_TRUE(comm->ReduceScatter(input, output, ReduceOp::kSum).ok());
  EXPECT_TRUE(output.equal(at::full({2}, -1.f)));
  EXPECT_EQ(comm->trace()->calls(Op::kReduceScatter), 1);
}

TEST(FakeTest, RecordsOrderLabelsAndSizes) {
  auto comm = Make(0, 2, FakePeers::kSameData);
  comm->SetLabel("layer 0");
  ASSERT_TRUE(comm->AllGatherInPlace(at::zeros({8})).ok());
  ASSERT_TRUE(comm->AllGatherInPlace(at::zeros({4}, at::kBFloat16)).ok());
  comm->SetLabel("layer 1");
  ASSERT_TRUE(
      comm->ReduceScatter(at::zeros({8}), at::zeros({4}), ReduceOp::kSum).ok());
  absl::StatusOr<CommunicatorPtr> part = comm->Split({1, 0}, "dp");
  ASSERT_TRUE(part.ok());
  EXPECT_EQ((*part)->rank(), 1);
  ASSERT_TRUE((*part)->Barrier().ok());
  EXPECT_EQ(comm->trace()->ToString(),
            "all_gather world 'layer 0' 8 Float\n"
            "all_gather world 'layer 0' 4 BFloat16\n"
            "reduce_scatter world 'layer 1' 8 Float\n"
            "split world 'layer 1'\n"
            "barrier world/dp\n");
  EXPECT_EQ(comm->trace()->calls(Op::kAllGather), 2);
  EXPECT_EQ(comm->trace()->bytes(Op::kAllGather), 8 * 4 + 4 * 2);
  comm->trace()->Clear();
  EXPECT_EQ(comm->trace()->ToString(), "");
  EXPECT_EQ(comm->trace()->bytes(Op::kAllGather), 0);
}

TEST(FakeTest, RefusedCallsAreNotRecorded) {
  auto comm = Make(0, 2, FakePeers::kSameData);
  EXPECT_FALSE(comm->AllGatherInPlace(at::zeros({7})).ok());
  comm->Abort("done");
  EXPECT_FALSE(comm->AllGatherInPlace(at::zeros({8})).ok());
  EXPECT_TRUE(comm->trace()->records().empty());
}

TEST(FakeTest, ThreadsOfManyRanksShareOneTrace) {
  auto trace = std::make_shared<Trace>();
  std::vector<std::thread> threads;
  for (int rank = 0; rank < 4; ++rank) {
    threads.emplace_back([rank, trace] {
      FakeOptions options;
      options.rank = rank;
      options.size = 4;
      options.trace = trace;
      auto comm = *MakeFake(options);
      at::Tensor full = at::zeros({8});
      for (int i = 0; i < 100; ++i) {
        EXPECT_TRUE(comm->AllGatherInPlace(full).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(trace->calls(Op::kAllGather), 400);
  EXPECT_EQ(trace->records().size(), 400u);
}

TEST(FakeTest, RefusesARankOutsideTheWorld) {
  FakeOptions options;
  options.rank = 2;
  EXPECT_EQ(MakeFake(options).status().message(),
            "fake communicator 'world': rank 2 of 2 does not exist; ranks are "
            "0 to size - 1");
}

}  // namespace
}  // namespace fts::comm
