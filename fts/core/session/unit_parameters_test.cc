// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Where a unit's parameters are and how their gradients are summed:
// ignored_params, offload policies on a CPU, gradient_divide_factor.
#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "fts/core/session/session.h"
#include "fts/core/session/testing/mixed_training.h"
#include "fts/core/session/testing/toy_model.h"

namespace fts::testing {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;
using shard::Holding;

// What one rank did in three phases of two steps.
struct Result {
  std::vector<double> losses, norms;
  std::vector<std::string> events;
  std::vector<int64_t> ledger;
  std::map<std::string, at::Tensor> values;
};

void ThreePhases(ToyRank& rank, Result* out, int64_t micro = 1) {
  shard::ShardEngine& engine = rank.session->engine();
  engine.trace().Enable(true);
  int64_t step = 0;
  for (int phase = 0; phase < 3; ++phase) {
    ASSERT_TRUE(rank.session->EpochStart(phase).ok());
    engine.ledger().StartPhase();
    for (int i = 0; i < 2; ++i, ++step) {
      const StepResult result = rank.Step(step, micro);
      out->losses.push_back(result.loss);
      out->norms.push_back(result.grad_norm);
      ASSERT_TRUE(rank.session->StepEnd(step).ok());
    }
    const shard::Ledger& ledger = engine.ledger();
    for (int i = 0; i < shard::kNumHoldings; ++i) {
      out->ledger.push_back(ledger.now(static_cast<Holding>(i)));
      out->ledger.push_back(ledger.peak(static_cast<Holding>(i)));
    }
    for (const shard::Traffic& t : {ledger.gathered, ledger.frozen_gathered,
                                    ledger.reduced, ledger.all_reduced}) {
      out->ledger.push_back(t.calls);
      out->ledger.push_back(t.bytes);
    }
    out->ledger.push_back(ledger.peak_total());
    rank.session->SetMetric("val_loss", 1);
    ASSERT_TRUE(rank.session->ValidationEnd(phase).ok());
    ASSERT_TRUE(rank.session->EpochEnd(phase).ok());
  }
  out->events = engine.trace().Take();
  out->values = rank.Values();
}

// Of rank 0.
Result RunThreePhases(int world, const ToyOptions& options, int64_t micro = 1) {
  Result out;
  RunRanks(world, [&](RankComms comms) {
    ToyRank rank(comms, options);
    Result mine;
    ThreePhases(rank, &mine, micro);
    if (::testing::Test::HasFatalFailure()) return;
    EXPECT_TRUE(rank.session->engine().CheckReplicas().ok());
    if (rank.rank == 0) out = std::move(mine);
  });
  return out;
}

void ExpectSameBits(const Result& got, const Result& want) {
  EXPECT_EQ(got.losses, want.losses);
  for (const auto& [name, value] : want.values) {
    EXPECT_TRUE(at::equal(got.values.at(name), value)) << name;
  }
}

ToyOptions WithBlocks(const std::string& block_options) {
  ToyOptions options;
  options.block_options = block_options;
  return options;
}

// On a CPU the host is where everything is already.
TEST(UnitParameters, OffloadChangesNothingOnACpu) {
  for (const int world : {1, 2}) {
    for (const bool shard_rest : {false, true}) {
      ToyOptions plain;
      plain.precision.param = "bfloat16";
      if (shard_rest) plain.strategy = "unplanned: shard\n";
      const Result want = RunThreePhases(world, plain);
      for (const char* policy :
           {"cpu_offload_policy: {}", "offload_policy: {pin_memory: true}",
            "offload_policy: {pin_memory: false}"}) {
        SCOPED_TRACE(std::string(policy) + " world " + std::to_string(world));
        ToyOptions options = plain;
        options.strategy +=
            std::string("fsdp_default_kwargs: {") + policy + "}\n";
        const Result got = RunThreePhases(world, options);
        ExpectSameBits(got, want);
        EXPECT_EQ(got.events, want.events);
        EXPECT_EQ(got.ledger, want.ledger);
        EXPECT_FALSE(got.events.empty() && world > 1);
      }
    }
  }
}

// Ignored parameters train like the others, replicated.
TEST(UnitParameters, IgnoredParamsTrainAsPartOfTheRemainder) {
  for (const int world : {1, 2, 4}) {
    for (const char* more : {"", ", act_ckpt: composable"}) {
      SCOPED_TRACE(std::string(more) + " world " + std::to_string(world));
      std::vector<MixedPiece> pieces;
      for (MixedPiece piece : ToyPieces()) {
        if (piece.parameters.size() == 5) {  // a block
          MixedPiece ignored = piece;
          ignored.sharded = false;
          ignored.parameters = {piece.parameters[0], piece.parameters[4]};
          piece.parameters.pop_back();
          piece.parameters.erase(piece.parameters.begin());
          pieces.push_back(std::move(ignored));
        }
        pieces.push_back(std::move(piece));
      }
      MixedTraining plain(world, std::move(pieces));
      for (int step = 0; step < 4; ++step) plain.Step();
      RunRanks(world, [&](RankComms comms) {
        ToyOptions options = WithBlocks(
            std::string("{ignored_params: ['layers.\\d.norm.weight', "
                        "layers.0.down.bias, layers.1.down.bias, "
                        "layers.2.down.bias]") +
            more + "}");
        options.phases = {"['.*']"};
        ToyRank rank(comms, options);
        shard::ShardEngine& engine = rank.session->engine();
        ASSERT_TRUE(rank.session->EpochStart(0).ok());
        engine.ledger().StartPhase();
        for (int step = 0; step < 4; ++step) rank.Step(step);
        int64_t sharded = 0, replicated = 0;
        for (const auto& segment : engine.segments()) {
          (segment->replicated() ? replicated : sharded) += segment->numel();
        }
        EXPECT_EQ(sharded, kBlocks * (168 - 6 - 6) + 66);
        EXPECT_EQ(replicated, kBlocks * 12 + 66 + 6);
        // One bucket for all of it, however many units it comes from.
        EXPECT_EQ(engine.ledger().all_reduced.calls, world == 1 ? 0 : 4);
        EXPECT_TRUE(engine.CheckReplicas().ok());
        const auto values = rank.Values();
        for (const auto& [name, value] : plain.Values()) {
          EXPECT_TRUE(at::allclose(values.at(name), value, 1e-5, 1e-6)) << name;
        }
      });
      if (HasFailure()) return;
    }
  }
}

TEST(UnitParameters, IgnoredParamsFollowTheSchedule) {
  const Result want = RunThreePhases(2, WithBlocks("{}"));
  const Result got =
      RunThreePhases(2, WithBlocks("{ignored_params: ['.*norm.weight']}"));
  ASSERT_EQ(got.losses.size(), want.losses.size());
  for (size_t i = 0; i < want.losses.size(); ++i) {
    EXPECT_NEAR(got.losses[i], want.losses[i], 1e-5 * want.losses[i]);
    EXPECT_NEAR(got.norms[i], want.norms[i], 1e-4 * want.norms[i]);
  }
}

// No momentum and no decay: dividing gradients by f is dividing the rate by f.
ToyOptions Sgd(double lr, const std::string& strategy,
               const std::string& block_options = "{}") {
  ToyOptions options = WithBlocks(block_options);
  options.optimizer = "sgd";
  options.optimizer_args = "{lr: " + std::to_string(lr) + "}";
  options.phases = {"['.*']"};
  options.strategy = strategy;
  return options;
}

Result RunOnePhase(int world, const ToyOptions& options) {
  Result out;
  RunRanks(world, [&](RankComms comms) {
    ToyRank rank(comms, options);
    rank.session->engine().trace().Enable(true);
    Result mine;
    ASSERT_TRUE(rank.session->EpochStart(0).ok());
    for (int step = 0; step < 4; ++step) {
      const StepResult result = rank.Step(step, /*micro=*/2);
      mine.losses.push_back(result.loss);
      mine.norms.push_back(result.grad_norm);
    }
    mine.events = rank.session->engine().trace().Take();
    mine.values = rank.Values();
    EXPECT_TRUE(rank.session->engine().CheckReplicas().ok());
    if (rank.rank == 0) out = std::move(mine);
  });
  return out;
}

TEST(UnitParameters, TheDivideFactorDividesEveryGradientOnce) {
  for (const int world : {1, 2}) {
    for (const char* reduce : {"float32", "float16", "bfloat16"}) {
      SCOPED_TRACE(std::string(reduce) + " world " + std::to_string(world));
      const std::string policy =
          std::string("{mp_policy: {reduce_dtype: ") + reduce + "}}";
      const Result want = RunOnePhase(world, Sgd(0.125, "", policy));
      Result got =
          RunOnePhase(world, Sgd(0.5, "gradient_divide_factor: 4\n", policy));
      // Powers of two: every bit is the same, but for float16's small numbers.
      if (std::string(reduce) != "float16") {
        ExpectSameBits(got, want);
      }
      for (size_t i = 0; i < want.losses.size(); ++i) {
        EXPECT_NEAR(got.losses[i], want.losses[i], 1e-4 * want.losses[i]);
        EXPECT_NEAR(got.norms[i] * 4, want.norms[i], 1e-3 * want.norms[i]);
      }
      EXPECT_EQ(got.events, want.events);
      // 1 is what no factor is.
      got = RunOnePhase(world,
                        Sgd(0.125, "gradient_divide_factor: 1.0\n", policy));
      ExpectSameBits(got, want);
      EXPECT_EQ(got.events, want.events);
    }
  }
}

}  // namespace
}  // namespace fts::testing
