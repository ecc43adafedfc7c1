// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Several forwards and backwards per optimizer step: how often what is gathered
// and reduced, what is held meanwhile, and that sums are those of plain
// autograd.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fts/core/shard/chain_net_testutil.h"

namespace fts::shard {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;
using testing::Brief;
using testing::Chain;
using testing::ChainInput;
using testing::ChainPlan;
using testing::FakeChain;
using testing::kUnitBytes;

constexpr int kMicro = 3;

Plan MakePlan(bool unsharded, bool reshard = true, int units = 3) {
  Plan plan = ChainPlan(std::vector<int>(units, 0), reshard);
  plan.engine.unsharded_accumulation = unsharded;
  plan.engine.prefetch = false;
  return plan;
}

// The last unit is replicated instead: the remainder.
Plan WithRemainder(bool unsharded) {
  Plan plan = MakePlan(unsharded);
  plan.remainder.segments = plan.units.back().segments;
  plan.remainder.segments[0].replicated = true;
  plan.units.back().segments.clear();
  return plan;
}

void MicroSteps(Chain& chain, int rank, int world) {
  for (int k = 0; k < kMicro; ++k) {
    chain.engine->BeginMicroStep(k + 1 == kMicro);
    chain.Loss(ChainInput(k * world + rank, 0)).backward();
  }
}

class AccumulationTest
    : public ::testing::TestWithParam<std::tuple<int, bool>> {};
INSTANTIATE_TEST_SUITE_P(All, AccumulationTest,
                         ::testing::Combine(::testing::Values(1, 2, 4),
                                            ::testing::Bool()));

TEST_P(AccumulationTest, SumsAreThoseOfPlainAutograd) {
  const auto [world, unsharded] = GetParam();
  Chain plain(3);
  for (auto& leaf : plain.leaves) leaf.tensor.set_requires_grad(true);
  for (int i = 0; i < kMicro * world; ++i) {
    plain.Loss(ChainInput(i, 0)).backward();
  }
  for (const Plan& plan :
       {MakePlan(unsharded), MakePlan(unsharded, /*reshard=*/false),
        WithRemainder(unsharded)}) {
    RunRanks(world, [&, world = world](RankComms comms) {
      Chain chain(plan, comms.first, comms.second);
      chain.engine->Thaw(0);
      for (int step = 0; step < 2; ++step) {  // the second one starts afresh
        MicroSteps(chain, comms.first->rank(), world);
        ASSERT_TRUE(chain.Synchronize().ok());
        for (const auto& segment : chain.engine->segments()) {
          at::Tensor want;
          for (const auto& leaf : plain.leaves) {
            if (leaf.name == segment->leaves()[0]->name()) {
              want = leaf.tensor.grad().flatten();
            }
          }
          const int64_t n = segment->grad().numel();
          EXPECT_TRUE(at::allclose(
              segment->grad(),
              want.slice(0, segment->begin(), segment->begin() + n), 1e-5,
              1e-6));
        }
        chain.engine->FinishStep();
        EXPECT_EQ(chain.engine->ledger().now(Holding::kReduce), 0);
        EXPECT_EQ(chain.engine->ledger().now(Holding::kGradient), 0);
      }
    });
  }
}

TEST(Accumulation, ShardedReducesEachTimeAndHoldsAPart) {
  Chain chain = FakeChain(MakePlan(false, true, 6));
  chain.engine->Thaw(0);
  MicroSteps(chain, 0, 2);
  ASSERT_TRUE(chain.Synchronize().ok());
  const Ledger& ledger = chain.engine->ledger();
  EXPECT_EQ(ledger.reduced.calls, 6 * kMicro);
  EXPECT_EQ(ledger.gathered.calls, 2 * 6 * kMicro);
  EXPECT_EQ(ledger.peak(Holding::kGradient), 6 * kUnitBytes / 2);
  // Two in flight and one filling.
  EXPECT_EQ(ledger.peak(Holding::kReduce), 3 * kUnitBytes);
}

TEST(Accumulation, UnshardedReducesOnceAndHoldsEverything) {
  Chain chain = FakeChain(MakePlan(true, true, 6));
  chain.engine->Thaw(0);
  chain.engine->trace().Enable(true);
  MicroSteps(chain, 0, 2);
  const auto events = chain.engine->trace().Take();
  ASSERT_TRUE(chain.Synchronize().ok());
  const Ledger& ledger = chain.engine->ledger();
  EXPECT_EQ(ledger.reduced.calls, 6);
  EXPECT_EQ(ledger.gathered.calls, 2 * 6 * kMicro);
  EXPECT_EQ(ledger.peak(Holding::kReduce), 6 * kUnitBytes);
  // In the last backward, in its order, not at its end.
  EXPECT_THAT(
      Brief(events),
      ::testing::EndsWith("-u3 <u2 +u2 !u2 -u2 <u1 +u1 !u1 -u1 <u0 +u0 !u0 "
                          "-u0"));
}

TEST(Accumulation, TheRemainderIsReducedOncePerStep) {
  const Dtypes narrow{at::kFloat, at::kBFloat16, at::kFloat};
  for (const bool unsharded : {false, true}) {
    for (const Dtypes& dtypes : {Dtypes{}, narrow}) {
      comm::FakeOptions options;
      const auto fake = comm::MakeFake(options);
      ASSERT_TRUE(fake.ok());
      Chain chain(WithRemainder(unsharded), *fake, *fake, dtypes);
      chain.engine->Thaw(0);
      Ledger& ledger = chain.engine->ledger();
      for (int step = 0; step < 2; ++step) {
        ledger.StartPhase();
        MicroSteps(chain, 0, 2);
        ASSERT_TRUE(chain.Synchronize().ok());
        // Not added up in a dtype that would lose what the masters keep.
        const bool each = !unsharded && dtypes.reduce == at::kBFloat16;
        EXPECT_EQ(ledger.all_reduced.calls, each ? kMicro : 1);
        // Asked again, there is nothing to do.
        EXPECT_TRUE(chain.engine->CompleteGradients().ok());
        EXPECT_EQ(ledger.all_reduced.calls, each ? kMicro : 1);
        chain.engine->FinishStep();
        EXPECT_EQ(ledger.now(Holding::kReduce), 0);
      }
      // Also without a backward in the last micro-step.
      ledger.StartPhase();
      chain.engine->BeginMicroStep(false);
      chain.Loss(ChainInput(0, 0)).backward();
      chain.engine->BeginMicroStep(true);
      ASSERT_TRUE(chain.Synchronize().ok());
      EXPECT_EQ(ledger.all_reduced.calls, 1);
      chain.engine->FinishStep();
      // Nor without any.
      ledger.StartPhase();
      ASSERT_TRUE(chain.Synchronize().ok());
      EXPECT_EQ(ledger.all_reduced.calls, 0);
    }
  }
}

// A last micro-step without any backward, or one that leaves units out.
TEST(Accumulation, WhatTheLastMicroStepDoesNotReachIsReducedAsWell) {
  RunRanks(2, [&](RankComms comms) {
    const int rank = comms.first->rank();
    std::vector<std::vector<at::Tensor>> got;
    for (const int variant : {0, 1, 2}) {
      Chain chain(MakePlan(/*unsharded=*/variant > 0), comms.first,
                  comms.second);
      chain.engine->Thaw(0);
      chain.engine->BeginMicroStep(false);
      chain.Loss(ChainInput(rank, 0)).backward();
      chain.engine->BeginMicroStep(true);
      if (variant < 2) {
        chain.Run(1, ChainInput(rank, 1)).sum().mul(0).backward();
      }
      ASSERT_TRUE(chain.Synchronize().ok());
      EXPECT_EQ(chain.engine->ledger().reduced.calls, variant == 0 ? 6 : 3);
      std::vector<at::Tensor> grads;
      for (const auto& segment : chain.engine->segments()) {
        grads.push_back(segment->grad().clone());
      }
      got.push_back(grads);
      chain.engine->FinishStep();
    }
    for (const auto& grads : got) {
      for (size_t i = 0; i < grads.size(); ++i) {
        EXPECT_TRUE(at::allclose(grads[i], got[0][i], 1e-6, 1e-7)) << i;
      }
    }
  });
}

TEST(Accumulation, UnitsThatKeepTheirWeightsAreGatheredOncePerStep) {
  Plan plan = MakePlan(false, /*reshard=*/false);
  for (UnitSpec& unit : plan.units) unit.options.reshard_after_backward = false;
  Chain chain = FakeChain(plan);
  chain.engine->Thaw(0);
  Ledger& ledger = chain.engine->ledger();
  for (int step = 0; step < 2; ++step) {
    ledger.StartPhase();
    MicroSteps(chain, 0, 2);
    EXPECT_EQ(ledger.now(Holding::kGathered), 3 * kUnitBytes);
    ASSERT_TRUE(chain.Synchronize().ok());
    chain.engine->FinishStep();
    EXPECT_EQ(ledger.gathered.calls, 3);
    EXPECT_EQ(ledger.now(Holding::kGathered), 0);  // the update made them old
  }
  // Released after forward, kept after backward: one gather a micro-step, and
  // the first forward's.
  for (UnitSpec& unit : plan.units) unit.reshard = true;
  Chain other = FakeChain(plan);
  other.engine->Thaw(0);
  MicroSteps(other, 0, 2);
  EXPECT_EQ(other.engine->ledger().gathered.calls, 3 * (kMicro + 1));
  ASSERT_TRUE(other.Synchronize().ok());
  other.engine->FinishStep();
  EXPECT_EQ(other.engine->ledger().now(Holding::kGathered), 0);
}

TEST(Accumulation, AFailedMicroStepDropsWhatWasHeldBack) {
  Chain chain = FakeChain(MakePlan(true));
  chain.engine->Thaw(0);
  chain.engine->BeginMicroStep(false);
  chain.Loss(ChainInput(0, 0)).backward();
  EXPECT_EQ(chain.engine->ledger().now(Holding::kReduce), 3 * kUnitBytes);
  chain.engine->ResetStep();
  EXPECT_EQ(chain.engine->ledger().now(Holding::kReduce), 0);
  EXPECT_TRUE(chain.engine->context().last_backward);
  chain.Step();
  EXPECT_EQ(chain.engine->ledger().reduced.calls, 3);
}

}  // namespace
}  // namespace fts::shard
