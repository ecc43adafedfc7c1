// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The bound form against the sharded one, over the same shared memory: bits,
// barriers, what it holds, what it does not do. Ranks are threads.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fts/core/plan/memory.h"
#include "fts/core/plan/optimizer_moments.h"
#include "fts/core/session/session.h"
#include "fts/core/session/testing/shm_ranks.h"
#include "fts/core/session/testing/toy_model.h"

namespace fts::testing {
namespace {

using comm::testing::RankComms;
using shard::Holding;
using ::testing::HasSubstr;

constexpr char kAuto[] = "binding: auto\n";
constexpr char kOff[] = "binding: off\n";

// What a run leaves: rank 0's.
struct Trail {
  std::vector<double> losses, norms;
  std::map<std::string, at::Tensor> values;
};

struct Drive {
  int64_t micro = 1;
  int64_t epochs = 3;
  bool evaluate = false;
  // The metric of each epoch; falling when empty.
  std::vector<double> metrics;
};

Trail Follow(int world, ToyOptions options, const std::string& binding,
             const Drive& drive = {}) {
  options.strategy += binding;
  Trail trail;
  RunShmRanks(world, [&](RankComms comms) {
    ToyRank r(comms, options);
    shard::ShardEngine& engine = r.session->engine();
    EXPECT_EQ(engine.bound(), binding == kAuto);
    int64_t step = 0;
    for (int64_t epoch = 0; epoch < drive.epochs; ++epoch) {
      ASSERT_TRUE(r.session->EpochStart(epoch).ok());
      for (int i = 0; i < 2; ++i, ++step) {
        const auto result = r.TryStep(step, drive.micro);
        ASSERT_TRUE(result.ok()) << result.status();
        ASSERT_TRUE(r.session->StepEnd(step).ok());
        if (r.rank == 0) trail.losses.push_back(result->loss);
        if (r.rank == 0) trail.norms.push_back(result->grad_norm);
        if (!drive.evaluate) continue;
        double loss = 0;
        const absl::Status evaluated = r.session->Evaluate([&] {
          loss = ToyLoss(*r.model, 99, 1).item<double>();
          return absl::OkStatus();
        });
        ASSERT_TRUE(evaluated.ok()) << evaluated;
        if (r.rank == 0) trail.losses.push_back(loss);
      }
      r.session->SetMetric("val_loss", drive.metrics.empty()
                                           ? 1.0 / (1.0 + epoch)
                                           : drive.metrics[epoch]);
      ASSERT_TRUE(r.session->ValidationEnd(epoch).ok());
      if (r.session->scheduler().finished()) break;
      const auto end = r.session->EpochEnd(epoch);
      ASSERT_TRUE(end.ok()) << end.status();
    }
    EXPECT_TRUE(engine.CheckReplicas().ok());
    if (engine.bound()) {
      EXPECT_TRUE(engine.shared()->intact());
      EXPECT_EQ(engine.ledger().gathered.calls, 0);
      EXPECT_EQ(engine.ledger().reduced.calls, 0);
      EXPECT_EQ(engine.ledger().all_reduced.calls, 0);
    }
    auto values = r.Values();
    if (r.rank == 0) trail.values = std::move(values);
  });
  return trail;
}

void ExpectSameBits(const Trail& a, const Trail& b) {
  EXPECT_EQ(a.losses, b.losses);
  ASSERT_FALSE(a.losses.empty());
  ASSERT_EQ(a.values.size(), b.values.size());
  for (const auto& [name, value] : a.values) {
    EXPECT_TRUE(at::equal(value, b.values.at(name))) << name;
  }
}

class BoundTest : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Worlds, BoundTest, ::testing::Values(2, 3, 4));

// Head, then a block, then all: frozen, thawed, the remainder, evaluation.
TEST_P(BoundTest, HasTheBitsOfTheShardedForm) {
  for (const char* optimizer : {"adamw", "sgd"}) {
    SCOPED_TRACE(optimizer);
    ToyOptions options;
    options.optimizer = optimizer;
    options.optimizer_args = "{lr: 0.01, weight_decay: 0.1}";
    Drive drive;
    drive.evaluate = true;
    const Trail sharded = Follow(GetParam(), options, kOff, drive);
    const Trail bound = Follow(GetParam(), options, kAuto, drive);
    ExpectSameBits(sharded, bound);
    for (size_t i = 0; i < bound.norms.size(); ++i) {
      EXPECT_NEAR(bound.norms[i], sharded.norms[i], 1e-6 * sharded.norms[i]);
    }
  }
}

// Norms of the same chunks, when nothing is replicated: clipping, too.
TEST_P(BoundTest, ClippingHasTheSameBits) {
  ToyOptions options;
  options.strategy = "unplanned: shard\n";
  options.clip = 0.05;
  const Trail sharded = Follow(GetParam(), options, kOff);
  const Trail bound = Follow(GetParam(), options, kAuto);
  ExpectSameBits(sharded, bound);
  EXPECT_EQ(sharded.norms, bound.norms);
  EXPECT_GT(bound.norms[0], 0.05);  // something was clipped
}

TEST_P(BoundTest, CheckpointingHasTheSameBits) {
  ToyOptions options;
  options.block_options = "{act_ckpt: composable}";
  ExpectSameBits(Follow(GetParam(), options, kOff),
                 Follow(GetParam(), options, kAuto));
}

// Frozen, thawed again, frozen: gradients' memory comes and goes.
TEST_P(BoundTest, RotatingHasTheSameBits) {
  ToyOptions options;
  options.phases = {"[norm.*, head.*]", "['layers.2.*']\n  freeze: [head.*]",
                    "['layers.1.*']\n  freeze: ['layers.2.*', norm.*]",
                    "[head.*, 'layers.2.*']"};
  Drive drive;
  drive.epochs = 4;
  ExpectSameBits(Follow(GetParam(), options, kOff, drive),
                 Follow(GetParam(), options, kAuto, drive));
}

TEST_P(BoundTest, RestoringTheBestHasTheSameBits) {
  ToyOptions options;
  options.early_stopping = true;
  options.restore_best = true;
  Drive drive;
  drive.epochs = 8;
  drive.metrics = {1.0, 0.9, 1.5, 1.6, 0.8, 1.7, 1.8, 1.9};
  drive.evaluate = true;
  ExpectSameBits(Follow(GetParam(), options, kOff, drive),
                 Follow(GetParam(), options, kAuto, drive));
}

// Micro-batches are summed on each rank first, so the last bits differ.
TEST_P(BoundTest, AccumulationAddsUp) {
  const Drive drive = {3, 3, false, {}};
  const Trail sharded = Follow(GetParam(), {}, kOff, drive);
  const Trail bound = Follow(GetParam(), {}, kAuto, drive);
  for (size_t i = 0; i < bound.losses.size(); ++i) {
    EXPECT_NEAR(bound.losses[i], sharded.losses[i], 1e-5 * sharded.losses[i]);
    EXPECT_NEAR(bound.norms[i], sharded.norms[i], 1e-5 * sharded.norms[i]);
  }
  for (const auto& [name, value] : bound.values) {
    EXPECT_TRUE(at::allclose(value, sharded.values.at(name), 1e-3, 1e-4))
        << name;
  }
}

int CountPrefix(const std::vector<std::string>& events,
                const std::string& prefix) {
  int count = 0;
  for (const std::string& event : events) {
    if (event.compare(0, prefix.size(), prefix) == 0) ++count;
  }
  return count;
}

TEST(BoundStepTest, TwoBarriersAStepAndThreeWithClipping) {
  for (const bool clip : {false, true}) {
    RunShmRanks(2, [&](RankComms comms) {
      ToyOptions options;
      options.strategy = kAuto;
      options.block_options = "{act_ckpt: composable}";
      if (clip) options.clip = 1.0;
      ToyRank r(comms, options);
      shard::ShardEngine& engine = r.session->engine();
      for (int64_t epoch = 0; epoch < 3; ++epoch) {
        ASSERT_TRUE(r.session->EpochStart(epoch).ok());
        engine.trace().Enable(true);
        const int64_t before = engine.shared()->barriers();
        r.Step(epoch, /*micro=*/2);
        EXPECT_EQ(engine.shared()->barriers() - before, clip ? 3 : 2);
        const auto events = engine.trace().Take();
        engine.trace().Enable(false);
        EXPECT_EQ(CountPrefix(events, "barrier"), clip ? 3 : 2);
        for (const char* never :
             {"all_gather", "reduce_scatter", "all_reduce", "reshard"}) {
          EXPECT_EQ(CountPrefix(events, never), 0) << never;
        }
        // Evaluation and export take none.
        const int64_t after = engine.shared()->barriers();
        (void)r.Values();
        EXPECT_EQ(engine.shared()->barriers(), after);
        ASSERT_TRUE(r.session->StepEnd(epoch).ok());
        ASSERT_TRUE(r.session->EpochEnd(epoch).ok());
      }
    });
  }
}

TEST(BoundStepTest, TheLedgerHoldsWhatIsPredicted) {
  for (const bool plan : {true, false}) {
    RunShmRanks(2, [&](RankComms comms) {
      ToyOptions options;
      options.plan = plan;
      options.strategy = kAuto;
      options.phases = {"[norm.*, head.*]",
                        "['layers.2.*']\n  freeze: [head.*]",
                        "[head.*, 'layers.1.*']"};
      ToyModel described;
      SessionOptions made = MakeSessionOptions(described, options);
      MemoryOptions memory;
      memory.world_size = 2;
      memory.may_bind = true;
      memory.moments = *MomentsByPhase(made.schedule, made.optimizer.name,
                                       made.optimizer.args);
      const auto predicted = PhaseMemory(made.plan, 3, memory);
      ToyRank r(comms, options);
      shard::Ledger& ledger = r.session->engine().ledger();
      for (int64_t epoch = 0; epoch < 3; ++epoch) {
        SCOPED_TRACE(epoch);
        ASSERT_TRUE(r.session->EpochStart(epoch).ok());
        r.Step(epoch);
        const RankBytes& want = predicted[epoch];
        EXPECT_EQ(ledger.now(Holding::kShard),
                  want.frozen_sharded + want.trainable_sharded);
        EXPECT_EQ(ledger.now(Holding::kGathered), 0);
        EXPECT_EQ(ledger.now(Holding::kGradient), want.gradients);
        EXPECT_EQ(ledger.now(Holding::kMoments), want.moments);
        EXPECT_EQ(ledger.total(), want.total());
        ASSERT_TRUE(r.session->StepEnd(epoch).ok());
        ASSERT_TRUE(r.session->EpochEnd(epoch).ok());
      }
    });
  }
}

TEST(BoundStepTest, AnInfiniteLossUpdatesNothingAndTheRunGoesOn) {
  RunShmRanks(2, [&](RankComms comms) {
    ToyOptions options;
    options.strategy = kAuto;
    ToyRank r(comms, options);
    ASSERT_TRUE(r.session->EpochStart(0).ok());
    r.Step(0);
    const auto before = r.Values();
    const auto failed = r.session->TrainStep(1, [&](int64_t) {
      at::Tensor loss = ToyLoss(*r.model, 1, 2);
      if (r.rank == 1) loss = loss / 0.0;
      return absl::StatusOr<at::Tensor>(loss);
    });
    EXPECT_EQ(failed.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(failed.status().message()),
                HasSubstr("nothing was updated. First not finite: the loss on "
                          "rank 1."));
    for (const auto& [name, value] : r.Values()) {
      EXPECT_TRUE(at::equal(value, before.at(name))) << name;
    }
    EXPECT_TRUE(r.session->engine().shared()->intact());
    EXPECT_TRUE(r.TryStep(1).ok());
  });
}

// A finite loss whose gradient is not: seen in time where gradients are summed
// before the update, and told truly where they are not.
TEST(BoundStepTest, ANormThatIsNotFiniteNamesTheParameter) {
  for (const bool clip : {false, true}) {
    RunShmRanks(2, [&](RankComms comms) {
      ToyOptions options;
      options.strategy = kAuto;
      if (clip) options.clip = 1.0;
      ToyRank r(comms, options);
      ASSERT_TRUE(r.session->EpochStart(0).ok());
      const auto before = r.Values();
      const auto failed = r.session->TrainStep(1, [&](int64_t) {
        at::Tensor loss = ToyLoss(*r.model, 1, 2);
        if (r.rank == 1) {
          for (const auto& [name, tensor] : r.model->NamedParameters()) {
            if (name == "head.weight") loss = loss + (tensor.sum() * 0).sqrt();
          }
        }
        return absl::StatusOr<at::Tensor>(loss);
      });
      EXPECT_EQ(failed.status().code(), absl::StatusCode::kFailedPrecondition);
      EXPECT_THAT(std::string(failed.status().message()),
                  HasSubstr(clip ? "the gradient norm is nan; nothing was "
                                   "updated. First not finite: the summed "
                                   "gradient of head.weight"
                                 : "the gradient norm is nan; it was seen "
                                   "after the update, so the weights are "
                                   "lost: go back to a saved state. First not "
                                   "finite: the summed gradient of "
                                   "head.weight"));
      if (!clip) return;
      for (const auto& [name, value] : r.Values()) {
        EXPECT_TRUE(at::equal(value, before.at(name))) << name;
      }
    });
  }
}

TEST(BoundStepTest, RanksThatComeApartAreTold) {
  RunShmRanks(2, [&](RankComms comms) {
    ToyOptions options;
    options.strategy = kAuto;
    ToyRank r(comms, options);
    ASSERT_TRUE(r.session->EpochStart(0).ok());
    absl::Status status;
    if (r.rank == 0) {
      status = r.TryStep(0).status();
    } else {
      status = r.session->engine().Fence();
    }
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
    EXPECT_EQ(status.message(),
              "ranks have come apart: rank 0 is at the end of a backward pass "
              "of step 0, rank 1 at a load or restore of step 0; every rank "
              "must make the same calls in the same order");
  });
}

// Nothing is gathered that would differ; the modules that ran do.
TEST(BoundStepTest, RanksThatRunOtherModulesAreToldWhich) {
  RunShmRanks(3, [&](RankComms comms) {
    ToyOptions options;
    options.strategy = kAuto;
    options.phases = {"[norm.*, head.*, 'layers.*']", "[emb.*]"};
    ToyRank r(comms, options);
    ASSERT_TRUE(r.session->EpochStart(0).ok());
    r.Step(0);
    const auto before = r.Values();
    const auto failed = r.session->TrainStep(1, [&](int64_t) {
      at::Tensor x = at::ones({2, kDim});
      for (const int i : r.rank == 2 ? std::vector<int>{0, 2, 1}
                                     : std::vector<int>{0, 1, 2}) {
        x = r.model->block(i)(x);
      }
      return absl::StatusOr<at::Tensor>(x.square().sum());
    });
    EXPECT_EQ(failed.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(failed.status().message(),
              "the ranks did not run the same modules in step 1: rank 2 "
              "differs from rank 0 in module 2 of the step: rank 0 ran forward "
              "of layers.1, rank 2 forward of layers.2; nothing was updated. "
              "Every rank must run the same modules in the same order: look "
              "for a branch on the rank or the data in a forward");
    for (const auto& [name, value] : r.Values()) {
      EXPECT_TRUE(at::equal(value, before.at(name))) << name;
    }
    EXPECT_TRUE(r.session->engine().shared()->intact());
    EXPECT_TRUE(r.TryStep(1).ok());
  });
}

// Other dtypes and other communicators take the sharded form.
TEST(BoundStepTest, WhereItIsNotPossibleTheShardedFormRuns) {
  ToyOptions options;
  options.strategy = kAuto;
  comm::testing::RunRanks(2, [&](RankComms comms) {
    ToyRank r(comms, options);
    EXPECT_FALSE(r.session->engine().bound());
  });
  options.precision.param = "bfloat16";
  RunShmRanks(2, [&](RankComms comms) {
    ToyRank r(comms, options);
    EXPECT_FALSE(r.session->engine().bound());
    ASSERT_TRUE(r.session->EpochStart(0).ok());
    EXPECT_TRUE(r.TryStep(0).ok());
  });
}

}  // namespace
}  // namespace fts::testing
