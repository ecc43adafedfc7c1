// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The figures of fts/core/session/memory_test.cc come from a running engine;
// these are worked out by hand. Also covers optimizer_moments.
#include "fts/core/plan/memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "fts/core/plan/optimizer_moments.h"
#include "fts/core/plan/test_models.h"

namespace fts {
namespace {

SegmentSpec Segment(int64_t numel, int phase, bool replicated = false,
                    const std::string& dtype = "float32") {
  SegmentSpec segment;
  segment.numel = numel;
  segment.phase = phase;
  segment.replicated = replicated;
  segment.dtype = dtype;
  return segment;
}

UnitSpec Unit(std::vector<SegmentSpec> segments, bool reshard = true) {
  UnitSpec unit;
  unit.segments = std::move(segments);
  unit.reshard = reshard;
  return unit;
}

Plan TwoUnits() {
  Plan plan;
  plan.units.push_back(Unit({Segment(100, 0)}));
  plan.units.push_back(Unit({Segment(40, 1), Segment(10, -1)}));
  plan.remainder = Unit({Segment(20, 1, /*replicated=*/true)}, false);
  return plan;
}

TEST(PhaseMemory, OneRankInFp32) {
  MemoryOptions options;
  options.moments = {2};
  const auto phases = PhaseMemory(TwoUnits(), 2, options);
  ASSERT_EQ(phases.size(), 2u);
  // 100 -> 112, 40 -> 48, 10 -> 16, 20 -> 32 elements.
  EXPECT_EQ(phases[0].trainable_replicated, 112 * 4);
  EXPECT_EQ(phases[0].frozen_replicated, (48 + 16 + 32) * 4);
  EXPECT_EQ(phases[0].masters, 0);
  EXPECT_EQ(phases[0].gradients, 112 * 4);
  EXPECT_EQ(phases[0].moments, 2 * 112 * 4);
  EXPECT_EQ(phases[0].largest_gather, 0);
  EXPECT_EQ(phases[0].parameters(), 208 * 4);
  EXPECT_EQ(phases[0].total(), (208 + 3 * 112) * 4);
  EXPECT_EQ(phases[1].trainable_replicated, (112 + 48 + 32) * 4);
  EXPECT_EQ(phases[1].frozen_replicated, 16 * 4);
  EXPECT_EQ(phases[1].moments, 2 * 192 * 4);
}

TEST(PhaseMemory, TwoRanksInFp32) {
  MemoryOptions options;
  options.world_size = 2;
  options.moments = {1};
  const auto phases = PhaseMemory(TwoUnits(), 2, options);
  // 100 -> 128, 40 -> 64, 10 -> 32 over two ranks; the remainder is whole.
  EXPECT_EQ(phases[0].trainable_sharded, 64 * 4);
  EXPECT_EQ(phases[0].frozen_sharded, (32 + 16) * 4);
  EXPECT_EQ(phases[0].frozen_replicated, 32 * 4);
  EXPECT_EQ(phases[0].gradients, 64 * 4);
  EXPECT_EQ(phases[0].largest_gather, 128 * 4);
  EXPECT_EQ(phases[1].trainable_sharded, (64 + 32) * 4);
  EXPECT_EQ(phases[1].trainable_replicated, 32 * 4);
  EXPECT_EQ(phases[1].moments, (64 + 32 + 32) * 4);
}

TEST(PhaseMemory, MixedPrecisionHasMasters) {
  MemoryOptions options;
  options.world_size = 2;
  options.param = "bfloat16";
  options.moments = {2};
  // Stored in fp32: frozen parameters keep fp32 too.
  auto phases = PhaseMemory(TwoUnits(), 1, options);
  EXPECT_EQ(phases[0].trainable_sharded + phases[0].frozen_sharded, 0);
  EXPECT_EQ(phases[0].masters, (64 + 32 + 16 + 32) * 4);
  EXPECT_EQ(phases[0].frozen_replicated, 32 * 2);
  EXPECT_EQ(phases[0].gradients, 64 * 4);
  EXPECT_EQ(phases[0].moments, 2 * 64 * 4);
  // Stored in bf16: a master appears with the thaw.
  Plan plan = TwoUnits();
  for (UnitSpec& unit : plan.units) {
    for (SegmentSpec& segment : unit.segments) segment.dtype = "bfloat16";
  }
  plan.remainder.segments[0].dtype = "bfloat16";
  phases = PhaseMemory(plan, 2, options);
  EXPECT_EQ(phases[0].masters, 64 * 4);
  EXPECT_EQ(phases[0].frozen_sharded, (32 + 16) * 2);
  EXPECT_EQ(phases[0].frozen_replicated, 32 * 2);
  EXPECT_EQ(phases[1].masters, (64 + 32 + 32) * 4);
  EXPECT_EQ(phases[1].frozen_sharded, 16 * 2);
  EXPECT_EQ(phases[1].trainable_replicated, 32 * 2);
}

TEST(PhaseMemory, TrueBf16HasNone) {
  MemoryOptions options;
  options.param = options.master = "bfloat16";
  options.moments = {2};
  const auto phases = PhaseMemory(TwoUnits(), 1, options);
  EXPECT_EQ(phases[0].masters, 0);
  EXPECT_EQ(phases[0].parameters(), 208 * 2);
  EXPECT_EQ(phases[0].moments, 2 * 112 * 2);
}

TEST(PhaseMemory, FrozenAgainAndThawedAgain) {
  Plan plan;
  plan.remainder = Unit({Segment(16, 0, true, "bfloat16")});
  plan.remainder.segments[0].switches = {1, 2};
  MemoryOptions options;
  options.param = "bfloat16";
  options.moments = {2};
  const auto phases = PhaseMemory(plan, 3, options);
  EXPECT_EQ(phases[0].moments, 2 * 64);
  EXPECT_EQ(phases[1].moments, 0);
  EXPECT_EQ(phases[1].gradients, 0);
  EXPECT_EQ(phases[1].frozen_replicated, 32);
  EXPECT_EQ(phases[1].masters, 64);  // what was trained is not rounded
  EXPECT_EQ(phases[2].moments, 2 * 64);
}

TEST(PhaseMemory, UnitsThatAreNotResharded) {
  Plan plan;
  plan.units.push_back(Unit({Segment(32, 0), Segment(64, 1)}, false));
  MemoryOptions options;
  options.world_size = 2;
  const auto phases = PhaseMemory(plan, 2, options);
  EXPECT_EQ(phases[0].kept_gathered, 64 * 4);
  EXPECT_EQ(phases[0].largest_gather, 32 * 4);
  EXPECT_EQ(phases[1].kept_gathered, 0);
  EXPECT_EQ(phases[1].largest_gather, 96 * 4);
}

// `units` units of 1,024 elements; the last one trains in phase 0, then all.
Plan ManyUnits(int units, const std::string& dtype) {
  Plan plan;
  for (int i = 0; i < units; ++i) {
    SegmentSpec segment = Segment(1024, i + 1 == units ? 0 : 1, false, dtype);
    segment.parameters = {"u" + std::to_string(i)};
    plan.units.push_back(Unit({segment}));
  }
  return plan;
}

// How many of 1,001 units are resident in phase 0, and that no phase is larger
// than the largest was without.
size_t ResidentUnits(int64_t world, const std::string& param,
                     FrozenPlacement placement = FrozenPlacement::kAuto,
                     int moments = 2) {
  Plan plan = ManyUnits(1001, param);
  MemoryOptions options;
  options.world_size = world;
  options.param = param;
  options.moments = {moments};
  const auto largest = [&](FrozenPlacement at) {
    plan.engine.frozen_placement = at;
    int64_t most = 0;
    for (const RankBytes& bytes : PhaseMemory(plan, 2, options)) {
      most = std::max(most, bytes.total() + bytes.largest_gather);
    }
    return most;
  };
  if (placement == FrozenPlacement::kAuto) {
    EXPECT_EQ(largest(FrozenPlacement::kAuto),
              largest(FrozenPlacement::kSharded));
  }
  plan.engine.frozen_placement = placement;
  const auto resident = ResidentSegments(plan, 2, options);
  EXPECT_EQ(resident.size(), 2u);
  EXPECT_TRUE(resident[1].empty());  // nothing is frozen
  if (!resident[0].empty()) {
    // The last frozen unit comes first.
    EXPECT_EQ(placement == FrozenPlacement::kAuto ? resident[0].front()
                                                  : resident[0].back(),
              "u999");
  }
  return resident[0].size();
}

// The share is 7 / (N - 1) in bf16 under fp32 AdamW, 3 / (N - 1) in fp32.
TEST(ResidentSegments, AutoTakesTheShareThatIsFree) {
  EXPECT_EQ(ResidentUnits(1, "bfloat16"), 0u);  // nothing is sharded
  EXPECT_EQ(ResidentUnits(2, "bfloat16"), 1000u);
  EXPECT_EQ(ResidentUnits(8, "bfloat16"), 1000u);
  EXPECT_NEAR(ResidentUnits(16, "bfloat16"), 1000 * 7 / 15., 3);
  EXPECT_NEAR(ResidentUnits(64, "bfloat16"), 1000 * 7 / 63., 3);
  EXPECT_EQ(ResidentUnits(4, "float32"), 1000u);
  EXPECT_NEAR(ResidentUnits(16, "float32"), 1000 * 3 / 15., 3);
  // Plain SGD in fp32 trains with 8 bytes an element: 1 / (N - 1).
  EXPECT_NEAR(ResidentUnits(4, "float32", FrozenPlacement::kAuto, 0), 1000 / 3.,
              3);
}

TEST(ResidentSegments, ShardedTakesNoneAndResidentAll) {
  EXPECT_EQ(ResidentUnits(2, "float32", FrozenPlacement::kSharded), 0u);
  EXPECT_EQ(ResidentUnits(64, "float32", FrozenPlacement::kResident), 1000u);
}

TEST(PhaseMemory, ResidentSegmentsHoldTheirPartInTheWhole) {
  Plan plan = ManyUnits(3, "float32");
  plan.engine.frozen_placement = FrozenPlacement::kResident;
  MemoryOptions options;
  options.world_size = 2;
  auto phases = PhaseMemory(plan, 2, options);
  EXPECT_EQ(phases[0].frozen_sharded, 0);
  EXPECT_EQ(phases[0].kept_gathered, 2 * 1024 * 4);
  EXPECT_EQ(phases[0].largest_gather, 1024 * 4);
  EXPECT_EQ(phases[1].kept_gathered, 0);
  EXPECT_EQ(phases[1].trainable_sharded, 3 * 1024 * 4 / 2);
  // With masters the part stays beside it.
  options.param = "bfloat16";
  phases = PhaseMemory(plan, 2, options);
  EXPECT_EQ(phases[0].masters, 3 * 1024 * 4 / 2);
  EXPECT_EQ(phases[0].kept_gathered, 2 * 1024 * 2);
}

TEST(PhaseMemory, UnshardedAccumulationHoldsWholeGradients) {
  Plan plan = ManyUnits(3, "float32");
  plan.engine.unsharded_accumulation = true;
  plan.engine.frozen_placement = FrozenPlacement::kSharded;
  MemoryOptions options;
  options.world_size = 2;
  EXPECT_EQ(PhaseMemory(plan, 2, options)[1].unreduced, 0);  // one micro-step
  options.micro_steps = 4;
  options.reduce = "bfloat16";
  const auto phases = PhaseMemory(plan, 2, options);
  EXPECT_EQ(phases[0].unreduced, 1024 * 2);
  EXPECT_EQ(phases[1].unreduced, 3 * 1024 * 2);
  EXPECT_EQ(phases[1].total() - phases[1].parameters(),
            phases[1].gradients + phases[1].unreduced);
  plan.engine.unsharded_accumulation = false;
  EXPECT_EQ(PhaseMemory(plan, 2, options)[1].unreduced, 0);
}

TEST(PhaseMemory, SumsDoNotOverflow) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  Plan plan;
  plan.remainder = Unit({Segment(kMost, 0), Segment(kMost, 0)});
  MemoryOptions options;
  options.moments = {3};
  EXPECT_EQ(PhaseMemory(plan, 1, options)[0].total(), kMost);
  EXPECT_TRUE(PhaseMemory(plan, 0, options).empty());
}

TEST(OptimizerMoments, ByNameAndKeywords) {
  const auto moments = [](const char* name, const char* args = "{}") {
    return OptimizerMoments(name, Yaml(args)).value_or(-1);
  };
  EXPECT_EQ(moments("adamw"), 2);
  EXPECT_EQ(moments("torch.optim.AdamW"), 2);
  EXPECT_EQ(moments("Adam", "{amsgrad: true}"), 3);
  EXPECT_EQ(moments("sgd"), 0);
  EXPECT_EQ(moments("SGD", "{momentum: 0}"), 0);
  EXPECT_EQ(moments("torch.optim.SGD", "{momentum: 0.9}"), 1);
  EXPECT_EQ(moments("adagrad"), 1);
  EXPECT_EQ(moments("rmsprop"), 1);
  EXPECT_EQ(moments("RMSprop", "{momentum: 0.9, centered: true}"), 3);
  EXPECT_EQ(moments("torch.optim.rmsprop.RMSprop", "{centered: false}"), 1);
  EXPECT_EQ(moments("lion"), -1);
  EXPECT_EQ(OptimizerMoments("sgd", YamlNode()), 0);
}

TEST(OptimizerMoments, ByPhase) {
  Schedule schedule = MakeSchedule({{"a"}, {"b"}, {"c"}}, 2);
  EXPECT_EQ(MomentsByPhase(schedule, "adamw", YamlNode()),
            (std::vector<int>{2, 2, 2}));
  schedule.phases[1].new_optimizer = Yaml(
      "optimizer_init: {class_path: torch.optim.SGD, init_args: {momentum: "
      "0.9}}");
  EXPECT_EQ(MomentsByPhase(schedule, "adamw", YamlNode()),
            (std::vector<int>{2, 1, 1}));
  schedule.phases[2].new_optimizer =
      Yaml("optimizer_init: {class_path: my.Own}");
  EXPECT_EQ(MomentsByPhase(schedule, "adamw", YamlNode()), std::nullopt);
}

}  // namespace
}  // namespace fts
