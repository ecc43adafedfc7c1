// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Rounding; the rest is in tests/conformance.
#include "fts/core/comm/host_reduce.h"

#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace fts::comm {
namespace {

TEST(HostReduceTest, HalfTypesRoundOnce) {
  // 256 + 1 + 1 is 258 in bfloat16 when rounded once, 256 when at every step.
  at::Tensor slices = at::tensor({256.f, 1.f, 1.f}).to(at::kBFloat16);
  at::Tensor output = at::zeros({1}, at::kBFloat16);
  ReduceSlices(slices, output, ReduceOp::kSum);
  EXPECT_EQ(output.to(at::kFloat).const_data_ptr<float>()[0], 258.f);
}

TEST(HostReduceTest, AddsInRankOrder) {
  // In float32 1e8 + 1 is 1e8, so orders that add the 1 earlier give 0.
  at::Tensor output = at::zeros({1});
  ReduceSlices(at::tensor({1e8f, -1e8f, 1.f}), output, ReduceOp::kSum);
  EXPECT_EQ(output.const_data_ptr<float>()[0], 1.f);
}

TEST(HostReduceTest, WorksInPlaceAndOverSeveralBlocks) {
  constexpr int64_t kNumel = 5000;
  at::Tensor slices = at::full({2 * kNumel}, 3, at::kInt);
  at::Tensor own = slices.narrow(0, kNumel, kNumel);
  ReduceSlices(slices, own, ReduceOp::kSum);
  EXPECT_TRUE(own.equal(at::full({kNumel}, 6, at::kInt)));
}

}  // namespace
}  // namespace fts::comm
