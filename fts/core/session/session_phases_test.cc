// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What a phase may say beyond thawing: freezing, rates per layer, weight decay
// and clipping per phase, limits in steps, tokens and time, restore_best across
// all of it. Values bit for bit against plain training.
#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "fts/core/session/session.h"
#include "fts/core/session/testing/plain_training.h"
#include "fts/core/session/testing/toy_model.h"

namespace fts::testing {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;
using shard::Holding;
using ::testing::Contains;
using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::Not;
using Values = std::map<std::string, at::Tensor>;

void ExpectSameBits(const Values& got, const Values& want) {
  ASSERT_EQ(got.size(), want.size());
  for (const auto& [name, value] : want) {
    EXPECT_TRUE(at::equal(got.at(name), value))
        << name << " differs by "
        << (got.at(name) - value).abs().max().item<float>();
  }
}

void ExpectClose(const Values& got, const Values& want) {
  for (const auto& [name, value] : want) {
    EXPECT_TRUE(at::allclose(got.at(name), value, 1e-4, 1e-5)) << name;
  }
}

std::vector<double> Rates(const ToyRank& r) {
  return optim::LearningRates(r.session->optimizer().groups());
}

std::vector<double> Decays(const ToyRank& r) {
  std::vector<double> out;
  for (const auto& group : r.session->optimizer().groups()) {
    out.push_back(group.weight_decay);
  }
  return out;
}

// Frozen and thawed again, rates per layer, decay and clipping of a phase, a
// phase that begins in mid-epoch.
constexpr char kRotating[] = R"(
0: {params: ['norm.*', 'head.*'], max_transition_epoch: 1}
1:
  params: ['layers.2.*']
  freeze: ['head.*']
  max_transition_epoch: 2
  lr: 0.02
  weight_decay: 0.3
  clip_grad_norm: 0.05
2:
  params: ['layers.1.*', 'head.*']
  freeze: ['layers.2.*', 'norm.*']
  lr: 0.005
  lr_decay: 0.5
  max_transition_step: 5
3:
  params: ['layers.0.*', 'layers.2.*', 'norm.*', 'emb.*']
  lr: 0.01
  max_transition_epoch: 9
)";

// Under `unplanned: shard` norm and embedding are a root of their own, through
// whose frozen norm gradients reach the layers.
TEST(SessionPhasesTest, ARotatingScheduleEqualsPlainTraining) {
  for (const char* strategy : {"", "unplanned: shard\n", "no plan"}) {
    for (const int world : {1, 2, 4}) {
      SCOPED_TRACE(std::string(strategy) + std::to_string(world));
      RunRanks(world, [&](RankComms comms) {
        ToyOptions options;
        options.schedule = kRotating;
        options.plan = strategy != std::string("no plan");
        if (options.plan) options.strategy = strategy;
        options.block_options = "{act_ckpt: composable}";
        ToyRank r(comms, options);
        PlainTraining plain(world);
        plain.Thaw("norm.", 0.01);
        plain.Thaw("head.", 0.01);
        Values frozen_head;
        for (int64_t step = 0; step < 8; ++step) {
          if (step % 2 == 0) {
            ASSERT_TRUE(r.session->EpochStart(step / 2).ok());
          }
          if (step == 2) {
            plain.Freeze("head.");
            plain.Thaw("layers.2.", 0.02, 0.3);
            frozen_head = r.Values();
          }
          if (step == 4) {
            plain.Freeze("layers.2.");
            plain.Freeze("norm.");
            plain.Thaw("head.", 0.005);
            plain.Thaw("layers.1.", 0.0025);
            EXPECT_TRUE(at::equal(r.Values().at("head.weight"),
                                  frozen_head.at("head.weight")));
          }
          if (step == 5) {
            plain.Thaw("layers.0.", 0.01);
            plain.Thaw("layers.2.", 0.01);
            plain.Thaw("norm.", 0.01);
            plain.Thaw("emb.", 0.01);
          }
          const StepResult result = r.NextStep();
          const bool clips = step == 2 || step == 3;
          if (clips) {
            EXPECT_GT(result.grad_norm, 0.05);
          }
          double norm = 0;
          const double loss =
              clips ? plain.Step(0.05, result.grad_norm, &norm) : plain.Step();
          if (clips) {
            EXPECT_NEAR(norm, result.grad_norm, 1e-5 * norm);
          }
          if (world == 1) {
            EXPECT_EQ(result.loss, loss) << step;
          } else {
            EXPECT_NEAR(result.loss, loss, 1e-6 * loss) << step;
          }
          if (step % 2 == 1) {
            ASSERT_TRUE(r.session->EpochEnd(step / 2).ok());
          }
        }
        EXPECT_THAT(r.phase_of_step, ElementsAre(0, 0, 1, 1, 2, 3, 3, 3));
        EXPECT_THAT(Rates(r), ElementsAre(0.01, 0.02, 0.005, 0.0025, 0.01));
        EXPECT_THAT(Decays(r), ElementsAre(0.1, 0.3, 0.1, 0.1, 0.1));
        if (world == 1) {
          ExpectSameBits(r.Values(), plain.Values());
        } else {
          ExpectClose(r.Values(), plain.Values());
        }
        EXPECT_TRUE(r.session->engine().CheckReplicas().ok());
      });
    }
  }
}

// Many rates inside one segment, in phase 0 too.
TEST(SessionPhasesTest, RatesPerLayerInsideOneSegment) {
  RunRanks(1, [&](RankComms comms) {
    ToyOptions options;
    options.schedule =
        "0: {params: ['.*'], lr_decay: 0.5, weight_decay: 0.2, "
        "max_transition_epoch: 9}";
    options.plan = false;
    ToyRank r(comms, options);
    ASSERT_EQ(r.session->engine().segments().size(), 1u);
    PlainTraining plain;
    // Norm and head are one layer and lie side by side, as do those of blocks.
    plain.Thaw("emb.", 0.01 * 0.0625, 0.2);
    plain.Thaw("layers.0.", 0.01 * 0.125, 0.2);
    plain.Thaw("layers.1.", 0.01 * 0.25, 0.2);
    plain.Thaw("layers.2.", 0.01 * 0.5, 0.2);
    plain.Thaw("norm.", 0.01, 0.2);
    plain.Thaw("head.", 0.01, 0.2);
    ASSERT_TRUE(r.session->EpochStart(0).ok());
    for (int step = 0; step < 3; ++step) {
      EXPECT_EQ(r.NextStep().loss, plain.Step());
    }
    ExpectClose(r.Values(), plain.Values());
    EXPECT_THAT(Rates(r),
                ElementsAre(DoubleEq(0.01), DoubleEq(0.005), DoubleEq(0.0025),
                            DoubleEq(0.00125), DoubleEq(0.000625)));
    EXPECT_EQ(r.session->optimizer().groups()[1].name, "phase 0 layers.2");
    EXPECT_EQ(r.session->optimizer().last_step_calls(), 5);
  });
}

constexpr int64_t kBlockPadded = 192, kHeadPadded = 96, kNormPadded = 16;

TEST(SessionPhasesTest, WhatIsFrozenHoldsAndReducesNothing) {
  RunRanks(2, [&](RankComms comms) {
    ToyOptions options;
    options.schedule = kRotating;
    ToyRank r(comms, options);
    auto& engine = r.session->engine();
    auto& ledger = engine.ledger();
    const auto epoch = [&](int64_t number) {
      EXPECT_TRUE(r.session->EndPhaseUse().ok());
      EXPECT_TRUE(r.session->EpochStart(number).ok());
      engine.trace().Enable(true);
      r.NextStep();
      const auto events = engine.trace().Take();
      engine.trace().Enable(false);
      r.NextStep();
      EXPECT_TRUE(r.session->EpochEnd(number).ok());
      return events;
    };
    epoch(0);
    EXPECT_EQ(ledger.now(Holding::kMoments),
              2 * 4 * (kHeadPadded / 2 + kNormPadded));
    const auto events = epoch(1);
    EXPECT_THAT(events, Not(Contains("reduce_scatter head")));
    EXPECT_THAT(events, Contains("reduce_scatter layers.2"));
    // Gradients still flow through it.
    EXPECT_EQ(std::count(events.begin(), events.end(), "all_gather head"), 2);
    auto use = r.session->EndPhaseUse();
    ASSERT_TRUE(use.ok()) << use.status();
    EXPECT_EQ(use->gradient_bytes, 4 * (kBlockPadded / 2 + kNormPadded));
    EXPECT_EQ(use->moment_bytes, 2 * 4 * (kBlockPadded / 2 + kNormPadded));
    EXPECT_EQ(use->bytes_reduced, 2 * 4 * (kBlockPadded + kNormPadded));
    // The head's group stays, empty.
    ASSERT_EQ(r.session->optimizer().groups().size(), 2u);
    EXPECT_EQ(r.session->optimizer().groups()[0].members.size(), 1u);
    for (const auto& leaf : engine.FindUnit("head")->segments()[0]->leaves()) {
      EXPECT_FALSE(leaf->tensor().requires_grad());
    }
    // Phase 2 is one step long; phase 3 begins in mid-epoch.
    ASSERT_TRUE(r.session->EpochStart(2).ok());
    r.NextStep();
    use = r.session->EndPhaseUse();
    ASSERT_TRUE(use.ok());
    EXPECT_EQ(use->moment_bytes, 4 * (kBlockPadded + kHeadPadded));
    EXPECT_EQ(use->bytes_reduced, 4 * (kBlockPadded + kHeadPadded));
  });
}

// A phase's peak does not count what the phase before it let go.
TEST(SessionPhasesTest, PeaksBeginAfterTheFreeze) {
  RunRanks(1, [&](RankComms comms) {
    ToyOptions options;
    options.schedule =
        "0: {params: ['layers.*', emb.*], max_transition_epoch: 1}\n"
        "1: {params: [norm.*], freeze: ['.*'], max_transition_epoch: 9}\n";
    ToyRank r(comms, options);
    r.Epoch(0, 1, 1.0);
    const auto first = r.session->EndPhaseUse();
    r.Epoch(1, 1, 1.0);
    const auto second = r.session->EndPhaseUse();
    ASSERT_TRUE(first.ok() && second.ok());
    EXPECT_EQ(second->moment_bytes, 2 * 4 * kNormPadded);
    EXPECT_EQ(second->peak_bytes,
              r.session->engine().ledger().total() + 4 * kNormPadded);
    EXPECT_LT(second->peak_bytes, first->peak_bytes / 2);
  });
}

TEST(SessionPhasesTest, RestoreBestAcrossFreezesAndANewOptimizer) {
  for (const int world : {1, 2}) {
    RunRanks(world, [&](RankComms comms) {
      ToyOptions options;
      options.restore_best = true;
      options.schedule = R"(
0: {params: ['norm.*', 'head.*'], max_transition_epoch: 1}
1:
  params: ['layers.2.*']
  freeze: ['head.*']
  max_transition_epoch: 2
2:
  params: ['head.*', 'layers.1.*']
  max_transition_epoch: 3
  new_optimizer: {optimizer_init: {class_path: torch.optim.SGD,
                                   init_args: {lr: 0.1, momentum: 0.9}}}
3: {params: ['layers.0.*'], freeze: ['norm.*'], max_transition_epoch: 9}
)";
      ToyRank r(comms, options);
      r.Epoch(0, 2, 1.0);  // the best
      const Values best = r.Values();
      r.Epoch(1, 2, 2.0);
      EXPECT_FALSE(
          at::equal(r.Values().at("norm.weight"), best.at("norm.weight")));
      r.Epoch(2, 2, 3.0);
      EXPECT_FALSE(
          at::equal(r.Values().at("head.weight"), best.at("head.weight")));
      EXPECT_THAT(r.notes, ElementsAre());
      const auto outcome = r.session->EpochStart(3);
      ASSERT_TRUE(outcome.ok()) << outcome.status();
      EXPECT_THAT(
          outcome->notes(),
          ElementsAre("the best of epoch 0 was saved under another optimizer: "
                      "its weights are restored, the moments of SGD start "
                      "afresh"));
      ExpectSameBits(r.Values(), best);
      for (const auto& group : r.session->optimizer().groups()) {
        for (const auto& flat : group.members) {
          for (const auto& [name, t] :
               r.session->optimizer().StateTensors(*flat)) {
            EXPECT_EQ(t.abs().sum().item<float>(), 0);
          }
        }
      }
      EXPECT_TRUE(r.TryStep(r.next_step).ok());
      EXPECT_TRUE(
          at::equal(r.Values().at("norm.weight"), best.at("norm.weight")));
      EXPECT_TRUE(r.session->engine().CheckReplicas().ok());
    });
  }
}

TEST(SessionPhasesTest, TokensAndTimeEndAPhaseInMidEpoch) {
  RunRanks(2, [&](RankComms comms) {
    ToyOptions options;
    options.schedule =
        "0: {params: ['norm.*'], max_transition_tokens: 50}\n"
        "1: {params: ['head.*'], max_transition_time: 100.5}\n"
        "2: {params: ['layers.2.*'], max_transition_epoch: 9}\n";
    // Rank 0's clock gains 25 a step; the other's is far off.
    double now = comms.first->rank() == 0 ? 0 : 1e9;
    options.clock = [&now] { return now += 25; };
    ToyRank r(comms, options);
    ASSERT_TRUE(r.session->EpochStart(0).ok());
    std::vector<double> seconds;
    for (int step = 0; step < 7; ++step) {
      r.NextStep();
      seconds.push_back(r.session->seconds());
    }
    // 20 tokens a step: 60 have passed before step 3; 125 s before step 5.
    EXPECT_THAT(r.phase_of_step, ElementsAre(0, 0, 0, 1, 1, 2, 2));
    EXPECT_THAT(seconds, ElementsAre(25, 50, 75, 100, 125, 150, 175));
  });
  // Without a clock nobody reads one.
  RunRanks(1, [&](RankComms comms) {
    ToyRank r(comms, {});
    ASSERT_TRUE(r.session->EpochStart(0).ok());
    r.NextStep();
    EXPECT_EQ(r.session->seconds(), 0);
  });
}

}  // namespace
}  // namespace fts::testing
