// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/trace.h"

#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "fts/core/comm/local.h"

namespace fts::comm {
namespace {

TEST(TraceTest, KeepsTheFirstRecordsAndCountsAll) {
  Trace trace(/*max_records=*/2);
  for (int i = 0; i < 5; ++i) {
    TraceRecord record;
    record.op = Op::kAllReduce;
    record.bytes = 10;
    trace.Add(record);
  }
  EXPECT_EQ(trace.records().size(), 2u);
  EXPECT_EQ(trace.calls(Op::kAllReduce), 5);
  EXPECT_EQ(trace.bytes(Op::kAllReduce), 50);
  EXPECT_EQ(trace.calls(Op::kAllGather), 0);
}

TEST(TraceTest, WrapsAnyCommunicatorAndItsSplits) {
  auto trace = std::make_shared<Trace>();
  CommunicatorPtr comm = WithTrace(MakeLocal("job"), trace);
  comm->SetLabel("unit");
  EXPECT_EQ(comm->label(), "unit");
  ASSERT_TRUE(comm->AllGatherInPlace(at::zeros({3})).ok());
  ASSERT_TRUE(comm->AllReduce(at::zeros({2}), ReduceOp::kMax).ok());
  ASSERT_TRUE(comm->Broadcast(at::zeros({2}), 0).ok());
  ASSERT_TRUE(comm->AllToAll(at::zeros({2}), at::zeros({2})).ok());
  ASSERT_TRUE(
      comm->ReduceScatter(at::zeros({2}), at::zeros({2}), ReduceOp::kSum).ok());
  ASSERT_TRUE(comm->Barrier().ok());
  EXPECT_FALSE(comm->Broadcast(at::zeros({2}), 1).ok());
  absl::StatusOr<CommunicatorPtr> part = comm->Split({0}, "dp");
  ASSERT_TRUE(part.ok());
  ASSERT_TRUE((*part)->AllGatherInPlace(at::zeros({1}, at::kByte)).ok());
  EXPECT_EQ(*comm->Split({}, "none"), nullptr);
  EXPECT_EQ(trace->ToString(),
            "all_gather job 'unit' 3 Float\n"
            "all_reduce job 'unit' 2 Float\n"
            "broadcast job 'unit' 2 Float\n"
            "all_to_all job 'unit' 2 Float\n"
            "reduce_scatter job 'unit' 2 Float\n"
            "barrier job 'unit'\n"
            "split job 'unit'\n"
            "all_gather job/dp 1 Byte\n"
            "split job 'unit'\n");
  comm->Abort("stop");
  EXPECT_FALSE((*part)->Barrier().ok());
  EXPECT_EQ(trace->calls(Op::kBarrier), 1);
}

}  // namespace
}  // namespace fts::comm
