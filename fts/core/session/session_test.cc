// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Sessions against plain autograd and torch's own AdamW: values over phases,
// accumulation, clipping, learning rates, restore_best, errors.
#include "fts/core/session/session.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn/utils/clip_grad.h>
#include <torch/optim/adamw.h>
#include <torch/serialize.h>

#include <limits>

#include "fts/core/session/testing/toy_model.h"

namespace fts::testing {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Values = std::map<std::string, at::Tensor>;

const char* const kPhaseNames[] = {"norm.|head.", "layers.2.",
                                   "layers.0.|layers.1.|emb."};

bool InPhase(const std::string& name, int phase) {
  std::string list = kPhaseNames[phase];
  for (size_t begin = 0; begin <= list.size();) {
    const size_t end = std::min(list.find('|', begin), list.size());
    const std::string prefix = list.substr(begin, end - begin);
    if (name.compare(0, prefix.size(), prefix) == 0) return true;
    begin = end + 1;
  }
  return false;
}

struct ReferenceOptions {
  int64_t samples_per_step = 1;
  double lr = 0.01;
  double decay = 0.1;
  std::vector<std::string> no_decay;
  std::optional<double> clip;
  Values start = InitialValues();
  std::vector<double> lr_factor;  // per step, on every group
};

struct Reference {
  Values values;
  std::vector<double> loss, norm;
};

// Plain training: one process, torch::optim::AdamW, a group per phase.
Reference Plain(const std::vector<int>& phase_of_step, int first_step,
                const ReferenceOptions& options) {
  ToyModel model;
  {
    at::NoGradGuard guard;
    for (auto& [name, tensor] : model.NamedParameters()) {
      tensor.copy_(options.start.at(name));
      tensor.set_requires_grad(false);
    }
  }
  std::unique_ptr<torch::optim::AdamW> optimizer;
  std::vector<at::Tensor> training;
  int thawed = -1;
  Reference out;
  for (size_t i = 0; i < phase_of_step.size(); ++i) {
    for (; thawed < phase_of_step[i]; ++thawed) {
      std::vector<at::Tensor> decay, plain;
      for (auto& [name, tensor] : model.NamedParameters()) {
        if (!InPhase(name, thawed + 1)) continue;
        tensor.set_requires_grad(true);
        training.push_back(tensor);
        bool excluded = false;
        for (const std::string& part : options.no_decay) {
          excluded |= name.find(part) != std::string::npos;
        }
        (excluded ? plain : decay).push_back(tensor);
      }
      auto group = [&](std::vector<at::Tensor> tensors, double wd) {
        if (tensors.empty()) return;
        auto o = std::make_unique<torch::optim::AdamWOptions>(options.lr);
        o->weight_decay(wd);
        torch::optim::OptimizerParamGroup g(std::move(tensors), std::move(o));
        if (optimizer == nullptr) {
          optimizer = std::make_unique<torch::optim::AdamW>(
              std::vector<torch::optim::OptimizerParamGroup>{g});
        } else {
          optimizer->add_param_group(g);
        }
      };
      group(decay, options.decay);
      group(plain, 0);
    }
    optimizer->zero_grad();
    double loss = 0;
    for (int64_t s = 0; s < options.samples_per_step; ++s) {
      const at::Tensor part =
          ToyLoss(model, (first_step + i) * options.samples_per_step + s,
                  options.samples_per_step);
      part.backward();
      loss += part.item<double>();
    }
    out.loss.push_back(loss);
    double squares = 0;
    for (const at::Tensor& t : training) {
      squares += t.grad().to(at::kDouble).square().sum().item<double>();
    }
    out.norm.push_back(std::sqrt(squares));
    if (options.clip) {
      torch::nn::utils::clip_grad_norm_(training, *options.clip);
    }
    for (auto& group : optimizer->param_groups()) {
      const double factor =
          options.lr_factor.empty() ? 1 : options.lr_factor.at(i);
      group.options().set_lr(options.lr * factor);
    }
    optimizer->step();
  }
  for (auto& [name, tensor] : model.NamedParameters()) {
    out.values[name] = tensor.detach().clone();
  }
  return out;
}

void ExpectClose(const Values& got, const Values& want, double tolerance) {
  ASSERT_EQ(got.size(), want.size());
  for (const auto& [name, value] : want) {
    EXPECT_TRUE(at::allclose(got.at(name), value, tolerance, tolerance * 0.1))
        << name << " differs by "
        << (got.at(name) - value).abs().max().item<float>();
  }
}

void ExpectSameBits(const Values& got, const Values& want) {
  for (const auto& [name, value] : want) {
    EXPECT_TRUE(at::equal(got.at(name), value)) << name;
  }
}

Values Moments(const Session& session) {
  Values out;
  int i = 0;
  for (const optim::Group& group : session.optimizer().groups()) {
    for (const auto& flat : group.members) {
      for (const auto& [name, t] : session.optimizer().StateTensors(*flat)) {
        out[std::to_string(i) + name] = t.clone();
      }
      ++i;
    }
  }
  return out;
}

class SessionWorldTest : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Worlds, SessionWorldTest, ::testing::Values(1, 2, 4));

TEST_P(SessionWorldTest, ThreePhasesEqualPlainTraining) {
  const int world = GetParam();
  const std::vector<int> phases = {0, 0, 1, 1, 2, 2, 2, 2};
  ReferenceOptions plain;
  plain.samples_per_step = world;
  const Reference want = Plain(phases, 0, plain);
  plain.decay = 0;
  const Reference wrong = Plain(phases, 0, plain);
  for (const char* block :
       {"{}", "{act_ckpt: composable}", "{reshard_after_forward: false}"}) {
    for (const char* strategy : {"", "unplanned: shard\n"}) {
      SCOPED_TRACE(std::string(block) + strategy);
      RunRanks(world, [&](RankComms comms) {
        ToyOptions options;
        options.block_options = block;
        options.strategy = strategy;
        ToyRank r(comms, options);
        std::vector<double> losses, norms;
        for (int64_t epoch = 0; epoch < 4; ++epoch) {
          ASSERT_TRUE(r.session->EpochStart(epoch).ok());
          for (int i = 0; i < 2; ++i) {
            r.phase_of_step.push_back(r.session->scheduler().phase());
            const StepResult step = r.Step(r.next_step);
            losses.push_back(step.loss);
            norms.push_back(step.grad_norm);
            ASSERT_TRUE(r.session->StepEnd(r.next_step++).ok());
          }
          ASSERT_TRUE(r.session->EpochEnd(epoch).ok());
        }
        EXPECT_EQ(r.phase_of_step, phases);
        for (size_t i = 0; i < losses.size(); ++i) {
          EXPECT_NEAR(losses[i], want.loss[i], 1e-6 * want.loss[i]) << i;
          EXPECT_NEAR(norms[i], want.norm[i], 1e-5 * want.norm[i]) << i;
        }
        const Values got = r.Values();
        ExpectClose(got, want.values, 1e-4);
        // The comparison is sharp enough to see a missing weight decay.
        EXPECT_FALSE(at::allclose(got.at("layers.0.up.weight"),
                                  wrong.values.at("layers.0.up.weight"), 1e-4,
                                  1e-5));
        EXPECT_TRUE(r.session->engine().CheckReplicas().ok());
      });
    }
  }
}

TEST_P(SessionWorldTest, AccumulationAndClippingEqualPlainTraining) {
  const int world = GetParam();
  ReferenceOptions plain;
  plain.samples_per_step = world * 3;
  plain.clip = 0.05;
  plain.no_decay = {"bias", "norm"};
  const Reference want = Plain({0, 1, 2, 2}, 0, plain);
  ASSERT_GT(want.norm[3], 0.05);  // clipping bites
  RunRanks(world, [&](RankComms comms) {
    ToyOptions options;
    options.clip = 0.05;
    options.no_decay = {"bias", "norm"};
    ToyRank r(comms, options);
    for (int64_t epoch = 0; epoch < 4; ++epoch) {
      ASSERT_TRUE(r.session->EpochStart(epoch).ok());
      const StepResult step = r.Step(epoch, 3);
      EXPECT_NEAR(step.grad_norm, want.norm[epoch], 1e-5 * want.norm[epoch]);
      ASSERT_TRUE(r.session->StepEnd(epoch).ok());
      ASSERT_TRUE(r.session->EpochEnd(epoch).ok());
    }
    ExpectClose(r.Values(), want.values, 1e-4);
    std::vector<std::string> names;
    std::vector<double> decays;
    for (const auto& group : r.session->optimizer().groups()) {
      names.push_back(group.name);
      decays.push_back(group.weight_decay);
    }
    EXPECT_THAT(names,
                ElementsAre("phase 0", "phase 0 no_decay", "phase 1",
                            "phase 1 no_decay", "phase 2", "phase 2 no_decay"));
    EXPECT_THAT(decays, ElementsAre(0.1, 0, 0.1, 0, 0.1, 0));
  });
}

TEST_P(SessionWorldTest, NoPlanIsPlainDataParallel) {
  const int world = GetParam();
  ReferenceOptions plain;
  plain.samples_per_step = world;
  const Reference want = Plain({0, 1, 2}, 0, plain);
  RunRanks(world, [&](RankComms comms) {
    ToyOptions options;
    options.plan = false;
    ToyRank r(comms, options);
    for (int64_t epoch = 0; epoch < 3; ++epoch) r.Epoch(epoch, 1, 1.0);
    ExpectClose(r.Values(), want.values, 1e-4);
    EXPECT_TRUE(r.session->engine().CheckReplicas().ok());
  });
}

TEST(SessionTest, Bf16ComputeWithFp32MastersFollowsFp32) {
  for (const bool plan : {true, false}) {
    for (const char* reduce : {"float32", "bfloat16"}) {
      for (const int world : {1, 2}) {
        SCOPED_TRACE(std::string(reduce) + std::to_string(world));
        ReferenceOptions plain;
        plain.samples_per_step = world;
        const Reference want = Plain({0, 1, 2, 2}, 0, plain);
        RunRanks(world, [&](RankComms comms) {
          ToyOptions options;
          options.plan = plan;
          options.precision.param = "bfloat16";
          options.precision.reduce = reduce;
          ToyRank r(comms, options);
          std::vector<double> norms;
          for (int64_t epoch = 0; epoch < 4; ++epoch) {
            ASSERT_TRUE(r.session->EpochStart(epoch).ok());
            const StepResult step = r.Step(epoch);
            EXPECT_NEAR(step.loss, want.loss[epoch], 0.03 * want.loss[epoch]);
            EXPECT_NEAR(step.grad_norm, want.norm[epoch],
                        0.1 * want.norm[epoch]);
            ASSERT_TRUE(r.session->StepEnd(epoch).ok());
            ASSERT_TRUE(r.session->EpochEnd(epoch).ok());
          }
          for (const auto& [name, value] : r.Values()) {
            EXPECT_EQ(value.scalar_type(), at::kFloat) << name;
          }
          EXPECT_TRUE(r.session->engine().CheckReplicas().ok());
        });
      }
    }
  }
}

TEST(SessionTest, RestoreBestRewindsWeightsAndMomentsBitExactly) {
  RunRanks(2, [&](RankComms comms) {
    ToyOptions options;
    options.restore_best = true;
    LrSchedulerSpec decay;
    decay.name = "step_lr";
    Diagnostics diags;
    decay.args = *ParseYaml("{step_size: 1, gamma: 0.5}", "t", &diags);
    options.lr_scheduler = decay;
    options.phases = {"[norm.*, head.*]", "['layers.2.*']", "['layers.1.*']",
                      "['layers.0.*', emb.*]"};
    ToyRank r(comms, options);
    r.Epoch(0, 2, 1.0);  // the best
    const Values best = r.Values();
    const Values best_moments = Moments(*r.session);
    // Phase 1 begins at epoch 1 and gets worse: it trains, then is rewound.
    r.Epoch(1, 2, 2.0);
    const Values worse = r.Values();
    EXPECT_FALSE(at::equal(worse.at("layers.2.up.weight"),
                           best.at("layers.2.up.weight")));
    EXPECT_FALSE(at::equal(worse.at("head.weight"), best.at("head.weight")));
    auto outcome = r.session->EpochStart(2);
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    ASSERT_NE(outcome->phase(), nullptr);
    EXPECT_EQ(outcome->phase()->phase, 2);
    // Thawed after the best: back to the values of then, fresh moments.
    ExpectSameBits(r.Values(), best);
    const Values moments = Moments(*r.session);
    for (const auto& [name, value] : best_moments) {
      EXPECT_TRUE(at::equal(moments.at(name), value)) << name;
    }
    for (const auto& [name, value] : moments) {
      if (best_moments.count(name) == 0) {
        EXPECT_EQ(value.abs().sum().item<float>(), 0) << name;
      }
    }
    // Rates stay as the schedule left them: halved after each epoch.
    std::vector<double> lr;
    for (const auto& g : r.session->optimizer().groups()) lr.push_back(g.lr);
    EXPECT_THAT(lr, ElementsAre(0.0025, 0.005, 0.01));
    // And the next step works on the restored values.
    EXPECT_TRUE(r.TryStep(r.next_step).ok());
  });
}

// A run that reaches phase 1 goes on as one that starts there from its state.
TEST(SessionTest, PhaseReachedEqualsPhaseStarted) {
  RunRanks(2, [&](RankComms comms) {
    ToyOptions options;
    ToyRank through(comms, options);
    through.Epoch(0, 2, 1.0);
    const Values transition = through.Values();
    ASSERT_TRUE(through.session->EpochStart(1).ok());
    ToyRank direct(comms, options);
    ASSERT_TRUE(direct.session->EpochStart(0).ok());
    // Weights of the transition, moments by repeating the same two steps.
    for (int64_t step = 0; step < 2; ++step) {
      direct.Step(step);
      ASSERT_TRUE(direct.session->StepEnd(step).ok());
    }
    ASSERT_TRUE(direct.session->Load(LoadFrom(transition)).ok());
    ASSERT_TRUE(direct.session->EpochEnd(0).ok());
    ASSERT_TRUE(direct.session->EpochStart(1).ok());
    for (int64_t step = 2; step < 5; ++step) {
      const StepResult a = through.Step(step);
      const StepResult b = direct.Step(step);
      EXPECT_EQ(a.loss, b.loss);
      EXPECT_EQ(a.grad_norm, b.grad_norm);
    }
    ExpectSameBits(through.Values(), direct.Values());
    EXPECT_FALSE(at::equal(transition.at("layers.2.up.weight"),
                           through.Values().at("layers.2.up.weight")));
  });
}

TEST(SessionTest, StepSchedulersFollowStepsAndPlateauFollowsTheMetric) {
  RunRanks(1, [&](RankComms comms) {
    Diagnostics diags;
    ToyOptions options;
    LrSchedulerSpec spec;
    spec.name = "step_lr";
    spec.args = *ParseYaml("{step_size: 1, gamma: 0.5}", "t", &diags);
    spec.interval = LrSchedulerSpec::Interval::kStep;
    options.lr_scheduler = spec;
    ReferenceOptions plain;
    plain.lr_factor = {1, 0.5, 0.25};
    const Reference want = Plain({0, 0, 0}, 0, plain);
    ToyRank r(comms, options);
    r.Epoch(0, 3, 1.0);
    ExpectClose(r.Values(), want.values, 1e-5);
    EXPECT_DOUBLE_EQ(r.session->optimizer().groups()[0].lr, 0.01 / 8);

    spec.name = "reduce_lr_on_plateau";
    spec.args = *ParseYaml("{patience: 0, factor: 0.1}", "t", &diags);
    options.lr_scheduler = spec;
    options.phases = {"['.*']"};
    ToyRank p(comms, options);
    p.Epoch(0, 1, 1.0);
    EXPECT_DOUBLE_EQ(p.session->optimizer().groups()[0].lr, 0.01);
    p.Epoch(1, 1, 2.0);  // no better
    EXPECT_DOUBLE_EQ(p.session->optimizer().groups()[0].lr, 0.001);
  });
}

// Each kind of failure leaves values alone and the next step exact.
TEST_P(SessionWorldTest, AFailedStepChangesNothing) {
  RunRanks(GetParam(), [&](RankComms comms) {
    ToyOptions options;
    options.block_options = "{act_ckpt: composable}";
    ToyRank fresh(comms, options);
    ToyRank r(comms, options);
    for (ToyRank* each : {&fresh, &r}) {
      for (int64_t epoch = 0; epoch < 3; ++epoch) {
        ASSERT_TRUE(each->session->EpochStart(epoch).ok());
        each->Step(epoch);
        ASSERT_TRUE(each->session->StepEnd(epoch).ok());
        ASSERT_TRUE(each->session->EpochEnd(epoch).ok());
      }
    }
    const Values before = r.Values();
    auto loss = [&](int64_t k) {
      return ToyLoss(*r.model, 3 * r.world + r.rank + k, r.world);
    };
    // The second micro-step fails: gradients of the first must not linger.
    absl::Status status =
        r.session
            ->TrainStep(2,
                        [&](int64_t k) -> absl::StatusOr<at::Tensor> {
                          if (k == 1) return absl::DataLossError("bad batch");
                          return loss(k);
                        })
            .status();
    EXPECT_EQ(status, absl::DataLossError("bad batch"));
    status = r.session
                 ->TrainStep(2,
                             [&](int64_t k) -> absl::StatusOr<at::Tensor> {
                               const at::Tensor value = loss(k);
                               if (k == 1) throw std::runtime_error("user");
                               return value;
                             })
                 .status();
    EXPECT_EQ(status, absl::InternalError("user"));
    status = r.session
                 ->TrainStep(1,
                             [&](int64_t k) -> absl::StatusOr<at::Tensor> {
                               // Only one rank's loss is bad.
                               return r.rank == r.world - 1
                                          ? loss(k) * std::nan("")
                                          : loss(k);
                             })
                 .status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(std::string(status.message()),
              absl::StrCat(
                  "the training loss is nan; nothing was updated. First not "
                  "finite: the loss on rank ",
                  r.world - 1,
                  ". Lower the learning rate, set trainer.clip_grad_norm, or "
                  "look at the data; strategy_adapter_cfg.find_nonfinite: true "
                  "finds the tensor that began it"));
    ExpectSameBits(r.Values(), before);
    const StepResult got = r.Step(3);
    const StepResult want = fresh.Step(3);
    EXPECT_EQ(got.loss, want.loss);
    EXPECT_EQ(got.grad_norm, want.grad_norm);
    ExpectSameBits(r.Values(), fresh.Values());
  });
}

TEST(SessionTest, AnExceptionInsideTheModelIsAStatus) {
  RunRanks(2, [&](RankComms comms) {
    ToyRank r(comms, {});
    ASSERT_TRUE(r.session->EpochStart(0).ok());
    const absl::Status status = r.session->Evaluate([&] {
      (*r.model)(at::full({1, 2}, kVocab + 5, at::kLong));
      return absl::OkStatus();
    });
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_THAT(std::string(status.message()), HasSubstr("out of range"));
    EXPECT_TRUE(r.TryStep(0).ok());
  });
}

TEST(SessionTest, ReadingOrSavingAReshardedModelIsAClearError) {
  RunRanks(2, [&](RankComms comms) {
    ToyRank r(comms, {});
    ASSERT_TRUE(r.session->EpochStart(0).ok());
    r.Step(0);
    auto thrown = [](const std::function<void()>& body) -> std::string {
      try {
        body();
      } catch (const std::exception& e) {
        return e.what();
      }
      return "";
    };
    const std::string want =
        "parameter 'layers.1.up.weight' was accessed while its unit "
        "'layers.1' is resharded: its values are not in memory. Use it inside "
        "the unit's forward, or read full copies with ForEachFull. A model "
        "written without fts::nn must call the unit through its nn::Mirror "
        "(docs/attach.md).";
    const at::Tensor weight = r.model->Parameter("layers.1.up.weight");
    EXPECT_THAT(thrown([&] { weight.sum().item<float>(); }), HasSubstr(want));
    EXPECT_THAT(thrown([&] { weight.clone(); }), HasSubstr(want));
    EXPECT_THAT(thrown([&] {
                  std::vector<at::Tensor> all;
                  for (auto& [name, t] : r.model->NamedParameters()) {
                    if (name.find("layers.1.up.weight") == 0) all.push_back(t);
                  }
                  std::ostringstream file;
                  torch::save(all, file);
                }),
                HasSubstr(want));
    // The error passes through a step as a status.
    const absl::Status status = r.session->Evaluate([&]() -> absl::Status {
      weight.sum().item<float>();
      return absl::OkStatus();
    });
    EXPECT_THAT(std::string(status.message()), HasSubstr(want));
  });
}

TEST(SessionTest, TheModelOutlivesItsSession) {
  RunRanks(2, [&](RankComms comms) {
    ToyOptions options;
    options.block_options = "{act_ckpt: composable}";
    auto r = std::make_unique<ToyRank>(comms, options);
    ASSERT_TRUE(r->session->EpochStart(0).ok());
    r->Step(0);
    const std::shared_ptr<ToyModel> model = r->model;
    const at::Tensor loss = ToyLoss(*model, 0, 1);
    r.reset();
    EXPECT_THROW(loss.backward(), std::exception);
    EXPECT_THROW(ToyLoss(*model, 0, 1), std::exception);
  });
}

TEST(SessionTest, BadOptionsAreRecorded) {
  RunRanks(1, [&](RankComms comms) {
    ToyModel model;
    SessionOptions options = MakeSessionOptions(model, {});
    Diagnostics diags;
    options.optimizer.args = *ParseYaml("{lr: 0.1, betaz: 1}", "f", &diags);
    EXPECT_FALSE(Session::Create(PartsOf(model), options,
                                 Ranks(comms.first, comms.second), &diags)
                     .ok());
    EXPECT_FALSE(diags.ok());
    // A plan of another model.
    ToyModel other;
    SessionModel parts = PartsOf(other);
    parts.modules.erase(parts.modules.begin() + 1, parts.modules.end());
    EXPECT_EQ(Session::Create(parts, MakeSessionOptions(other, {}),
                              Ranks(comms.first, comms.second), &diags)
                  .status()
                  .message(),
              "the plan shards module 'layers.0', which the model does not "
              "have");
  });
}

}  // namespace
}  // namespace fts::testing
