// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What is gathered ahead, when, and that no more than that is in memory. One
// rank of a world that does not exist is enough for order and bytes; values are
// compared between two real ones.
#include "fts/core/shard/prefetch.h"

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

constexpr char kPlainForward[] = "+u0 -u0 +u1 -u1 +u2 -u2";
constexpr char kForward[] = "+u0 *u1 -u0 *u2 -u1 -u2";

// With everything thawed.
Chain Thawed(const Plan& plan) {
  Chain chain = FakeChain(plan);
  chain.engine->Thaw(0);
  return chain;
}

TEST(PrefetchTest, TheSecondStepGathersAheadInTheOrderOfTheFirst) {
  Chain chain = Thawed(ChainPlan({0, 0, 0}));
  EXPECT_EQ(Brief(chain.Step()), std::string(kPlainForward) +
                                     " <u2 +u2 !u2 -u2 <u1 +u1 !u1 -u1 <u0 +u0 "
                                     "!u0 -u0");
  for (int step = 1; step < 3; ++step) {
    EXPECT_EQ(Brief(chain.Step()), std::string(kForward) +
                                       " <u2 +u2 *u1 !u2 -u2 <u1 *u0 !u1 -u1 "
                                       "<u0 !u0 -u0");
  }
}

// The trace says so in words; issued before the wait for the unit's own.
TEST(PrefetchTest, TheNextGatherIsIssuedBeforeTheUnitComputes) {
  Chain chain = Thawed(ChainPlan({0, 0, 0}));
  chain.Step();
  const auto events = chain.Step();
  EXPECT_EQ(std::vector<std::string>(events.begin(), events.begin() + 4),
            (std::vector<std::string>{"pre_forward u0", "all_gather u0",
                                      "all_gather u1 (prefetch)",
                                      "post_forward u0"}));
}

TEST(PrefetchTest, AFrozenPrefixIsNeverGatheredForTheBackward) {
  Chain chain = FakeChain(ChainPlan({2, 1, 0}));
  chain.engine->Thaw(0);
  EXPECT_EQ(Brief(chain.Step()),
            std::string(kPlainForward) + " <u2 +u2 !u2 -u2");
  EXPECT_EQ(Brief(chain.Step()), std::string(kForward) + " <u2 +u2 !u2 -u2");
  // Another phase has another order: recorded anew.
  chain.engine->Thaw(1);
  EXPECT_EQ(Brief(chain.Step()),
            std::string(kPlainForward) + " <u2 +u2 !u2 -u2 <u1 +u1 !u1 -u1");
  EXPECT_EQ(Brief(chain.Step()),
            std::string(kForward) + " <u2 +u2 *u1 !u2 -u2 <u1 !u1 -u1");
}

TEST(PrefetchTest, OffGathersNothingAhead) {
  Plan plan = ChainPlan({0, 0, 0});
  plan.engine.prefetch = false;
  Chain chain = Thawed(plan);
  const std::string first = Brief(chain.Step());
  EXPECT_EQ(Brief(chain.Step()), first);
  EXPECT_THAT(first, ::testing::Not(::testing::HasSubstr("*")));
}

// A list replaces the engine's choice for its unit, from the first step on,
// with `prefetch: off` too.
TEST(PrefetchTest, ExplicitListsAreObeyed) {
  for (const bool automatic : {true, false}) {
    Plan plan = ChainPlan({0, 0, 0});
    plan.engine.prefetch = automatic;
    plan.units[0].options.forward_prefetch = {"u1", "u2"};
    plan.units[1].options.forward_prefetch = std::vector<std::string>();
    plan.units[2].options.backward_prefetch = {"u1", "u0"};
    plan.units[1].options.backward_prefetch = std::vector<std::string>();
    Chain chain = Thawed(plan);
    for (int step = 0; step < 2; ++step) {
      EXPECT_EQ(Brief(chain.Step()),
                "+u0 *u1 *u2 -u0 -u1 -u2 <u2 +u2 *u1 *u0 !u2 -u2 <u1 !u1 -u1 "
                "<u0 !u0 -u0");
    }
  }
}

TEST(PrefetchTest, AListNeverGathersAUnitWithoutAGraphForTheBackward) {
  Plan plan = ChainPlan({1, 1, 0});
  plan.units[2].options.backward_prefetch = {"u1", "u0"};
  Chain chain = FakeChain(plan);
  chain.engine->Thaw(0);
  EXPECT_EQ(Brief(chain.Step()),
            std::string(kPlainForward) + " <u2 +u2 !u2 -u2");
}

TEST(PrefetchTest, AListThatNamesNoUnitIsRefused) {
  Plan plan = ChainPlan({0, 0});
  plan.units[1].options.backward_prefetch = {"u7"};
  comm::FakeOptions options;
  const auto fake = comm::MakeFake(options);
  ASSERT_TRUE(fake.ok());
  EXPECT_EQ(ShardEngine::Create(plan, Chain(2).leaves, *fake, *fake, {})
                .status()
                .message(),
            "unit 'u1' is to gather 'u7' ahead, which is no unit of the plan");
}

// Upstream has three blocks at once; here nothing is copied out, and in
// backward a unit is released before the next but one is gathered.
TEST(PrefetchTest, AtMostOneMoreUnitIsInMemory) {
  for (const bool prefetch : {false, true}) {
    Plan plan = ChainPlan({0, 0, 0, 0, 0, 0});
    plan.engine.prefetch = prefetch;
    Chain chain = Thawed(plan);
    Ledger& ledger = chain.engine->ledger();
    chain.Step();
    ledger.RestartPeaks();
    {
      c10::AutoGradMode no_grad(false);
      chain.engine->BeginEvaluation();
      chain.Forward(ChainInput(0, 0));
      chain.engine->EndEvaluation();
    }
    EXPECT_EQ(ledger.peak(Holding::kGathered), (prefetch ? 2 : 1) * kUnitBytes);
    EXPECT_EQ(ledger.now(Holding::kGathered), 0);
    ledger.RestartPeaks();
    chain.Step();
    EXPECT_EQ(ledger.peak(Holding::kGathered), (prefetch ? 2 : 1) * kUnitBytes);
    EXPECT_EQ(ledger.now(Holding::kGathered), 0);
    // The same bytes move either way.
    ledger.StartPhase();
    chain.Step();
    EXPECT_EQ(ledger.gathered.calls, 12);
  }
}

TEST(PrefetchTest, UnitsThatStayGatheredNeedNothingAhead) {
  Plan plan = ChainPlan({0, 0, 0}, /*reshard=*/false);
  Chain chain = Thawed(plan);
  chain.Step();
  EXPECT_EQ(Brief(chain.Step()),
            "+u0 *u1 *u2 <u2 !u2 -u2 <u1 !u1 -u1 <u0 !u0 -u0");
}

// Two passes of an evaluation follow the record; a step after it does too.
TEST(PrefetchTest, EvaluationFollowsTheRecordAndNeverChangesIt) {
  Chain chain = Thawed(ChainPlan({0, 0, 0}));
  const auto evaluate = [&](int forwards, int last = 3) {
    c10::AutoGradMode no_grad(false);
    chain.engine->trace().Enable(true);
    chain.engine->BeginEvaluation();
    for (int i = 0; i < forwards; ++i) {
      at::Tensor x = ChainInput(0, i);
      for (int u = 0; u < last; ++u) x = chain.Run(u, x);
    }
    chain.engine->EndEvaluation();
    return Brief(chain.engine->trace().Take());
  };
  EXPECT_EQ(evaluate(1), kPlainForward);  // before any step
  chain.Step();
  EXPECT_EQ(evaluate(2), std::string(kForward) + " " + kForward);
  // One that stops early leaves nothing.
  EXPECT_EQ(evaluate(1, 1), "+u0 *u1 -u0 -u1");
  EXPECT_EQ(chain.engine->ledger().now(Holding::kGathered), 0);
  EXPECT_THAT(Brief(chain.Step()), ::testing::StartsWith(kForward));
}

TEST(PrefetchTest, AModuleUsedTwiceFollowsTheRecordOfBothUses) {
  Chain chain = Thawed(ChainPlan({0, 0}));
  const auto step = [&] {
    chain.engine->trace().Enable(true);
    chain.engine->BeginMicroStep(true);
    at::Tensor x = ChainInput(0, 0);
    for (const int u : {0, 1, 0}) x = chain.Run(u, x);
    x.sum().backward();
    EXPECT_TRUE(chain.Synchronize().ok());
    chain.engine->FinishStep();
    return Brief(chain.engine->trace().Take());
  };
  EXPECT_EQ(step(), "+u0 -u0 +u1 -u1 +u0 -u0 <u0 +u0 <u1 +u1 !u1 -u1 !u0 -u0");
  EXPECT_EQ(step(), "+u0 *u1 -u0 *u0 -u1 -u0 <u0 +u0 *u1 <u1 !u1 -u1 !u0 -u0");
}

// A step that strays: what was ahead is kept for its use or released at the end
// of the pass, the next step records anew.
TEST(PrefetchTest, AStepThatStraysGathersNothingTwiceAndRecordsAnew) {
  Chain chain = Thawed(ChainPlan({0, 0, 0}));
  const auto step = [&](const std::vector<int>& order) {
    chain.engine->trace().Enable(true);
    chain.engine->BeginMicroStep(true);
    at::Tensor x = ChainInput(0, 0);
    for (const int u : order) x = chain.Run(u, x);
    x.sum().backward();
    EXPECT_TRUE(chain.Synchronize().ok());
    chain.engine->FinishStep();
    EXPECT_EQ(chain.engine->ledger().now(Holding::kGathered), 0);
    return Brief(chain.engine->trace().Take());
  };
  step({0, 1, 2});
  EXPECT_THAT(step({0, 2, 1}),
              ::testing::StartsWith("+u0 *u1 -u0 +u2 -u2 -u1 <u1"));
  EXPECT_THAT(step({0, 2, 1}),
              ::testing::StartsWith("+u0 -u0 +u2 -u2 +u1 -u1 <u1"));
  EXPECT_THAT(step({0, 2, 1}),
              ::testing::StartsWith("+u0 *u2 -u0 *u1 -u2 -u1 <u1"));
  // One that leaves out what was ahead.
  EXPECT_THAT(step({0, 1}),
              ::testing::StartsWith("+u0 *u2 -u0 +u1 -u1 -u2 <u1"));
  // An order that never settles: no more than kMaxRecordings in a phase.
  for (int k = 0; k < 2 * Prefetch::kMaxRecordings; ++k) {
    step(k % 2 == 0 ? std::vector<int>{0, 1, 2} : std::vector<int>{2, 0, 1});
  }
  EXPECT_THAT(step({0, 1, 2}), ::testing::Not(::testing::HasSubstr("*")));
  EXPECT_THAT(step({0, 1, 2}), ::testing::Not(::testing::HasSubstr("*")));
}

TEST(PrefetchTest, AFailedForwardLeavesNothingGathered) {
  Chain chain = Thawed(ChainPlan({0, 0, 0}));
  chain.Step();
  chain.engine->BeginMicroStep(true);
  const at::Tensor x = chain.Run(0, ChainInput(0, 0));
  EXPECT_THROW(chain.Run(1, x, [] { throw std::runtime_error("user"); }),
               std::runtime_error);
  // u1 computes and u2 was issued ahead.
  EXPECT_EQ(chain.engine->ledger().now(Holding::kGathered), 2 * kUnitBytes);
  chain.engine->ResetStep();
  EXPECT_EQ(chain.engine->ledger().now(Holding::kGathered), 0);
  EXPECT_THAT(Brief(chain.Step()), ::testing::StartsWith(kForward));
}

// Prefetching changes no bit, also over several micro-steps.
TEST(PrefetchTest, GradientsAreTheSameBits) {
  RunRanks(2, [&](RankComms comms) {
    std::vector<std::vector<at::Tensor>> got;
    const int rank = comms.first->rank();
    for (const bool prefetch : {true, false}) {
      Plan plan = ChainPlan({1, 0, 0, 0});
      plan.engine.prefetch = prefetch;
      Chain chain(plan, comms.first, comms.second);
      chain.engine->Thaw(0);
      std::vector<at::Tensor> all;
      for (int step = 0; step < 4; ++step) {
        if (step == 2) chain.engine->Thaw(1);
        for (int micro = 0; micro < 2; ++micro) {
          chain.engine->BeginMicroStep(micro == 1);
          chain.Loss(ChainInput(rank, 2 * step + micro)).backward();
        }
        ASSERT_TRUE(chain.Synchronize().ok());
        for (const auto& segment : chain.engine->segments()) {
          if (!segment->trainable()) continue;
          all.push_back(segment->grad().clone());
          SilentWrites guard;
          segment->shard().sub_(segment->grad(), 0.01);
        }
        chain.engine->FinishStep();
      }
      got.push_back(all);
    }
    ASSERT_EQ(got[0].size(), got[1].size());
    for (size_t i = 0; i < got[0].size(); ++i) {
      EXPECT_TRUE(at::equal(got[0][i], got[1][i])) << i;
    }
  });
}

}  // namespace
}  // namespace fts::shard
