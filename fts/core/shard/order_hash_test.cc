// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/shard/order_hash.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "fts/core/shard/chain_net_testutil.h"

namespace fts::shard {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;
using testing::Chain;
using testing::ChainInput;
using testing::ChainPlan;

const std::string kA = "layers.0", kB = "layers.1";
constexpr int kFloat = static_cast<int>(at::kFloat);
constexpr int kHalf = static_cast<int>(at::kBFloat16);

using Lane = OrderHash::Lane;
struct Call {
  Lane lane;
  const char* op;
  const std::string* label;
  int64_t numel;
  int dtype;
};

OrderHash Hash(const std::vector<Call>& calls) {
  OrderHash out;
  for (const Call& call : calls) {
    out.Add(call.lane, call.op, *call.label, call.numel, call.dtype);
  }
  return out;
}

TEST(OrderHashTest, EveryPartOfACallCounts) {
  const Call a = {OrderHash::kGather, "all_gather", &kA, 64, kFloat};
  const Call b = {OrderHash::kGather, "all_gather", &kB, 64, kFloat};
  const double want = Hash({a, b}).value();
  EXPECT_EQ(Hash({a, b}).value(), want);
  EXPECT_NE(Hash({b, a}).value(), want);
  EXPECT_NE(Hash({a}).value(), want);
  EXPECT_NE(Hash({a, b, b}).value(), want);
  Call other = b;
  other.op = "broadcast";
  EXPECT_NE(Hash({a, other}).value(), want);
  other = b;
  other.numel = 128;
  EXPECT_NE(Hash({a, other}).value(), want);
  other = b;
  other.dtype = kHalf;
  EXPECT_NE(Hash({a, other}).value(), want);
  other = b;
  for (const Lane lane : {OrderHash::kReduce, OrderHash::kReplica}) {
    other.lane = lane;
    EXPECT_NE(Hash({a, other}).value(), want);
  }
}

// Ranks may launch reductions at different points between gathers.
TEST(OrderHashTest, HowTheLanesInterleaveDoesNotCount) {
  const Call gather = {OrderHash::kGather, "all_gather", &kA, 64, kFloat};
  const Call reduce = {OrderHash::kReduce, "reduce_scatter", &kB, 64, kFloat};
  EXPECT_EQ(Hash({gather, reduce, gather}).value(),
            Hash({gather, gather, reduce}).value());
}

TEST(OrderHashTest, ItIsAWholeNumberThatADoubleHolds) {
  OrderHash hash;
  for (int i = 0; i < 1000; ++i) {
    const double value = hash.value();
    EXPECT_GE(value, 1);
    EXPECT_LT(value, std::ldexp(1.0, 52));
    EXPECT_EQ(value, std::floor(value));
    hash.Add(OrderHash::kGather, "all_gather", kA, i, kFloat);
  }
  hash.Clear();
  EXPECT_EQ(hash.value(), OrderHash().value());
  EXPECT_EQ(hash.ToText(), "");
}

TEST(OrderHashTest, TheFirstDifferenceIsNamed) {
  const Call a = {OrderHash::kGather, "all_gather", &kA, 64, kFloat};
  const Call b = {OrderHash::kGather, "all_gather", &kB, 32, kHalf};
  const Call r = {OrderHash::kReduce, "reduce_scatter", &kA, 64, kFloat};
  EXPECT_EQ(Hash({a, r}).ToText(),
            "gather all_gather of layers.0 (64 Float)\n"
            "reduction reduce_scatter of layers.0 (64 Float)\n");
  const auto texts = [](const std::vector<std::vector<Call>>& ranks) {
    std::vector<std::string> out;
    for (const auto& calls : ranks) out.push_back(Hash(calls).ToText());
    return out;
  };
  EXPECT_EQ(FirstDifference(texts({{a, b}, {a, b}, {a, a}})),
            "rank 2 differs from rank 0 in gather 2 of the step: rank 0 issued "
            "all_gather of layers.1 (32 BFloat16), rank 2 all_gather of "
            "layers.0 (64 Float)");
  EXPECT_EQ(FirstDifference(texts({{a}, {a, r}})),
            "rank 1 differs from rank 0 in reduction 1 of the step: rank 0 "
            "issued no more, rank 1 reduce_scatter of layers.0 (64 Float)");
  const auto modules = [](const std::vector<const std::string*>& labels) {
    OrderHash out;
    for (const std::string* label : labels) out.AddModule(*label);
    return out;
  };
  EXPECT_NE(modules({&kA, &kB}).value(), modules({&kB, &kA}).value());
  EXPECT_EQ(FirstDifference(
                {modules({&kA, &kB}).ToText(), modules({&kA, &kA}).ToText()}),
            "rank 1 differs from rank 0 in module 2 of the step: rank 0 ran "
            "forward of layers.1, rank 1 forward of layers.0");
  EXPECT_EQ(FirstDifference(texts({{a}, {a}})),
            "the first 4096 calls of each kind are the same on all ranks, "
            "later ones differ");
}

// Two units of one size in another order on one rank: no call fails, and
// without the hash the weights would silently be of the wrong unit.
TEST(OrderHashTest, RanksThatSwapUnitsAreToldApartOnAllRanks) {
  RunRanks(4, [&](RankComms comms) {
    const int rank = comms.first->rank();
    Chain chain(ChainPlan({0, 0, 0}), comms.first, comms.second);
    chain.engine->Thaw(0);
    chain.Step(rank);
    chain.engine->BeginMicroStep(true);
    at::Tensor x = ChainInput(rank, 1);
    for (const int u :
         rank == 2 ? std::vector<int>{0, 2, 1} : std::vector<int>{0, 1, 2}) {
      x = chain.Run(u, x);
    }
    x.sum().backward();
    const absl::Status status = chain.Synchronize().status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    // In step 1 u1 was already on its way ahead on all ranks when rank 2
    // turned to u2; what others issue ahead there, it issues for itself.
    EXPECT_EQ(std::string(status.message()),
              "the ranks did not issue the same collectives in step 1: rank 2 "
              "differs from rank 0 in gather 4 of the step: rank 0 issued "
              "all_gather of u2 (64 Float), rank 2 all_gather of u1 (64 "
              "Float); nothing was updated. Every rank must run the same "
              "modules in the same order: look for a branch on the rank or the "
              "data in a forward");
    chain.engine->ResetStep();
    const auto next = chain.Step(rank);
    EXPECT_FALSE(next.empty());
  });
}

// What a report of a hang prints: every call says what it is about.
TEST(OrderHashTest, EveryCollectiveHasALabel) {
  Plan plan = ChainPlan({0, 0, 0});
  plan.remainder.segments = plan.units.back().segments;
  plan.remainder.segments[0].replicated = true;
  plan.units.back().segments.clear();
  const auto trace = std::make_shared<comm::Trace>();
  comm::FakeOptions options;
  options.trace = trace;
  const auto fake = comm::MakeFake(options);
  ASSERT_TRUE(fake.ok());
  Chain chain(plan, *fake, *fake);
  chain.engine->Thaw(0);
  chain.Step();
  trace->Clear();
  chain.Step();
  std::vector<std::string> calls;
  for (const comm::TraceRecord& record : trace->records()) {
    calls.push_back(std::string(comm::OpName(record.op)) + " of " +
                    record.label);
  }
  EXPECT_THAT(calls, ::testing::ElementsAre(
                         "all_gather of u0", "all_gather of u1",
                         "all_gather of u1", "all_gather of u0",
                         "reduce_scatter of u1", "reduce_scatter of u0",
                         "all_reduce of (remainder)", "all_reduce of (step)"));
}

// Forwards without gradients gather too.
TEST(OrderHashTest, EvaluationsCountToo) {
  RunRanks(2, [&](RankComms comms) {
    Chain chain(ChainPlan({0, 0}), comms.first, comms.second);
    chain.engine->Thaw(0);
    {
      c10::AutoGradMode no_grad(false);
      chain.Run(comms.first->rank(), ChainInput(0, 0));  // u0 here, u1 there
    }
    chain.Loss(ChainInput(0, 0)).backward();
    EXPECT_THAT(std::string(chain.Synchronize().status().message()),
                ::testing::HasSubstr(
                    "rank 1 differs from rank 0 in gather 1 of the step: rank "
                    "0 issued all_gather of u0 (64 Float), rank 1 all_gather "
                    "of u1 (64 Float)"));
  });
}

}  // namespace
}  // namespace fts::shard
