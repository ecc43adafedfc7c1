// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// mp_policy: units that compute and reduce in dtypes of their own, against
// plain autograd over masters, bit for bit; casts; counts; late thaws.
#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fts/core/session/session.h"
#include "fts/core/session/testing/mixed_training.h"
#include "fts/core/session/testing/toy_model.h"

namespace fts::testing {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;
using ::testing::Each;
using ::testing::HasSubstr;

const std::vector<std::string> kOnePhase = {"['.*']"};

PrecisionSpec Precision(const std::string& param, const std::string& reduce,
                        const std::string& master) {
  PrecisionSpec out;
  out.param = param;
  out.reduce = reduce;
  out.master = master;
  return out;
}

// A policy of the blocks; head and remainder follow the precision.
struct Case {
  std::string policy;
  PrecisionSpec precision;
  std::optional<at::ScalarType> inputs, outputs;  // what is cast
  MixedPiece blocks, others;                      // dtypes only
};

MixedPiece In(at::ScalarType param, at::ScalarType reduce,
              at::ScalarType master) {
  MixedPiece out;
  out.param = param;
  out.reduce = reduce;
  out.master = master;
  return out;
}

std::vector<Case> Cases() {
  const PrecisionSpec full = Precision("float32", "float32", "float32");
  const PrecisionSpec mixed = Precision("bfloat16", "float32", "float32");
  const PrecisionSpec half = Precision("bfloat16", "bfloat16", "bfloat16");
  const MixedPiece wide = In(at::kFloat, at::kFloat, at::kFloat);
  return {
      {"{param_dtype: bfloat16, output_dtype: float32}", full, at::kBFloat16,
       at::kFloat, In(at::kBFloat16, at::kFloat, at::kFloat), wide},
      {"{param_dtype: bfloat16, reduce_dtype: bfloat16, output_dtype: float32}",
       full, at::kBFloat16, at::kFloat,
       In(at::kBFloat16, at::kBFloat16, at::kFloat), wide},
      {"{param_dtype: float16, output_dtype: float32}", full, at::kHalf,
       at::kFloat, In(at::kHalf, at::kFloat, at::kFloat), wide},
      {"{param_dtype: float64, output_dtype: float32}", full, at::kDouble,
       at::kFloat, In(at::kDouble, at::kDouble, at::kDouble), wide},
      {"{reduce_dtype: float64}", full, at::kFloat, std::nullopt,
       In(at::kFloat, at::kDouble, at::kFloat), wide},
      {"{param_dtype: float32, output_dtype: bfloat16}", mixed, at::kFloat,
       at::kBFloat16, wide, In(at::kBFloat16, at::kFloat, at::kFloat)},
      {"{param_dtype: null, reduce_dtype: null, output_dtype: bfloat16}", mixed,
       std::nullopt, at::kBFloat16, wide,
       In(at::kBFloat16, at::kFloat, at::kFloat)},
      {"{param_dtype: float32, output_dtype: torch.bfloat16}", half, at::kFloat,
       at::kBFloat16, wide, In(at::kBFloat16, at::kBFloat16, at::kBFloat16)},
  };
}

void TakeDtypes(const MixedPiece& from, MixedPiece* to) {
  to->param = from.param;
  to->reduce = from.reduce;
  to->master = from.master;
}

std::unique_ptr<MixedTraining> Reference(int world, const Case& c) {
  std::vector<MixedPiece> pieces = ToyPieces();
  for (int i = 0; i < static_cast<int>(pieces.size()); ++i) {
    TakeDtypes(i < kBlocks ? c.blocks : c.others, &pieces[i]);
  }
  auto out = std::make_unique<MixedTraining>(world, std::move(pieces));
  for (int i = 0; i < kBlocks; ++i) {
    out->Cast("layers." + std::to_string(i), c.inputs, c.outputs);
  }
  return out;
}

void ExpectSameValues(const std::map<std::string, at::Tensor>& got,
                      const std::map<std::string, at::Tensor>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (const auto& [name, value] : want) {
    EXPECT_EQ(got.at(name).scalar_type(), value.scalar_type()) << name;
    EXPECT_TRUE(at::equal(got.at(name), value)) << name;
  }
}

ToyOptions OptionsFor(const Case& c, const std::string& more = "") {
  ToyOptions options;
  options.block_options = "{mp_policy: " + c.policy + more + "}";
  options.precision = c.precision;
  options.phases = kOnePhase;
  return options;
}

TEST(MpPolicy, EqualsPlainTrainingOverMasters) {
  for (const Case& c : Cases()) {
    for (const int world : {1, 2}) {
      for (const char* more :
           {"", ", act_ckpt: composable", ", reshard_after_forward: false"}) {
        SCOPED_TRACE(c.policy + more + " world " + std::to_string(world));
        const auto plain = Reference(world, c);
        std::vector<double> losses;
        for (int step = 0; step < 4; ++step) {
          losses.push_back(plain->Step(step % 2 + 1));
        }
        RunRanks(world, [&](RankComms comms) {
          ToyRank rank(comms, OptionsFor(c, more));
          ASSERT_TRUE(rank.session->EpochStart(0).ok());
          int64_t sample = 0;
          for (int step = 0; step < 4; ++step) {
            const int64_t micro = step % 2 + 1;
            const auto result = rank.session->TrainStep(micro, [&](int64_t k) {
              return absl::StatusOr<at::Tensor>(ToyLoss(
                  *rank.model, sample + k * world + rank.rank, micro * world));
            });
            ASSERT_TRUE(result.ok()) << result.status();
            EXPECT_EQ(result->loss, losses[step]);
            sample += micro * world;
          }
          ExpectSameValues(rank.Values(), plain->Values());
        });
        if (HasFailure()) return;
      }
    }
  }
}

// The bug of pytorch#186998: what first runs frozen and thaws later was reduced
// in the dtype it computes in.
TEST(MpPolicy, WhatThawsLateIsReducedInTheReduceDtype) {
  const Case c = Cases()[0];
  // As ToyOptions::phases: head and norm, the last block, everything. The norm
  // stands in the remainder with emb, which thaws last.
  std::vector<MixedPiece> pieces = ToyPieces();
  for (int i = 0; i < kBlocks; ++i) TakeDtypes(c.blocks, &pieces[i]);
  MixedPiece norm = pieces.back();
  norm.parameters = {"norm.weight"};
  pieces.back().parameters = {"emb.weight"};
  pieces.push_back(norm);
  MixedTraining reference(2, pieces);
  for (int i = 0; i < kBlocks; ++i) {
    reference.Cast("layers." + std::to_string(i), c.inputs, c.outputs);
  }
  for (int i = 0; i < 2; ++i) reference.Step(1, {3, 5});
  for (int i = 0; i < 2; ++i) reference.Step(1, {3, 5, 2});
  for (int i = 0; i < 2; ++i) reference.Step(1, {3, 5, 2, 0, 1, 4});
  RunRanks(2, [&](RankComms comms) {
    ToyOptions options = OptionsFor(c);
    options.phases = ToyOptions().phases;
    ToyRank rank(comms, options);
    shard::Ledger& ledger = rank.session->engine().ledger();
    int64_t step = 0;
    for (int phase = 0; phase < 3; ++phase) {
      ASSERT_TRUE(rank.session->EpochStart(phase).ok());
      ledger.StartPhase();
      for (int i = 0; i < 2; ++i, ++step) {
        rank.Step(step);
        ASSERT_TRUE(rank.session->StepEnd(step).ok());
      }
      // Blocks have 168 numbers, padded to 192, the head 66, padded to 96.
      EXPECT_EQ(ledger.reduced.bytes, 2 * 4 *
                                          (96 + 192 * (phase == 0   ? 0
                                                       : phase == 1 ? 1
                                                                    : 3)));
      rank.session->SetMetric("val_loss", 1);
      ASSERT_TRUE(rank.session->ValidationEnd(phase).ok());
      ASSERT_TRUE(rank.session->EpochEnd(phase).ok());
    }
    for (const auto& segment : rank.session->engine().segments()) {
      EXPECT_EQ(segment->dtypes().reduce, at::kFloat);
      EXPECT_EQ(segment->shard().scalar_type(), at::kFloat);
    }
    ExpectSameValues(rank.Values(), reference.Values());
  });
}

// Values stored in two dtypes: two segments of one unit, each gathered and
// reduced by itself, all computed in the unit's dtype.
TEST(MpPolicy, MixedDtypesInOneUnit) {
  for (const int world : {1, 2}) {
    SCOPED_TRACE(world);
    const Case c = Cases()[0];
    std::vector<MixedPiece> pieces = ToyPieces();
    auto start = InitialValues();
    for (int i = 0; i < kBlocks; ++i) {
      TakeDtypes(c.blocks, &pieces[i]);
      MixedPiece linear = pieces[i];  // stored in bf16, so read as that
      linear.parameters.erase(linear.parameters.begin());
      for (const std::string& name : linear.parameters) {
        start[name] = start[name].to(at::kBFloat16).to(at::kFloat);
      }
      pieces[i].parameters.resize(1);
      pieces.push_back(std::move(linear));
    }
    MixedTraining reference(world, std::move(pieces), start);
    for (int i = 0; i < kBlocks; ++i) {
      reference.Cast("layers." + std::to_string(i), c.inputs, c.outputs);
    }
    for (int step = 0; step < 3; ++step) reference.Step();
    RunRanks(world, [&](RankComms comms) {
      ToyOptions options = OptionsFor(c, ", act_ckpt: composable");
      options.prepare = [](ToyModel& model) {
        for (auto& [name, tensor] : model.NamedParameters()) {
          if (name.find(".up.") != std::string::npos ||
              name.find(".down.") != std::string::npos) {
            tensor.set_data(tensor.to(at::kBFloat16));
          }
        }
      };
      ToyRank rank(comms, options);
      const auto& block = rank.session->engine().units()[0]->segments();
      ASSERT_EQ(block.size(), 2u);
      // Frozen, what is stored as it computes needs no master.
      EXPECT_EQ(block[0]->shard().scalar_type(), at::kFloat);
      ASSERT_TRUE(rank.session->EpochStart(0).ok());
      shard::Ledger& ledger = rank.session->engine().ledger();
      ledger.StartPhase();
      for (int step = 0; step < 3; ++step) rank.Step(step);
      EXPECT_EQ(ledger.reduced.calls, world == 1 ? 0 : 3 * (2 * kBlocks + 1));
      for (const auto& segment : block) {
        EXPECT_EQ(segment->dtypes().compute, at::kBFloat16);
        EXPECT_EQ(segment->shard().scalar_type(), at::kFloat);
      }
      ExpectSameValues(rank.Values(), reference.Values());
    });
    if (HasFailure()) return;
  }
}

// The same collectives in the same order as without a policy, and half the
// bytes of the blocks. (Units are released earlier: a unit's backward ends at
// the cast of its input, before that of the unit below begins.)
TEST(MpPolicy, MovesHalfTheBytesInTheSameOrder) {
  const auto run = [](const std::string& block_options) {
    std::vector<std::string> events;
    int64_t bytes = 0, calls = 0;
    RunRanks(2, [&](RankComms comms) {
      ToyOptions options;
      options.block_options = block_options;
      options.phases = kOnePhase;
      ToyRank rank(comms, options);
      ASSERT_TRUE(rank.session->EpochStart(0).ok());
      rank.session->engine().ledger().StartPhase();
      rank.session->engine().trace().Enable(true);
      rank.Step(0);
      if (rank.rank != 0) return;
      for (const std::string& e : rank.session->engine().trace().Take()) {
        if (e.rfind("all_", 0) == 0 || e.rfind("reduce_", 0) == 0) {
          events.push_back(e);
        }
      }
      bytes = rank.session->engine().ledger().gathered.bytes;
      calls = rank.session->engine().ledger().gathered.calls;
    });
    return std::make_tuple(events, calls, bytes);
  };
  const auto [events, calls, bytes] = run("{}");
  const auto [half_events, half_calls, half_bytes] =
      run("{mp_policy: {param_dtype: bfloat16, output_dtype: float32}}");
  EXPECT_EQ(half_events, events);
  EXPECT_EQ(calls, 8);
  EXPECT_EQ(half_calls, 8);
  EXPECT_EQ(bytes, 4 * 2 * (96 + kBlocks * 192));
  EXPECT_EQ(half_bytes, 4 * 2 * 96 + 2 * 2 * kBlocks * 192);
}

// Dtypes that a module sees, recomputations included.
class Watch : public nn::Interceptor {
 public:
  nn::Tensors Intercept(nn::Module&, nn::Tensors inputs,
                        const Next& next) override {
    inputs_seen.push_back(inputs[0].scalar_type());
    nn::Tensors outputs = next(std::move(inputs));
    outputs_seen.push_back(outputs[0].scalar_type());
    return outputs;
  }
  std::vector<at::ScalarType> inputs_seen, outputs_seen;
};

// A checkpointed block around units of its own: their casts run again.
TEST(MpPolicy, ARecomputationCastsAgain) {
  std::map<std::string, at::Tensor> values[2];
  for (const bool checkpoint : {false, true}) {
    RunRanks(2, [&](RankComms comms) {
      ToyOptions options;
      options.plan = false;
      options.phases = kOnePhase;
      options.strategy =
          std::string(
              "fsdp_plan:\n"
              "  'layers.\\d.up$': {mp_policy: {param_dtype: bfloat16}}\n"
              "  'layers.\\d.down$': {mp_policy: {param_dtype: float32}}\n"
              "  'layers.\\d*$': ") +
          (checkpoint ? "{act_ckpt: composable}\n" : "{}\n");
      ToyRank rank(comms, options);
      const auto up = std::make_shared<Watch>();
      const auto down = std::make_shared<Watch>();
      rank.model->FindModule("layers.1.up")->AddInterceptor(up);
      rank.model->FindModule("layers.1.down")->AddInterceptor(down);
      ASSERT_TRUE(rank.session->EpochStart(0).ok());
      for (int step = 0; step < 3; ++step) rank.Step(step);
      const size_t calls = checkpoint ? 6 : 3;
      EXPECT_EQ(up->inputs_seen.size(), calls);
      EXPECT_THAT(up->inputs_seen, Each(at::kBFloat16));
      EXPECT_THAT(up->outputs_seen, Each(at::kBFloat16));
      EXPECT_EQ(down->inputs_seen.size(), calls);
      EXPECT_THAT(down->inputs_seen, Each(at::kFloat));
      const auto mine = rank.Values();
      if (rank.rank == 0) values[checkpoint] = mine;
    });
    if (HasFailure()) return;
  }
  ExpectSameValues(values[1], values[0]);
}

TEST(MpPolicy, WithoutTheCastAWrongInputIsAnErrorAndNothingIsUpdated) {
  RunRanks(2, [&](RankComms comms) {
    ToyOptions options;
    options.phases = kOnePhase;
    options.block_options =
        "{mp_policy: {param_dtype: bfloat16, cast_forward_inputs: false}}";
    ToyRank rank(comms, options);
    ASSERT_TRUE(rank.session->EpochStart(0).ok());
    const auto before = rank.Values();
    const auto result = rank.TryStep(0);
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInternal);
    EXPECT_THAT(std::string(result.status().message()), HasSubstr("dtype"));
    ExpectSameValues(rank.Values(), before);
  });
}

}  // namespace
}  // namespace fts::testing
