// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Prefetching, placement of what is frozen, accumulation and the search for NaN
// as a session runs them: the same numbers whatever is chosen, what moves, and
// what is said when a step fails.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "fts/core/session/session.h"
#include "fts/core/session/testing/toy_model.h"

namespace fts::testing {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;
using shard::Holding;

struct Result {
  std::vector<double> losses, norms;
  std::map<std::string, at::Tensor> values;
};

// Three phases of three steps with two micro-steps each.
Result Trained(const RankComms& comms, const ToyOptions& options) {
  ToyRank r(comms, options);
  Result out;
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    EXPECT_TRUE(r.session->EpochStart(epoch).ok());
    for (int64_t step = 0; step < 3; ++step) {
      const StepResult got = r.Step(3 * epoch + step, /*micro=*/2);
      out.losses.push_back(got.loss);
      out.norms.push_back(got.grad_norm);
      EXPECT_TRUE(r.session->StepEnd(3 * epoch + step).ok());
    }
    EXPECT_TRUE(r.session
                    ->Evaluate([&] {
                      ToyLoss(*r.model, 0, 1);
                      return absl::OkStatus();
                    })
                    .ok());
    EXPECT_TRUE(r.session->EpochEnd(epoch).ok());
  }
  out.values = r.Values();
  return out;
}

TEST(SessionFlowTest, NoChoiceChangesTheNumbers) {
  for (const char* precision : {"float32", "bfloat16"}) {
    RunRanks(2, [&](RankComms comms) {
      ToyOptions base;
      base.precision.param = precision;
      base.strategy = "prefetch: off\n";
      const Result want = Trained(comms, base);
      const auto bits = [&](const char* name, const ToyOptions& options) {
        SCOPED_TRACE(name);
        const Result got = Trained(comms, options);
        EXPECT_EQ(got.losses, want.losses);
        EXPECT_EQ(got.norms, want.norms);
        for (const auto& [key, value] : want.values) {
          EXPECT_TRUE(at::equal(got.values.at(key), value)) << key;
        }
      };
      ToyOptions options = base;
      options.strategy = "";
      bits("prefetch", options);
      options.block_options = "{act_ckpt: composable}";
      bits("prefetch and checkpointing", options);
      options.block_options =
          "{forward_prefetch: [head], backward_prefetch: [layers.0]}";
      bits("lists", options);
      options.block_options =
          "{reshard_after_backward: false, reshard_after_forward: false}";
      bits("kept", options);
      options = base;
      for (const char* placement : {"auto", "resident"}) {
        options.frozen_placement = placement;
        bits(placement, options);
      }
      options.strategy = "find_nonfinite: true\n";
      bits("everything looked at", options);

      options = base;
      options.strategy = "accumulation: unsharded\n";
      const Result got = Trained(comms, options);
      const double tolerance =
          std::string(precision) == "float32" ? 1e-5 : 2e-2;
      for (size_t i = 0; i < want.losses.size(); ++i) {
        EXPECT_NEAR(got.losses[i], want.losses[i],
                    tolerance * std::abs(want.losses[i]));
      }
    });
  }
}

TEST(SessionFlowTest, ResidentFrozenUnitsMoveNothingAfterTheFirstStep) {
  RunRanks(2, [&](RankComms comms) {
    for (const char* placement : {"auto", "resident"}) {
      ToyOptions options;
      options.frozen_placement = placement;
      ToyRank r(comms, options);
      shard::Ledger& ledger = r.session->engine().ledger();
      for (int64_t epoch = 0; epoch < 3; ++epoch) {
        ASSERT_TRUE(r.session->EpochStart(epoch).ok());
        r.Step(3 * epoch);
        ledger.StartPhase();
        r.Step(3 * epoch + 1);
        r.Step(3 * epoch + 2);
        ASSERT_TRUE(r.session
                        ->Evaluate([&] {
                          ToyLoss(*r.model, 0, 1);
                          return absl::OkStatus();
                        })
                        .ok());
        EXPECT_EQ(ledger.frozen_gathered.bytes, 0) << placement;
        EXPECT_EQ(ledger.frozen_gathered.calls, 0);
        EXPECT_GT(ledger.gathered.bytes, 0);  // what trains
        ASSERT_TRUE(r.session->StepEnd(epoch).ok());
        ASSERT_TRUE(r.session->EpochEnd(epoch).ok());
      }
    }
  });
}

// Restoring the best writes shards that live in the gathered form.
TEST(SessionFlowTest, RestoringTheBestWorksWithResidentUnits) {
  RunRanks(2, [&](RankComms comms) {
    std::vector<std::map<std::string, at::Tensor>> got;
    for (const char* placement : {"sharded", "resident"}) {
      ToyOptions options;
      options.early_stopping = true;
      options.restore_best = true;
      options.frozen_placement = placement;
      options.schedule =
          "0: {params: ['layers.2.*', norm.*, head.*]}\n"
          "1: {params: ['layers.1.*'], freeze: ['layers.2.*'], lr: 0.01}\n"
          "2: {params: ['layers.0.*', 'layers.2.*', emb.*], lr: 0.01}\n";
      ToyRank r(comms, options);
      // Epochs 2 and 3 end a phase and restore what epoch 1 was.
      const double metrics[] = {3, 2, 4, 5, 1};
      for (int64_t epoch = 0; epoch < 5; ++epoch) {
        r.Epoch(epoch, 2, metrics[epoch]);
      }
      EXPECT_EQ(r.session->scheduler().phase(), 2);
      got.push_back(r.Values());
    }
    for (const auto& [name, value] : got[0]) {
      EXPECT_TRUE(at::equal(got[1].at(name), value)) << name;
    }
  });
}

std::string StepError(const RankComms& comms, bool searched,
                      const std::function<at::Tensor(ToyRank&)>& loss) {
  ToyOptions options;
  if (searched) options.strategy = "find_nonfinite: true\n";
  ToyRank r(comms, options);
  EXPECT_TRUE(r.session->EpochStart(0).ok());
  const auto before = r.Values();
  const absl::Status status =
      r.session->TrainStep(1, [&](int64_t) { return loss(r); }).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  const auto after = r.Values();
  for (const auto& [name, value] : before) {
    EXPECT_TRUE(at::equal(after.at(name), value)) << name;
  }
  EXPECT_TRUE(r.TryStep(1).ok());
  return std::string(status.message());
}

TEST(SessionFlowTest, AStepThatIsNotFiniteSaysWhereThatBegan) {
  RunRanks(2, [&](RankComms comms) {
    const auto bad_gradient = [](ToyRank& r) {
      const at::Tensor loss = ToyLoss(*r.model, 0, 2);
      if (r.rank == 1) {
        r.model->Parameter("head.weight").register_hook([](at::Tensor grad) {
          return grad * std::nan("");
        });
      }
      return loss;
    };
    // The hook stays on the parameter, so that the next step fails too.
    ToyOptions options;
    options.strategy = "find_nonfinite: true\n";
    ToyRank r(comms, options);
    ASSERT_TRUE(r.session->EpochStart(0).ok());
    EXPECT_EQ(
        std::string(
            r.session->TrainStep(1, [&](int64_t) { return bad_gradient(r); })
                .status()
                .message()),
        "the gradient norm is nan; nothing was updated. First not finite: the "
        "gradient of head.weight on rank 1. Lower the learning rate, set "
        "trainer.clip_grad_norm, or "
        "look at the data");
    EXPECT_EQ(
        StepError(comms, false,
                  [](ToyRank& r) {
                    const at::Tensor loss = ToyLoss(*r.model, 0, 2);
                    return r.rank == 0 ? loss / 0 : loss;
                  }),
        "the training loss is inf; nothing was updated. First not finite: "
        "the loss on rank 0. Lower the learning rate, set "
        "trainer.clip_grad_norm, or look at the data; "
        "strategy_adapter_cfg.find_nonfinite: true finds the tensor that "
        "began it");
  });
}

TEST(SessionFlowTest, AnEvaluationThatThrowsLeavesNothingGathered) {
  RunRanks(2, [&](RankComms comms) {
    ToyRank r(comms, {});
    ASSERT_TRUE(r.session->EpochStart(0).ok());
    shard::Ledger& ledger = r.session->engine().ledger();
    r.Step(0);
    const int64_t replicated = ledger.now(Holding::kGathered);
    EXPECT_FALSE(r.session
                     ->Evaluate([&]() -> absl::Status {
                       auto unit = r.session->engine().FindUnit("layers.0");
                       EXPECT_TRUE(unit->PreForward({}).ok());
                       throw std::runtime_error("user");
                     })
                     .ok());
    EXPECT_EQ(ledger.now(Holding::kGathered), replicated);
    EXPECT_TRUE(r.TryStep(1).ok());
  });
}

}  // namespace
}  // namespace fts::testing
