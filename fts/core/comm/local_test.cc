// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What is special to one rank; the rest is in tests/conformance.
#include "fts/core/comm/local.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace fts::comm {
namespace {

TEST(LocalTest, ReduceScatterOntoItselfDoesNotCopy) {
  CommunicatorPtr comm = MakeLocal();
  at::Tensor tensor = at::arange(4, at::kFloat);
  const auto version = tensor._version();
  ASSERT_TRUE(comm->ReduceScatter(tensor, tensor, ReduceOp::kSum).ok());
  EXPECT_EQ(tensor._version(), version);
}

TEST(LocalTest, CopiesWithoutTouchingVersionCounters) {
  CommunicatorPtr comm = MakeLocal();
  at::Tensor input = at::arange(4, at::kFloat);
  at::Tensor output = at::zeros({4});
  const auto version = output._version();
  ASSERT_TRUE(comm->ReduceScatter(input, output, ReduceOp::kSum).ok());
  EXPECT_TRUE(output.equal(input));
  EXPECT_EQ(output._version(), version);
}

TEST(LocalTest, SplitIsNamedAfterItsParentAndDiesWithIt) {
  CommunicatorPtr comm = MakeLocal("job");
  absl::StatusOr<CommunicatorPtr> part = comm->Split({0}, "dp");
  ASSERT_TRUE(part.ok());
  EXPECT_EQ((*part)->name(), "job/dp");
  comm->Abort("enough");
  (*part)->SetLabel("x");
  EXPECT_EQ((*part)->Barrier().message(),
            "barrier 'x' on job/dp (rank 0 of 1): the communicator was "
            "aborted: enough");
}

TEST(LocalTest, RefusesTensorsOfAnotherDevice) {
  CommunicatorPtr comm = MakeLocal("world", at::kCUDA);
  EXPECT_EQ(
      comm->AllReduce(at::zeros({4}), ReduceOp::kSum).status().message(),
      "all_reduce on world (rank 0 of 1): tensor is on cpu, must be on cuda");
}

}  // namespace
}  // namespace fts::comm
