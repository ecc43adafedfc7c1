// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Sessions over models that were written without fts::nn: the same numbers, bit
// for bit, as the same model written with it, and as plain autograd; and what
// is said of mistakes that only such models can make.
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fts/core/nn/describe.h"
#include "fts/core/nn/mirror_torch.h"
#include "fts/core/session/model_parts.h"
#include "fts/core/session/session.h"
#include "fts/core/session/testing/shm_ranks.h"
#include "fts/core/session/testing/toy_model.h"
#include "fts/core/session/torch_toy_testutil.h"

namespace fts::testing {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;
using ::testing::HasSubstr;
using Values = std::map<std::string, at::Tensor>;

struct Result {
  std::vector<double> losses, norms;
  std::vector<std::string> events;
  Values values;
};

// Three phases of two steps, two micro-steps each, with validation.
Result ThreePhases(Session& session, int rank, int world,
                   const std::function<at::Tensor(int64_t, int64_t)>& loss) {
  Result out;
  session.engine().trace().Enable(true);
  int64_t sample = rank;
  for (int phase = 0; phase < 3; ++phase) {
    EXPECT_TRUE(session.EpochStart(phase).ok());
    for (int i = 0; i < 2; ++i) {
      const auto got =
          session.TrainStep(2, [&](int64_t) -> absl::StatusOr<at::Tensor> {
            return loss(std::exchange(sample, sample + world), 2 * world);
          });
      EXPECT_TRUE(got.ok()) << got.status();
      if (!got.ok()) return out;
      out.losses.push_back(got->loss);
      out.norms.push_back(got->grad_norm);
      EXPECT_TRUE(session.StepEnd(2 * phase + i).ok());
    }
    EXPECT_TRUE(session
                    .Evaluate([&] {
                      loss(rank, world);
                      return absl::OkStatus();
                    })
                    .ok());
    session.SetMetric("val_loss", 1);
    EXPECT_TRUE(session.ValidationEnd(phase).ok());
    EXPECT_TRUE(session.EpochEnd(phase).ok());
  }
  out.events = session.engine().trace().Take();
  EXPECT_TRUE(
      session
          .ForEachFull([&](const std::string& name, const at::Tensor& value) {
            out.values[name] = value.clone();
            return absl::OkStatus();
          })
          .ok());
  return out;
}

void ExpectSameBits(const Values& got, const Values& want) {
  ASSERT_EQ(got.size(), want.size());
  for (const auto& [name, value] : want) {
    EXPECT_TRUE(at::equal(got.at(name), value)) << name;
  }
}

TEST(TorchModuleTest, IsDescribedAsTheSameModelWrittenWithNn) {
  user::ToyModel model;
  ToyModel toy;
  nn::Mirror mirror = MustMirror(nn::MirrorOf(*model));
  const ModelDescription got = nn::Describe(mirror.root());
  const ModelDescription want = nn::Describe(toy);
  EXPECT_EQ(ModelDescriptionToJson(got), ModelDescriptionToJson(want));
}

TEST(TorchModuleTest, TrainsBitForBitAsTheSameModelWrittenWithNn) {
  std::vector<ToyOptions> cases;
  for (const char* blocks :
       {"{}", "{reshard_after_forward: false}", "{act_ckpt: composable}",
        "{act_ckpt: [wrapped, {save: [matmul]}], reshard_after_forward: false}",
        "{act_ckpt: wrapped_offload}",
        "{mp_policy: {param_dtype: bfloat16, output_dtype: float32}, "
        "act_ckpt: composable}",
        "{one_unit: true}"}) {
    cases.emplace_back().block_options = blocks;
  }
  cases.emplace_back().strategy = "unplanned: shard\n";
  cases.back().frozen_placement = "auto";
  // Freezes again what it trained first.
  cases.emplace_back().schedule =
      "0: {params: [norm.*, head.*], max_transition_epoch: 1}\n"
      "1: {params: ['layers.2.*'], freeze: [head.*], max_transition_epoch: 2, "
      "lr: 0.01}\n"
      "2: {params: ['layers.[01].*', emb.*, head.*], max_transition_epoch: 3, "
      "lr: 0.01}\n";
  for (const ToyOptions& options : cases) {
    for (const int world : {1, 2}) {
      SCOPED_TRACE(options.block_options + options.strategy + " world " +
                   std::to_string(world));
      RunRanks(world, [&](RankComms comms) {
        ToyRank toy(comms, options);
        const Result want = ThreePhases(
            *toy.session, toy.rank, world, [&](int64_t sample, int64_t parts) {
              return ToyLoss(*toy.model, sample, parts);
            });
        TorchRank r(comms, options);
        const Result got = ThreePhases(*r.session, r.rank, world,
                                       [&](int64_t sample, int64_t parts) {
                                         return Loss(r.model, sample, parts);
                                       });
        EXPECT_EQ(got.losses, want.losses);
        EXPECT_EQ(got.norms, want.norms);
        EXPECT_EQ(got.events, want.events);
        EXPECT_FALSE(world > 1 && got.events.empty());
        ExpectSameBits(got.values, want.values);
        for (int i = 0; i < kBlocks; ++i) {  // recomputations included
          EXPECT_EQ(r.model->block(i).forwards, toy.model->block(i).forwards);
          EXPECT_EQ(r.model->block(i).seen.item<float>(),
                    r.model->block(i).forwards);
        }
      });
    }
  }
}

// Gathered to full size, after a backward.
Values Gradients(shard::ShardEngine& engine) {
  EXPECT_TRUE(engine.CompleteGradients().ok());
  Values out;
  for (const auto& segment : engine.segments()) {
    at::Tensor full = segment->grad();
    if (segment->sharded()) {
      full = at::zeros({segment->padded()}, full.scalar_type());
      full.slice(0, segment->begin(),
                 segment->begin() + segment->grad().numel())
          .copy_(segment->grad());
      EXPECT_TRUE(
          (*engine.context().gather->AllGatherInPlace(full))->Wait().ok());
    }
    for (const auto& leaf : segment->leaves()) {
      out[leaf->name()] = leaf->RangeOf(full).clone();
    }
  }
  engine.ResetStep();
  return out;
}

// LibTorch's own layers, unsharded, every rank's sample in turn.
Values PlainGradients(int world, bool tie, bool twice) {
  user::ToyModel model(tie);
  model->twice = twice;
  for (int i = 0; i < kBlocks; ++i) model->block(i).as_torch_does = true;
  for (int sample = 0; sample < world; ++sample) {
    Loss(model, sample, world).backward();
  }
  Values out;
  for (const auto& entry : model->named_parameters()) {
    if (!tie || entry.key() != "head.weight") {
      out[entry.key()] = entry.value().grad().clone();
    }
  }
  return out;
}

TEST(TorchModuleTest, GradientsAreThoseOfPlainAutograd) {
  for (const char* blocks :
       {"{}", "{reshard_after_forward: false}", "{act_ckpt: composable}"}) {
    for (const int world : {1, 2}) {
      for (const bool tie : {false, true}) {
        for (const bool twice : {false, true}) {
          SCOPED_TRACE(std::string(blocks) + " world " + std::to_string(world) +
                       (tie ? " tied" : "") + (twice ? " twice" : ""));
          RunRanks(world, [&](RankComms comms) {
            ToyOptions options;
            options.block_options = blocks;
            options.phases = {"['.*']"};
            TorchRank r(comms, options, tie);
            r.model->twice = twice;
            for (int i = 0; i < kBlocks; ++i) {
              r.model->block(i).as_torch_does = true;
            }
            ASSERT_TRUE(r.session->EpochStart(0).ok());
            Loss(r.model, r.rank, world).backward();
            ExpectSameBits(Gradients(r.session->engine()),
                           PlainGradients(world, tie, twice));
          });
        }
      }
    }
  }
}

TEST(TorchModuleTest, AListOfTensorsTrainsWithoutModules) {
  const auto make = [] {
    at::Tensor x = at::arange(60, at::kFloat).sin();
    return std::vector<std::pair<std::string, at::Tensor>>{
        {"layers.0.w", x.slice(0, 0, 24).view({6, 4}).clone()},
        {"layers.1.w", x.slice(0, 24, 54).view({5, 6}).clone()},
        {"head.w", x.slice(0, 54, 59).view({1, 5}).clone()}};
  };
  const auto loss = [](const nn::Mirror& mirror, auto& named, int sample) {
    at::Tensor x = at::arange(8, at::kFloat).add(sample).cos().view({2, 4});
    for (const auto& [name, weight] : named) {
      x = mirror.CallOne(name.substr(0, name.size() - 2), x,
                         [w = weight](const at::Tensor& in) {
                           return at::linear(in, w).tanh();
                         });
    }
    return x.sum();
  };
  for (const int world : {1, 2}) {
    RunRanks(world, [&](RankComms comms) {
      auto plain = make();
      for (auto& [name, tensor] : plain) tensor.set_requires_grad(true);
      for (int i = 0; i < world; ++i) loss(nn::Mirror(), plain, i).backward();
      Values want;
      for (auto& [name, tensor] : plain) want[name] = tensor.grad();

      auto parameters = make();
      const nn::Mirror mirror = MustMirror(nn::MirrorOf(parameters));
      ToyOptions options;
      options.block_options = "{act_ckpt: composable}";
      options.phases = {"['.*']"};
      const auto session = MakeSession(mirror.root(), options, comms);
      ASSERT_TRUE(session->EpochStart(0).ok());
      loss(mirror, parameters, comms.first->rank()).backward();
      ExpectSameBits(Gradients(session->engine()), want);
    });
  }
}

// ---- Mistakes ---------------------------------------------------------------

// Trains with and without a boundary, and returns what is said without.
std::string ForgetABoundary(const RankComms& comms, bool bound) {
  ToyOptions options;
  options.phases = {"['.*']"};
  options.strategy = bound ? "binding: auto\n" : "binding: off\n";
  TorchRank r(comms, options);
  EXPECT_EQ(r.session->engine().bound(), bound);
  EXPECT_TRUE(r.session->EpochStart(0).ok());
  EXPECT_TRUE(r.Step().ok());
  r.model->forgotten = 1;
  const std::string said(r.Step().message());
  // A validation that does call it does not hide it.
  r.model->forgotten = -1;
  EXPECT_TRUE(r.Evaluate().ok());
  r.model->forgotten = 1;
  EXPECT_EQ(std::string(r.Step().message()), said);
  r.model->forgotten = -1;
  EXPECT_TRUE(r.Step().ok());
  return said;
}

TEST(TorchModuleTest, AForgottenBoundaryIsAnErrorOnAnyNumberOfRanks) {
  const std::string in_memory =
      "parameter 'layers.1.norm.weight' got a gradient, but its unit "
      "'layers.1' was not called in this step: nothing that the plan says of "
      "it was done. A model written without fts::nn must call the unit through "
      "its nn::Mirror (docs/attach.md)";
  RunRanks(1, [&](RankComms comms) {
    EXPECT_EQ(ForgetABoundary(comms, false), in_memory);
  });
  RunShmRanks(2, [&](RankComms comms) {
    EXPECT_EQ(ForgetABoundary(comms, true), in_memory);
  });
  RunRanks(2, [&](RankComms comms) {
    EXPECT_THAT(
        ForgetABoundary(comms, false),
        HasSubstr("parameter 'layers.1.norm.weight' was accessed while its "
                  "unit 'layers.1' is resharded: its values are not in memory. "
                  "Use it inside the unit's forward, or read full copies with "
                  "ForEachFull. A model written without fts::nn must call the "
                  "unit through its nn::Mirror (docs/attach.md)."));
  });
}

TEST(TorchModuleTest, AFrozenUnitWithoutBoundaryIsFineWhereItIsInMemory) {
  RunRanks(1, [&](RankComms comms) {
    TorchRank r(comms, {});
    ASSERT_TRUE(r.session->EpochStart(0).ok());
    r.model->forgotten = 1;  // frozen in phase 0: no gradient
    EXPECT_TRUE(r.Step().ok());
  });
}

TEST(TorchModuleTest, UsersMethodsOfTheModule) {
  RunRanks(2, [&](RankComms comms) {
    ToyOptions options;
    options.phases = {"['.*']"};
    TorchRank r(comms, options);
    ASSERT_TRUE(r.session->EpochStart(0).ok());
    ASSERT_TRUE(r.Step().ok());
    r.model->zero_grad();
    r.model->zero_grad(/*set_to_none=*/false);
    r.model->eval();
    r.model->train();
    for (const at::Tensor& parameter : r.model->parameters()) {
      EXPECT_FALSE(parameter.grad().defined());
      EXPECT_TRUE(parameter.requires_grad());
      EXPECT_GT(parameter.numel(), 0);
    }
    EXPECT_EQ(r.model->named_buffers().size(), 3u);
    EXPECT_EQ(r.model->block(0).seen.item<float>(), 1);
    EXPECT_TRUE(r.Step().ok());
    EXPECT_THROW(r.model->clone(), c10::Error);
  });
}

TEST(TorchModuleTest, ConvertingTheModelAfterwardsIsAnError) {
  const std::string rest =
      " is not where the session put it: something gave it other memory, as "
      "torch::nn::Module::to does. What is trained would no longer be what the "
      "model computes with; convert the model before the session is made, and "
      "choose dtypes with precision or mp_policy";
  for (const int world : {1, 2}) {
    RunRanks(world, [&](RankComms comms) {
      TorchRank r(comms, {});
      ASSERT_TRUE(r.session->EpochStart(0).ok());
      r.model->to(at::kFloat);  // what it is already
      EXPECT_TRUE(r.Step().ok());
      std::string thrown, want;
      try {
        r.model->to(at::kDouble);
      } catch (const std::exception& e) {
        thrown = e.what();
      }
      if (world == 1) {
        EXPECT_EQ(thrown, "");
        want = "parameter 'layers.0.norm.weight' of unit 'layers.0'" + rest;
      } else {
        EXPECT_THAT(thrown, HasSubstr("parameter 'layers.0.norm.weight' was "
                                      "accessed while its unit"));
        // What is whole on every rank was converted before that.
        want = "parameter 'emb.weight' of unit '(remainder)'" + rest;
      }
      for (const absl::Status& status : {r.Step(), r.Evaluate()}) {
        EXPECT_EQ(status, absl::FailedPreconditionError(want));
      }
    });
  }
}

TEST(TorchModuleTest, AfterItsSession) {
  RunRanks(1, [&](RankComms comms) {  // an ordinary module, trained
    ToyOptions options;
    options.phases = {"['.*']"};
    options.block_options = "{act_ckpt: composable}";
    TorchRank r(comms, options);
    ASSERT_TRUE(r.session->EpochStart(0).ok());
    ASSERT_TRUE(r.Step().ok());
    const at::Tensor weight = r.model->head->weight.detach().clone();
    EXPECT_FALSE(at::equal(weight, InitialValues().at("head.weight")));
    r.session.reset();
    EXPECT_TRUE(at::equal(r.model->head->weight, weight));
    Loss(r.model, 0, 1).backward();
    EXPECT_TRUE(r.model->head->weight.grad().defined());
  });
  RunRanks(2, [&](RankComms comms) {
    TorchRank r(comms, {});
    ASSERT_TRUE(r.session->EpochStart(0).ok());
    ASSERT_TRUE(r.Step().ok());
    Values trained;
    ASSERT_TRUE(r.session
                    ->ForEachFull(
                        [&](const std::string& name, const at::Tensor& value) {
                          trained[name] = value.clone();
                          return absl::OkStatus();
                        })
                    .ok());
    r.session.reset();
    EXPECT_THROW(Loss(r.model, 0, 1), c10::Error);
    // Its values are gone, another session brings values of its own.
    nn::Module& root = r.model->mirror.root();
    const auto lost = ValuesNow(root);
    Diagnostics diags;
    auto second =
        Session::Create(ModelParts(root), MakeSessionOptions(root, {}),
                        Ranks(comms.first, comms.second), &diags);
    ASSERT_TRUE(second.ok()) << second.status();
    r.session = *std::move(second);
    const absl::Status status = r.session->Load(lost);
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("' was accessed while its unit '"));
    ASSERT_TRUE(r.session->Load(LoadFrom(trained)).ok());
    ASSERT_TRUE(r.session->RunStart().ok());
    ASSERT_TRUE(r.session->EpochStart(0).ok());
    EXPECT_TRUE(r.Step().ok());
  });
}

TEST(TorchModuleTest, PartsAreChecked) {
  RunRanks(1, [&](RankComms comms) {
    user::ToyModel model;
    model->emb->weight.set_requires_grad(false);
    const nn::Mirror mirror = MustMirror(nn::MirrorOf(*model));
    const auto values = ValuesNow(mirror.root());
    EXPECT_EQ(values("head.bias", 0, 1, at::zeros({1})),
              absl::NotFoundError("parameter 'head.bias' is not in the model "
                                  "whose values are loaded"));
    at::Tensor read = at::zeros({3});
    EXPECT_TRUE(values("head.weight", 4, 7, read).ok());
    EXPECT_TRUE(at::equal(read, model->head->weight.flatten().slice(0, 4, 7)));

    SessionModel parts = ModelParts(mirror.root());
    parts.parameters[0].tensor = parts.parameters[0].tensor.to(at::kMeta);
    Diagnostics diags;
    EXPECT_EQ(Session::Create(parts, MakeSessionOptions(mirror.root(), {}),
                              Ranks(comms.first, comms.second), &diags)
                  .status(),
              absl::InvalidArgumentError(
                  "parameter 'emb.weight' is on the meta device, which has no "
                  "memory to train in; make the model on the CPU"));
  });
}

}  // namespace
}  // namespace fts::testing
