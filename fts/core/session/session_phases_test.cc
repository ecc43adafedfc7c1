// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What a phase may say beyond thawing: freezing, rates per layer, weight decay
// and clipping per phase, new optimizers and learning-rate schedulers, limits
// in steps, tokens and time. Values bit for bit against plain autograd and the
// same update kernels.
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>

#include "fts/core/optim/clip.h"
#include "fts/core/session/session.h"
#include "fts/core/session/testing/toy_model.h"

namespace fts::testing {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;
using shard::Holding;
using ::testing::Contains;
using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Values = std::map<std::string, at::Tensor>;

// One process, no sharding, no groups: every piece is the parameters with one
// prefix, which lie side by side in a segment, under a rate of their own.
class Reference {
 public:
  explicit Reference(int64_t samples = 1) : samples_(samples) {
    torch::NoGradGuard guard;
    const Values start = InitialValues();
    for (auto& [name, tensor] : model_.NamedParameters()) {
      tensor.copy_(start.at(name));
      tensor.set_requires_grad(false);
    }
  }

  bool sgd = false;  // with momentum 0.9
  // Of each phase's group 0, for schedules that change rates.
  void SetLr(const std::string& prefix, double lr) { Find(prefix).lr = lr; }

  void Thaw(const std::string& prefix, double lr, double decay = 0.1) {
    Piece piece;
    piece.prefix = prefix;
    piece.lr = lr;
    piece.decay = decay;
    for (auto& [name, tensor] : model_.NamedParameters()) {
      if (name.compare(0, prefix.size(), prefix) != 0) continue;
      tensor.set_requires_grad(true);
      piece.tensors.push_back(tensor);
    }
    ASSERT_FALSE(piece.tensors.empty()) << prefix;
    pieces_.push_back(std::move(piece));
  }
  void Freeze(const std::string& prefix) {
    for (at::Tensor& tensor : Find(prefix).tensors) {
      tensor.set_requires_grad(false);
      tensor.mutable_grad() = at::Tensor();
    }
    pieces_.erase(std::find_if(
        pieces_.begin(), pieces_.end(),
        [&](const Piece& piece) { return piece.prefix == prefix; }));
  }
  // State of every piece starts afresh.
  void Restart(double decay) {
    for (Piece& piece : pieces_) {
      piece.state.clear();
      piece.step = 0;
      piece.decay = decay;
    }
  }

  // `norm`: what the session measured, for bits; checked here.
  double Step(std::optional<double> clip = std::nullopt, double norm = 0) {
    double loss = 0;
    for (int64_t s = 0; s < samples_; ++s) {
      const at::Tensor part = ToyLoss(model_, step_ * samples_ + s, samples_);
      part.backward();
      loss += part.item<double>();
    }
    ++step_;
    torch::NoGradGuard guard;
    double squares = 0;
    for (const Piece& piece : pieces_) {
      for (const at::Tensor& t : piece.tensors) {
        squares += t.grad().to(at::kDouble).square().sum().item<double>();
      }
    }
    if (clip) {
      EXPECT_NEAR(std::sqrt(squares), norm, 1e-5 * norm);
    }
    for (Piece& piece : pieces_) {
      std::vector<at::Tensor> values, gradients;
      for (const at::Tensor& t : piece.tensors) {
        values.push_back(t.detach().flatten());
        gradients.push_back(t.grad().flatten());
      }
      at::Tensor value = at::cat(values), gradient = at::cat(gradients);
      if (clip) {
        gradient.mul_(optim::ClipCoefficient(
            at::scalar_tensor(norm, at::kDouble), *clip));
      }
      Update(piece, value, gradient);
      int64_t at = 0;
      for (at::Tensor& t : piece.tensors) {
        t.copy_(value.narrow(0, at, t.numel()).view(t.sizes()));
        at += t.numel();
        t.mutable_grad() = at::Tensor();
      }
    }
    return loss;
  }
  Values Now() const {
    Values out;
    for (const auto& [name, tensor] : model_.NamedParameters()) {
      out[name] = tensor.detach().clone();
    }
    return out;
  }

 private:
  struct Piece {
    std::string prefix;
    double lr = 0, decay = 0;
    std::vector<at::Tensor> tensors, state;
    int64_t step = 0;
  };
  Piece& Find(const std::string& prefix) {
    for (Piece& piece : pieces_) {
      if (piece.prefix == prefix) return piece;
    }
    ADD_FAILURE() << "no piece " << prefix;
    return pieces_.front();
  }
  void Update(Piece& piece, at::Tensor value, at::Tensor gradient) {
    while (piece.state.size() < 2) {
      piece.state.push_back(at::zeros_like(value));
    }
    ++piece.step;
    if (sgd) {
      at::_fused_sgd_({value}, {gradient}, {piece.state[0]}, piece.decay, 0.9,
                      piece.lr, 0, false, false, piece.step == 1);
      return;
    }
    at::_fused_adamw_(
        {value}, {gradient}, {piece.state[0]}, {piece.state[1]}, {},
        {at::scalar_tensor(static_cast<double>(piece.step), at::kFloat)},
        piece.lr, 0.9, 0.999, piece.decay, 1e-8, false, false);
  }

  const int64_t samples_;
  ToyModel model_;
  std::vector<Piece> pieces_;
  int64_t step_ = 0;
};

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
    EXPECT_TRUE(torch::allclose(got.at(name), value, 1e-4, 1e-5)) << name;
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
  freeze: ['layers.2.*']
  lr: 0.005
  lr_decay: 0.5
  max_transition_step: 5
3:
  params: ['layers.0.*', 'layers.2.*', 'emb.*']
  lr: 0.01
  max_transition_epoch: 9
)";

TEST(SessionPhasesTest, ARotatingScheduleEqualsPlainTraining) {
  for (const bool plan : {true, false}) {
    for (const int world : {1, 2, 4}) {
      SCOPED_TRACE(::testing::Message() << plan << world);
      RunRanks(world, [&](RankComms comms) {
        ToyOptions options;
        options.schedule = kRotating;
        options.plan = plan;
        options.block_options = "{act_ckpt: composable}";
        ToyRank r(comms, options);
        Reference plain(world);
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
            plain.Thaw("head.", 0.005);
            plain.Thaw("layers.1.", 0.0025);
            EXPECT_TRUE(at::equal(r.Values().at("head.weight"),
                                  frozen_head.at("head.weight")));
          }
          if (step == 5) {
            plain.Thaw("layers.0.", 0.01);
            plain.Thaw("layers.2.", 0.01);
            plain.Thaw("emb.", 0.01);
          }
          const StepResult result = r.NextStep();
          const bool clips = step == 2 || step == 3;
          if (clips) {
            EXPECT_GT(result.grad_norm, 0.05);
          }
          const double loss =
              clips ? plain.Step(0.05, result.grad_norm) : plain.Step();
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
          ExpectSameBits(r.Values(), plain.Now());
        } else {
          ExpectClose(r.Values(), plain.Now());
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
    Reference plain;
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
    ExpectClose(r.Values(), plain.Now());
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
    EXPECT_EQ(use->moment_bytes,
              2 * 4 * ((kBlockPadded + kHeadPadded) / 2 + kNormPadded));
    EXPECT_EQ(use->bytes_reduced,
              4 * (kBlockPadded + kHeadPadded + kNormPadded));
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

TEST(SessionPhasesTest, ANewOptimizerStartsAfreshAndKeepsTheRatesInForce) {
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
    Reference plain;
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
    ExpectSameBits(r.Values(), plain.Now());
  });
}

// FTS's precedence for old groups: init_pg_lrs, the present rates, initial_lr.
TEST(SessionPhasesTest, ANewLrSchedulerStartsFromTheRatesThatItSays) {
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

TEST(SessionPhasesTest, AFrequencyCountsFromTheStartOfTheEpoch) {
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

TEST(SessionPhasesTest, LambdasReachNewGroupsWhenAsked) {
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

TEST(SessionPhasesTest, OneGroupForEverythingWithoutPhase0Enforcement) {
  for (const int world : {1, 2}) {
    RunRanks(world, [&](RankComms comms) {
      ToyOptions options;
      options.enforce_phase0_params = false;
      options.lr_scheduler = StepLr("{step_size: 1, gamma: 0.5}");
      ToyRank r(comms, options);
      Reference plain(world);
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
        ExpectSameBits(r.Values(), plain.Now());
      } else {
        ExpectClose(r.Values(), plain.Now());
      }
    });
  }
}

// As in FTS, a new optimizer has a group per phase all the same.
TEST(SessionPhasesTest, ANewOptimizerEndsTheOneGroup) {
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
