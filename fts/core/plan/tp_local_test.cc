// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/tp_local.h"

#include <gtest/gtest.h>

namespace fts {
namespace {

TEST(TpLocalPlan, CountsTheElementsOfARanksParts) {
  Plan plan;
  plan.tp.size = 2;
  plan.tp.rules.emplace_back();
  plan.tp.parameters["w"].placement = Placement::Shard(0);
  plan.tp.parameters["v"].placement = Placement::Shard(-1);
  plan.tp.parameters["norm"].partial_gradient = true;
  UnitSpec unit;
  SegmentSpec split;
  split.parameters = {"w", "v"};
  split.numel = 7 * 3 + 4 * 5;
  split.decay_numel = 7 * 3;  // v is in the no_decay class
  split.tp_sharded = true;
  SegmentSpec whole;
  whole.parameters = {"norm"};
  whole.numel = whole.decay_numel = 3;
  whole.tp_partial = true;
  unit.segments = {split, whole};
  plan.units = {unit};
  plan.remainder.segments = {whole};
  const ParameterShapes shapes = {{"w", {7, 3}}, {"v", {4, 5}}, {"norm", {3}}};

  const Plan first = TpLocalPlan(plan, shapes, 0);
  EXPECT_EQ(first.units[0].segments[0].numel, 4 * 3 + 4 * 3);
  EXPECT_EQ(first.units[0].segments[0].decay_numel, 4 * 3);
  EXPECT_EQ(first.units[0].segments[1].numel, 3);
  EXPECT_EQ(first.remainder.segments[0].numel, 3);
  const Plan second = TpLocalPlan(plan, shapes, 1);
  EXPECT_EQ(second.units[0].segments[0].numel, 3 * 3 + 4 * 2);
  EXPECT_EQ(second.units[0].segments[0].decay_numel, 3 * 3);

  plan.tp.size = 1;
  EXPECT_EQ(TpLocalPlan(plan, shapes, 0).units[0].segments[0].numel, 41);
}

}  // namespace
}  // namespace fts
