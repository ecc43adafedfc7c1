// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Optimizers, groups and learning rates as phases change them: new_optimizer,
// new_lr_scheduler, lambdas, frequency, enforce_phase0_params.
#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "fts/core/session/session.h"
#include "fts/core/session/testing/plain_training.h"
#include "fts/core/session/testing/toy_model.h"

namespace fts::testing {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;
using shard::Holding;
using ::testing::DoubleEq;
using ::testing::ElementsAre;
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

YamlNode Yaml(const std::string& text) {
  Diagnostics diags;
  return *ParseYaml(text, "t", &diags);
}

LrSchedulerSpec StepLr(const std::string& args) {
  LrSchedulerSpec spec;
  spec.name = "step_lr";
  spec.args = Yaml(args);
  return spec;
}

TEST(SessionRatesTest, ANewOptimizerStartsAfreshAndKeepsTheRatesInForce) {
  RunRanks(1, [&](RankComms comms) {
    ToyOptions options;
    options.schedule = R"(
0: {params: ['norm.*', 'head.*'], max_transition_epoch: 1}
1:
  params: ['layers.2.*']
  lr: 0.02
  max_transition_epoch: 2
  weight_decay: 0.25
  new_optimizer:
    optimizer_init:
      class_path: torch.optim.SGD
      init_args: {lr: 0.3, momentum: 0.9, weight_decay: 0.05}
2: {params: ['layers.1.*'], lr: 0.03, max_transition_epoch: 9}
)";
    options.lr_scheduler = StepLr("{step_size: 1, gamma: 0.5}");
    ToyRank r(comms, options);
    PlainTraining plain;
    plain.Thaw("norm.", 0.01);
    plain.Thaw("head.", 0.01);
    for (int64_t epoch = 0; epoch < 3; ++epoch) {
      ASSERT_TRUE(r.session->EpochStart(epoch).ok());
      if (epoch == 1) {
        EXPECT_EQ(r.session->optimizer().name(), "SGD");
        EXPECT_THAT(Rates(r), ElementsAre(0.005, 0.02));
        EXPECT_EQ(r.session->optimizer().groups()[0].initial_lr, 0.3);
        EXPECT_EQ(r.session->engine().ledger().now(Holding::kMoments),
                  r.session->optimizer().StateBytes());
        plain.sgd = true;
        plain.Restart(0.05);
        plain.SetLr("norm.", 0.005);
        plain.SetLr("head.", 0.005);
        plain.Thaw("layers.2.", 0.02, 0.25);
      }
      if (epoch == 2) {
        EXPECT_THAT(Rates(r), ElementsAre(0.0025, 0.01, 0.03));
        plain.SetLr("norm.", 0.0025);
        plain.SetLr("head.", 0.0025);
        plain.SetLr("layers.2.", 0.01);
        plain.Thaw("layers.1.", 0.03, 0.05);
      }
      for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(r.NextStep().loss, plain.Step());
      }
      ASSERT_TRUE(r.session->EpochEnd(epoch).ok());
    }
    EXPECT_THAT(Decays(r), ElementsAre(0.05, 0.25, 0.05));
    ExpectSameBits(r.Values(), plain.Values());
  });
}

// FTS's precedence for old groups: init_pg_lrs, the present rates, initial_lr.
TEST(SessionRatesTest, ANewLrSchedulerStartsFromTheRatesThatItSays) {
  const auto rates = [](const std::string& more, const std::string& optimizer) {
    std::vector<double> out;
    RunRanks(1, [&](RankComms comms) {
      ToyOptions options;
      options.schedule =
          "0: {params: ['norm.*', 'head.*'], max_transition_epoch: 1}\n"
          "1:\n  params: ['layers.2.*']\n  lr: 0.02\n"
          "  max_transition_epoch: 9\n" +
          optimizer +
          "  new_lr_scheduler:\n"
          "    lr_scheduler_init: {class_path: "
          "torch.optim.lr_scheduler.StepLR, init_args: {step_size: 1, gamma: "
          "0.1}}\n"
          "    pl_lrs_cfg: {interval: step, frequency: 2}\n" +
          more;
      options.lr_scheduler = StepLr("{step_size: 1, gamma: 0.5}");
      ToyRank r(comms, options);
      r.Epoch(0, 3, 1.0);
      EXPECT_THAT(Rates(r), ElementsAre(0.005));
      ASSERT_TRUE(r.session->EpochStart(1).ok());
      out = Rates(r);
      // After every second step, no more after epochs.
      r.NextStep();
      EXPECT_EQ(Rates(r), out);
      r.NextStep();
      EXPECT_DOUBLE_EQ(Rates(r)[0], out[0] * 0.1);
      EXPECT_DOUBLE_EQ(Rates(r)[1], out[1] * 0.1);
      ASSERT_TRUE(r.session->EpochEnd(1).ok());
      EXPECT_DOUBLE_EQ(Rates(r)[0], out[0] * 0.1);
    });
    return out;
  };
  EXPECT_THAT(rates("", ""), ElementsAre(0.01, 0.02));
  EXPECT_THAT(rates("    use_current_optimizer_pg_lrs: true\n", ""),
              ElementsAre(0.005, 0.02));
  EXPECT_THAT(rates("    init_pg_lrs: [0.007]\n", ""),
              ElementsAre(0.007, 0.02));
  EXPECT_THAT(rates("",
                    "  new_optimizer: {optimizer_init: {class_path: "
                    "torch.optim.Adam, init_args: {lr: 0.022}}}\n"),
              ElementsAre(0.022, 0.02));
}

TEST(SessionRatesTest, AFrequencyCountsFromTheStartOfTheEpoch) {
  RunRanks(1, [&](RankComms comms) {
    ToyOptions options;
    options.schedule = "0: {params: ['head.*'], max_transition_epoch: 9}";
    options.lr_scheduler = StepLr("{step_size: 1, gamma: 0.5}");
    options.lr_scheduler->interval = LrSchedulerSpec::Interval::kStep;
    options.lr_scheduler->frequency = 2;
    ToyRank steps(comms, options);
    steps.Epoch(0, 3, 1.0);  // once, after the second
    EXPECT_THAT(Rates(steps), ElementsAre(0.005));
    steps.Epoch(1, 1, 1.0);
    EXPECT_THAT(Rates(steps), ElementsAre(0.005));
    options.lr_scheduler->interval = LrSchedulerSpec::Interval::kEpoch;
    ToyRank epochs(comms, options);
    epochs.Epoch(0, 1, 1.0);
    EXPECT_THAT(Rates(epochs), ElementsAre(0.01));
    epochs.Epoch(1, 1, 1.0);
    EXPECT_THAT(Rates(epochs), ElementsAre(0.005));
  });
}

TEST(SessionRatesTest, LambdasReachNewGroupsWhenAsked) {
  for (const bool apply : {false, true}) {
    RunRanks(1, [&](RankComms comms) {
      ToyOptions options;
      options.lr_scheduler = LrSchedulerSpec();
      options.lr_scheduler->name = "LambdaLR";
      options.lr_scheduler->args = Yaml("{lr_lambda: '(epoch + 1) / 4'}");
      options.apply_lambdas_new_pgs = apply;
      ToyRank r(comms, options);
      EXPECT_THAT(Rates(r), ElementsAre(0.0025));
      r.Epoch(0, 1, 1.0);
      ASSERT_TRUE(r.session->EpochStart(1).ok());
      EXPECT_THAT(Rates(r), ElementsAre(0.005, apply ? 0.005 : 0.01));
      r.NextStep();
      ASSERT_TRUE(r.session->EpochEnd(1).ok());
      EXPECT_THAT(Rates(r), ElementsAre(0.0075, 0.0075));
    });
  }
}

TEST(SessionRatesTest, OneGroupForEverythingWithoutPhase0Enforcement) {
  for (const int world : {1, 2}) {
    RunRanks(world, [&](RankComms comms) {
      ToyOptions options;
      options.enforce_phase0_params = false;
      options.lr_scheduler = StepLr("{step_size: 1, gamma: 0.5}");
      ToyRank r(comms, options);
      PlainTraining plain(world);
      plain.Thaw("norm.", 0.01);
      plain.Thaw("head.", 0.01);
      for (int64_t epoch = 0; epoch < 3; ++epoch) {
        ASSERT_TRUE(r.session->EpochStart(epoch).ok());
        const double lr = 0.01 * std::pow(0.5, epoch);
        plain.SetLr("norm.", lr);
        plain.SetLr("head.", lr);
        if (epoch >= 1) {
          if (epoch == 1) plain.Thaw("layers.2.", lr);
          plain.SetLr("layers.2.", lr);
        }
        if (epoch == 2) {
          plain.Thaw("layers.0.", lr);
          plain.Thaw("layers.1.", lr);
          plain.Thaw("emb.", lr);
        }
        for (int i = 0; i < 2; ++i) {
          const StepResult result = r.NextStep();
          EXPECT_THAT(result.lr, ElementsAre(DoubleEq(lr)));
          EXPECT_NEAR(result.loss, plain.Step(), 1e-5);
        }
        ASSERT_TRUE(r.session->EpochEnd(epoch).ok());
      }
      if (world == 1) {
        ExpectSameBits(r.Values(), plain.Values());
      } else {
        ExpectClose(r.Values(), plain.Values());
      }
    });
  }
}

// As in FTS, a new optimizer has a group per phase all the same.
TEST(SessionRatesTest, ANewOptimizerEndsTheOneGroup) {
  RunRanks(1, [&](RankComms comms) {
    ToyOptions options;
    options.enforce_phase0_params = false;
    options.no_decay = {"norm", "bias"};
    options.schedule = R"(
0: {params: ['norm.*', 'head.*'], max_transition_epoch: 1}
1: {params: ['layers.2.*'], lr: 0.02, max_transition_epoch: 2}
2:
  params: ['layers.1.*']
  lr: 0.03
  new_optimizer: {optimizer_init: {class_path: torch.optim.SGD,
                                   init_args: {lr: 0.5}}}
  max_transition_epoch: 9
)";
    options.lr_scheduler = StepLr("{step_size: 1, gamma: 0.5}");
    ToyRank r(comms, options);
    r.Epoch(0, 1, 1.0);
    r.Epoch(1, 1, 1.0);
    ASSERT_EQ(r.session->optimizer().groups().size(), 2u);
    EXPECT_EQ(r.session->optimizer().groups()[0].name, "all phases");
    EXPECT_EQ(r.session->optimizer().groups()[1].name, "all phases no_decay");
    r.Epoch(2, 1, 1.0);
    // The two rates of before, then those of the phases; halved once.
    EXPECT_THAT(Rates(r),
                ElementsAre(0.00125, 0.00125, 0.01, 0.01, 0.015, 0.015));
    EXPECT_EQ(r.session->optimizer().groups()[2].name, "phase 1");
  });
}

}  // namespace
}  // namespace fts::testing
