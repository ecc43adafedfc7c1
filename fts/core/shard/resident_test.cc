// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Frozen segments that are gathered once per phase and kept: what moves, what
// is held, and that thawing, restoring and reading them stay right. Which ones
// they are is decided in fts/core/plan/memory.h and tested there.
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

Plan NoPrefetch(Plan plan) {
  plan.engine.prefetch = false;
  return plan;
}

TEST(ResidentTest, GatheredInTheFirstStepOfAPhaseOnly) {
  Chain chain = FakeChain(NoPrefetch(ChainPlan({2, 1, 0})));
  Ledger& ledger = chain.engine->ledger();
  chain.engine->Thaw(0);
  chain.engine->PlaceFrozen({"u0.w", "u1.w"});
  EXPECT_EQ(ledger.now(Holding::kGathered), 0);  // not before it is used
  EXPECT_EQ(Brief(chain.Step()), "+u0 +u1 +u2 -u2 <u2 +u2 !u2 -u2");
  EXPECT_EQ(ledger.frozen_gathered.bytes, 2 * kUnitBytes);
  ledger.StartPhase();
  for (int step = 0; step < 3; ++step) {
    EXPECT_EQ(Brief(chain.Step()), "+u2 -u2 <u2 +u2 !u2 -u2");
  }
  EXPECT_EQ(ledger.frozen_gathered.bytes, 0);
  EXPECT_EQ(ledger.frozen_gathered.calls, 0);
  // Held once: this rank's part is in the gathered form.
  EXPECT_EQ(ledger.now(Holding::kGathered), 2 * kUnitBytes);
  EXPECT_EQ(ledger.now(Holding::kShard), kUnitBytes / 2);

  // The next phase: one thaws, the other stays where it is.
  chain.engine->Thaw(1);
  chain.engine->PlaceFrozen({"u0.w"});
  EXPECT_EQ(ledger.now(Holding::kGathered), kUnitBytes);
  EXPECT_EQ(ledger.now(Holding::kShard), 2 * kUnitBytes / 2);
  EXPECT_EQ(Brief(chain.Step()),
            "+u1 -u1 +u2 -u2 <u2 +u2 !u2 -u2 <u1 +u1 !u1 -u1");
  // And switched off.
  chain.engine->PlaceFrozen({});
  EXPECT_EQ(ledger.now(Holding::kGathered), 0);
  EXPECT_EQ(ledger.now(Holding::kShard), 3 * kUnitBytes / 2);
}

// A frozen unit above a trained one is gathered twice a step otherwise.
TEST(ResidentTest, ABackwardThroughItNeedsNoGather) {
  Chain chain = FakeChain(NoPrefetch(ChainPlan({0, 1})));
  chain.engine->Thaw(0);
  EXPECT_EQ(Brief(chain.Step()), "+u0 -u0 +u1 -u1 <u1 +u1 -u1 <u0 +u0 !u0 -u0");
  chain.engine->PlaceFrozen({"u1.w"});
  chain.Step();
  EXPECT_EQ(Brief(chain.Step()), "+u0 -u0 <u1 <u0 +u0 !u0 -u0");
}

TEST(ResidentTest, OnlyWhatIsFrozenAndShardedCanBe) {
  Chain chain = FakeChain(ChainPlan({0, 1}));
  chain.engine->Thaw(0);
  chain.engine->PlaceFrozen({"u0.w", "u1.w"});
  EXPECT_FALSE(chain.engine->segments()[0]->resident());
  EXPECT_TRUE(chain.engine->segments()[1]->resident());
  Chain alone = FakeChain(ChainPlan({0, 1}), /*world=*/1);
  alone.engine->PlaceFrozen({"u1.w"});
  EXPECT_FALSE(alone.engine->segments()[1]->resident());
}

// Masters of another dtype stay beside the gathered form.
TEST(ResidentTest, AMasterOfAnotherDtypeIsKept) {
  comm::FakeOptions options;
  const auto fake = comm::MakeFake(options);
  ASSERT_TRUE(fake.ok());
  Chain chain(ChainPlan({0, 1}), *fake, *fake,
              Dtypes{at::kBFloat16, at::kFloat, at::kFloat});
  chain.engine->PlaceFrozen({"u1.w"});
  ASSERT_TRUE(chain.engine->FindUnit("u1")->PreForward({}).ok());
  EXPECT_EQ(chain.engine->ledger().now(Holding::kGathered), kUnitBytes / 2);
  EXPECT_EQ(chain.engine->ledger().now(Holding::kShard), kUnitBytes);
}

std::vector<at::Tensor> Train(RankComms comms, bool resident) {
  Plan plan = ChainPlan({2, 1, 0});
  plan.units[2].segments[0].switches = {2};  // frozen again in phase 2
  Chain chain(plan, comms.first, comms.second);
  ShardEngine& engine = *chain.engine;
  const std::vector<std::vector<std::string>> frozen = {
      {"u0.w", "u1.w"}, {"u0.w"}, {"u2.w"}};
  for (int phase = 0; phase < 3; ++phase) {
    engine.Freeze(phase);
    engine.Thaw(phase);
    if (resident) engine.PlaceFrozen(frozen[phase]);
    for (int step = 0; step < 3; ++step) {
      engine.BeginMicroStep(true);
      chain.Loss(ChainInput(comms.first->rank(), 3 * phase + step)).backward();
      EXPECT_TRUE(chain.Synchronize().ok());
      for (const auto& segment : engine.segments()) {
        if (!segment->trainable()) continue;
        SilentWrites guard;
        segment->shard().sub_(segment->grad(), 0.05);
      }
      engine.FinishStep();
    }
    // Someone writes all shards, as a restore does; here the same values.
    if (phase == 1) {
      for (const auto& segment : engine.segments()) {
        SilentWrites guard;
        segment->shard().copy_(segment->shard().clone().mul_(1.5));
      }
      engine.MarkUpdated();
      for (const auto& segment : engine.segments()) {
        SilentWrites guard;
        segment->shard().div_(1.5);
      }
      engine.MarkUpdated();
    }
  }
  std::vector<at::Tensor> out;
  EXPECT_TRUE(engine
                  .ForEachFull([&](const std::string&, const at::Tensor& full) {
                    out.push_back(full.clone());
                    return absl::OkStatus();
                  })
                  .ok());
  return out;
}

TEST(ResidentTest, ThreePhasesGiveTheSameBits) {
  for (const int world : {2, 3}) {
    RunRanks(world, [&](RankComms comms) {
      const auto got = Train(comms, true);
      const auto want = Train(comms, false);
      ASSERT_EQ(got.size(), want.size());
      for (size_t i = 0; i < got.size(); ++i) {
        EXPECT_TRUE(at::equal(got[i], want[i])) << i;
      }
    });
  }
}

TEST(ResidentTest, AFailedStepKeepsIt) {
  Chain chain = FakeChain(NoPrefetch(ChainPlan({1, 0})));
  chain.engine->Thaw(0);
  chain.engine->PlaceFrozen({"u0.w"});
  chain.Step();
  chain.engine->ResetStep();
  EXPECT_EQ(chain.engine->ledger().now(Holding::kGathered), kUnitBytes);
  EXPECT_EQ(Brief(chain.Step()), "+u1 -u1 <u1 +u1 !u1 -u1");
}

}  // namespace
}  // namespace fts::shard
