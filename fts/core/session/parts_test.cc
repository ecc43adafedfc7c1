// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The session's parts by themselves: best_snapshot, segment_flat, ranks.
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "fts/core/comm/testing/rank_threads.h"
#include "fts/core/optim/adam.h"
#include "fts/core/session/best_snapshot.h"
#include "fts/core/session/ranks.h"
#include "fts/core/session/segment_flat.h"
#include "fts/core/shard/tensor_util.h"

namespace fts {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;
using shard::SilentWrites;
using ::testing::ElementsAre;

// Two units of one parameter pair each; the first thaws in phase 0, is frozen
// in 1 and thaws again in 2, the second thaws in phase 1. Sizes that leave
// padding and cut through a parameter.
struct Fixture {
  std::unique_ptr<shard::ShardEngine> engine;
  std::vector<std::shared_ptr<SegmentFlat>> flats;
  optim::FlatAdamW optimizer;

  explicit Fixture(RankComms comms) {
    std::vector<shard::NamedLeaf> leaves = {{"a.w", at::zeros({5, 5})},
                                            {"a.b", at::zeros({3})},
                                            {"b.w", at::zeros({4})}};
    Plan plan;
    plan.units.resize(2);
    plan.units[0].module = "a";
    SegmentSpec segment;
    segment.dtype = "float32";
    segment.switches = {1, 2};
    segment.parameters = {"a.w", "a.b"};
    segment.numel = 28;
    segment.decay_numel = 25;
    plan.units[0].segments = {segment};
    plan.units[1].module = "b";
    SegmentSpec second;
    second.phase = 1;
    second.dtype = "float32";
    second.parameters = {"b.w"};
    second.numel = second.decay_numel = 4;
    plan.units[1].segments = {second};
    auto made =
        shard::ShardEngine::Create(plan, leaves, comms.first, comms.second, {});
    EXPECT_TRUE(made.ok()) << made.status();
    engine = *std::move(made);
    EXPECT_TRUE(engine
                    ->Load([](const std::string& name, int64_t begin,
                              int64_t end, at::Tensor dst) {
                      dst.copy_(at::arange(begin, end, at::kFloat)
                                    .add(name == "a.w" ? 100 : 500));
                      return absl::OkStatus();
                    })
                    .ok());
    for (const auto& segment : engine->segments()) {
      flats.push_back(std::make_shared<SegmentFlat>(segment));
    }
  }
  // `segment` thaws at `phase`.
  void Thaw(int phase, int segment) {
    engine->Thaw(phase);
    optim::GroupOptions group;
    group.name = "phase";
    group.lr = 0.1;
    EXPECT_TRUE(optimizer.AddGroup(group, {flats[segment]}).ok());
  }
  void Thaw(int phase) { Thaw(phase, phase); }
  // An update with a made-up gradient.
  void Update(double gradient) {
    EXPECT_TRUE(engine->CompleteGradients().ok());
    for (const auto& segment : engine->segments()) {
      SilentWrites guard;
      if (segment->trainable()) at::Tensor(segment->grad()).fill_(gradient);
    }
    EXPECT_TRUE(optimizer.Step().ok());
    engine->FinishStep();
  }
  at::Tensor Value(int segment) {
    return engine->segments()[segment]->shard().clone();
  }
  at::Tensor Moment(int segment) {
    return optimizer.StateTensors(*flats[segment])[0].second.clone();
  }
};

TEST(SegmentFlatTest, ExtentsAreTheLeavesCutToThisRanksChunk) {
  RunRanks(2, [&](RankComms comms) {
    Fixture f(comms);
    const auto& extents = f.flats[0]->extents();
    // 28 elements, padded to 32: 16 a rank; a.w is [0, 25), a.b [25, 28).
    if (comms.first->rank() == 0) {
      ASSERT_EQ(extents.size(), 1u);
      EXPECT_EQ(extents[0].begin, 0);
      EXPECT_EQ(extents[0].end, 16);
      EXPECT_TRUE(extents[0].decay);
      EXPECT_EQ(f.flats[1]->extents().size(), 1u);
    } else {
      ASSERT_EQ(extents.size(), 2u);
      EXPECT_EQ(extents[0].begin, 0);
      EXPECT_EQ(extents[0].end, 9);
      EXPECT_EQ(extents[0].param_index, 0);
      EXPECT_EQ(extents[1].begin, 9);
      EXPECT_EQ(extents[1].end, 12);  // then padding
      EXPECT_EQ(extents[1].param_index, 1);
      EXPECT_FALSE(extents[1].decay);
      EXPECT_EQ(f.flats[1]->extents().size(), 0u);  // all on rank 0
    }
    EXPECT_EQ(f.flats[0]->value().numel(), 16);
    EXPECT_FALSE(f.flats[0]->grad().defined());
  });
}

TEST(BestSnapshotTest, RestoreBringsValuesAndMomentsBack) {
  for (const int world : {1, 2}) {
    RunRanks(world, [&](RankComms comms) {
      Fixture f(comms);
      BestSnapshot best;
      EXPECT_TRUE(best.empty());
      EXPECT_EQ(best.bytes(), 0);
      EXPECT_EQ(best.Restore(f.engine.get(), &f.optimizer).status(),
                absl::FailedPreconditionError(
                    "there is no best state to restore yet"));
      f.Thaw(0);
      f.Update(1.0);
      const at::Tensor value = f.Value(0), moment = f.Moment(0);
      best.Save(*f.engine, &f.optimizer);
      EXPECT_FALSE(best.empty());
      EXPECT_EQ(best.bytes(), 3 * 4 * value.numel());

      f.Update(-2.0);
      EXPECT_FALSE(at::equal(f.Value(0), value));
      const at::Tensor frozen = f.Value(1);
      f.Thaw(1);
      best.Extend(*f.engine, 1);
      f.Update(3.0);
      EXPECT_FALSE(at::equal(f.Moment(0), moment));
      ASSERT_TRUE(best.Restore(f.engine.get(), &f.optimizer).ok());
      EXPECT_TRUE(at::equal(f.Value(0), value));
      EXPECT_TRUE(at::equal(f.Moment(0), moment));
      EXPECT_THAT(f.optimizer.StepCounts(*f.flats[0])[0], 1);
      // Thawed after the best: as frozen then, moments afresh.
      EXPECT_TRUE(at::equal(f.Value(1), frozen));
      EXPECT_EQ(f.Moment(1).abs().sum().item<float>(), 0);
      // A second restore finds the same: the snapshot is not consumed.
      f.Update(5.0);
      ASSERT_TRUE(best.Restore(f.engine.get(), &f.optimizer).ok());
      EXPECT_TRUE(at::equal(f.Value(0), value));
    });
  }
}

// Values of what was frozen since come back, its moments never.
TEST(BestSnapshotTest, FrozenSinceTheBest) {
  for (const bool saved_again : {false, true}) {
    RunRanks(2, [&](RankComms comms) {
      Fixture f(comms);
      f.Thaw(0);
      f.Update(1.0);
      const at::Tensor value = f.Value(0);
      BestSnapshot best;
      best.Save(*f.engine, &f.optimizer);
      f.Update(1.0);
      // The transition: back to the best, then the freeze.
      ASSERT_TRUE(*best.Restore(f.engine.get(), &f.optimizer));
      const int64_t before = best.bytes();
      const int64_t moments = 2 * 4 * value.numel();
      best.Forget({f.flats[0]});
      EXPECT_EQ(best.bytes(), before - moments);
      f.optimizer.Remove({f.flats[0].get()});
      f.engine->Freeze(1);
      f.Thaw(1);
      best.Extend(*f.engine, 1);
      f.Update(2.0);
      const at::Tensor second = f.Value(1);
      if (saved_again) best.Save(*f.engine, &f.optimizer);
      // It thaws again, moves, and goes back.
      f.Thaw(2, 0);
      best.Extend(*f.engine, 2);
      f.Update(3.0);
      EXPECT_FALSE(at::equal(f.Value(0), value));
      ASSERT_TRUE(*best.Restore(f.engine.get(), &f.optimizer));
      EXPECT_TRUE(at::equal(f.Value(0), value));
      EXPECT_EQ(f.Moment(0).abs().sum().item<float>(), 0);
      if (comms.first->rank() == 0) {  // the other holds padding only
        EXPECT_EQ(at::equal(f.Value(1), second), saved_again);
      }
    });
  }
}

// What stayed frozen stays gathered, what moved does not: in bytes.
TEST(BestSnapshotTest, ARestoreGathersNothingAgainThatDidNotChange) {
  RunRanks(2, [&](RankComms comms) {
    Fixture f(comms);
    shard::Ledger& ledger = f.engine->ledger();
    const auto use = [&](const char* unit, int segment, bool moved) {
      ledger.StartPhase();
      ASSERT_TRUE(f.engine->FindUnit(unit)->PreForward({}).ok());
      EXPECT_EQ(ledger.frozen_gathered.bytes,
                moved ? f.engine->segments()[segment]->padded() * 4 : 0)
          << unit;
      ASSERT_TRUE(f.engine->FindUnit(unit)->PostForward({}).ok());
    };
    f.Thaw(0);
    f.engine->PlaceFrozen({"b.w"});
    use("b", 1, true);
    f.Update(1.0);
    BestSnapshot best;
    best.Save(*f.engine, &f.optimizer);
    f.Update(1.0);
    ASSERT_TRUE(best.Restore(f.engine.get(), &f.optimizer).ok());
    use("b", 1, false);  // never trained, so never kept
    const at::Tensor value = f.Value(0);
    // Frozen as the best left it, and kept: restored to what it is.
    best.Forget({f.flats[0]});
    f.optimizer.Remove({f.flats[0].get()});
    f.engine->Freeze(1);
    f.engine->PlaceFrozen({"a.w", "b.w"});
    use("a", 0, true);
    ASSERT_TRUE(best.Restore(f.engine.get(), &f.optimizer).ok());
    use("a", 0, false);
    EXPECT_TRUE(at::equal(f.Value(0), value));
    // It moved in between.
    f.Thaw(2, 0);
    best.Extend(*f.engine, 2);
    f.Update(3.0);
    best.Forget({f.flats[0]});
    f.optimizer.Remove({f.flats[0].get()});
    f.engine->Freeze(1);
    f.engine->PlaceFrozen({"a.w", "b.w"});
    use("a", 0, true);
    EXPECT_FALSE(at::equal(f.Value(0), value));
    ASSERT_TRUE(best.Restore(f.engine.get(), &f.optimizer).ok());
    use("a", 0, true);
    use("b", 1, false);
    EXPECT_TRUE(at::equal(f.Value(0), value));
  });
}

// Moved while it was not kept: copied at the next save, once.
TEST(BestSnapshotTest, AFrozenSegmentIsKeptAsItWasFrozen) {
  RunRanks(1, [&](RankComms comms) {
    Fixture f(comms);
    f.Thaw(0);
    BestSnapshot best;
    best.Save(*f.engine, &f.optimizer);
    f.Update(1.0);
    const at::Tensor value = f.Value(0);
    f.optimizer.Remove({f.flats[0].get()});
    f.engine->Freeze(1);
    best.Save(*f.engine, &f.optimizer);
    f.Thaw(2, 0);
    best.Extend(*f.engine, 2);
    f.Update(1.0);
    ASSERT_TRUE(best.Restore(f.engine.get(), &f.optimizer).ok());
    EXPECT_TRUE(at::equal(f.Value(0), value));
  });
}

TEST(BestSnapshotTest, MomentsOfAReplacedOptimizerDoNotComeBack) {
  RunRanks(1, [&](RankComms comms) {
    Fixture f(comms);
    f.Thaw(0);
    f.Update(1.0);
    const at::Tensor value = f.Value(0);
    BestSnapshot best;
    best.Save(*f.engine, &f.optimizer);
    const int64_t with_moments = best.bytes();
    best.OptimizerReplaced();
    EXPECT_EQ(best.bytes(), with_moments - 2 * 4 * value.numel());
    optim::FlatAdamW other;
    optim::GroupOptions group;
    group.name = "phase";
    group.lr = 0.1;
    ASSERT_TRUE(other.AddGroup(group, {f.flats[0]}).ok());
    f.Update(2.0);
    const auto with = best.Restore(f.engine.get(), &other);
    ASSERT_TRUE(with.ok()) << with.status();
    EXPECT_FALSE(*with);
    EXPECT_TRUE(at::equal(f.Value(0), value));
    EXPECT_EQ(other.StepCounts(*f.flats[0])[0], 0);
    // The next best is the new optimizer's.
    best.Save(*f.engine, &other);
    EXPECT_TRUE(*best.Restore(f.engine.get(), &other));
  });
}

TEST(BestSnapshotTest, SaveReplacesWhatWasKept) {
  RunRanks(1, [&](RankComms comms) {
    Fixture f(comms);
    f.Thaw(0);
    BestSnapshot best;
    best.Save(*f.engine, &f.optimizer);
    f.Update(1.0);
    const at::Tensor value = f.Value(0);
    best.Save(*f.engine, &f.optimizer);
    f.Update(1.0);
    ASSERT_TRUE(best.Restore(f.engine.get(), &f.optimizer).ok());
    EXPECT_TRUE(at::equal(f.Value(0), value));
  });
}

TEST(RanksTest, AgreementsAreTheSameEverywhere) {
  RunRanks(4, [&](RankComms comms) {
    const Ranks ranks(comms.first, comms.second);
    EXPECT_EQ(ranks.size(), 4);
    EXPECT_EQ(ranks.rank(), comms.first->rank());
    std::vector<double> numbers = {1.0 * ranks.rank(), 0.1};
    ASSERT_TRUE(ranks.Sum(&numbers).ok());
    EXPECT_DOUBLE_EQ(numbers[0], 6);
    EXPECT_DOUBLE_EQ(numbers[1], 0.4);
    numbers = {-1.0 * ranks.rank() - 1};
    ASSERT_TRUE(ranks.Max(&numbers).ok());
    EXPECT_EQ(numbers[0], -1);
    EXPECT_TRUE(ranks.Barrier().ok());
    numbers.clear();
    EXPECT_TRUE(ranks.Sum(&numbers).ok());
  });
}

TEST(RanksTest, OneProcessAloneNeedsNobody) {
  comm::LaunchEnvironment launch;
  const auto ranks = Ranks::Connect(launch);
  ASSERT_TRUE(ranks.ok()) << ranks.status();
  EXPECT_EQ(ranks->size(), 1);
  std::vector<double> numbers = {2.5};
  EXPECT_TRUE(ranks->Sum(&numbers).ok());
  EXPECT_EQ(numbers[0], 2.5);
}

TEST(RanksTest, AnAbortLetsWaitingPeersGo) {
  RunRanks(2, [&](RankComms comms) {
    const Ranks ranks(comms.first, comms.second);
    if (ranks.rank() == 0) {
      ranks.Abort("out of cheese");
      return;
    }
    std::vector<double> numbers = {1};
    EXPECT_FALSE(ranks.Sum(&numbers).ok());
  });
}

}  // namespace
}  // namespace fts
