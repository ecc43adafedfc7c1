// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "fts/core/mesh/device_mesh.h"
#include "fts/core/plan/bindable.h"
#include "fts/core/plan/check_mesh.h"
#include "fts/core/plan/resolve_plan.h"
#include "fts/core/plan/test_models.h"
#include "fts/core/plan/tp_local.h"
#include "gtest/gtest.h"

namespace fts {
namespace {

Plan Resolve(const ModelDescription& model, const std::string& yaml,
             const PlanOptions& options) {
  Diagnostics diags;
  auto plan = ResolvePlan(Yaml(yaml), model, options, &diags);
  EXPECT_TRUE(plan.ok()) << plan.status();
  return plan.ok() ? *std::move(plan) : Plan();
}

int64_t NumelOf(const Plan& plan) {
  int64_t sum = 0;
  for (const UnitSpec& unit : plan.units) {
    for (const SegmentSpec& segment : unit.segments) sum += segment.numel;
  }
  for (const SegmentSpec& s : plan.remainder.segments) sum += s.numel;
  return sum;
}

TEST(TpSegments, NeverMixKinds) {
  PlanOptions options;
  options.tp = 2;
  const Plan plan = Resolve(
      ShapedLlama({}),
      R"({tp_plan: llama, fsdp_plan: {'model.layers.\d*$': {}}})", options);
  const auto& segments = plan.units[0].segments;
  ASSERT_EQ(segments.size(), 2u);
  EXPECT_TRUE(segments[0].tp_partial);  // the norms
  EXPECT_FALSE(segments[0].tp_sharded);
  EXPECT_EQ(segments[0].parameters.size(), 2u);
  EXPECT_TRUE(segments[1].tp_sharded);
  EXPECT_FALSE(segments[1].tp_partial);
  EXPECT_EQ(segments[1].parameters.size(), 7u);
  // Without norms of its own kind: whole ones.
  const Plan replicated = Resolve(ShapedLlama({}),
                                  R"({tp_plan: llama, sequence_parallel: false,
                  fsdp_plan: {'model.layers.\d*$': {}}})",
                                  options);
  ASSERT_EQ(replicated.units[0].segments.size(), 2u);
  EXPECT_FALSE(replicated.units[0].segments[0].tp_partial);
  EXPECT_FALSE(replicated.units[0].segments[0].tp_sharded);
  // One rank along tp: everything is whole, nothing is split.
  options.tp = 1;
  const Plan whole = Resolve(
      ShapedLlama({}),
      R"({tp_plan: llama, fsdp_plan: {'model.layers.\d*$': {}}})", options);
  EXPECT_EQ(whole.units[0].segments.size(), 1u);
}

TEST(TpSegments, CountsLocalShapes) {
  LlamaShape shape;
  shape.vocab = 5;  // 3 and 2 rows
  const ModelDescription model = ShapedLlama(shape);
  PlanOptions options;
  options.tp = 2;
  const Plan plan = Resolve(model, "tp_plan: llama", options);
  const ParameterShapes shapes = ShapesOf(model);
  // Whole: attention 8*8 + 2 * 4*8 + 8*8, feed_forward 3 * 12*8, norms 3 * 8,
  // embedding and head 2 * 5*8.
  EXPECT_EQ(NumelOf(plan), 192 + 288 + 24 + 80);
  EXPECT_EQ(NumelOf(TpLocalPlan(plan, shapes, 0)), 96 + 144 + 24 + 2 * 24);
  EXPECT_EQ(NumelOf(TpLocalPlan(plan, shapes, 1)), 96 + 144 + 24 + 2 * 16);
}

TEST(TpSegments, KeepsDecayClassesApart) {
  const ModelDescription model =
      ModelOf({{"", "Net"}, {"up", "Linear 8x4 bias"}, {"down", "Linear 4x8"}});
  PlanOptions options;
  options.tp = 4;
  options.no_decay = {"bias"};
  const Plan plan =
      Resolve(model, "tp_plan: {up: colwise, down: rowwise}", options);
  const auto& whole = plan.remainder.segments;
  ASSERT_EQ(whole.size(), 1u);
  EXPECT_EQ(whole[0].numel, 72);
  EXPECT_EQ(whole[0].decay_numel, 64);
  const Plan local = TpLocalPlan(plan, ShapesOf(model), 3);
  EXPECT_EQ(local.remainder.segments[0].numel, 18);
  EXPECT_EQ(local.remainder.segments[0].decay_numel, 16);
  EXPECT_EQ(local.remainder.segments[0].parameters, whole[0].parameters);
}

TEST(TpSegments, IsThePlanWithoutTp) {
  const ModelDescription model = ShapedLlama({});
  const Plan plan = Resolve(model, "tp_plan: llama", {});
  EXPECT_EQ(NumelOf(TpLocalPlan(plan, ShapesOf(model), 0)), NumelOf(plan));
}

TEST(TpSegments, PlansWithTpAreNotBound) {
  PlanOptions options;
  const DtypeNames run{"float32", "float32", "float32"};
  EXPECT_EQ(
      WhyNotBindable(Resolve(ShapedLlama({}), "tp_plan: llama", options), run),
      "");
  options.tp = 2;
  EXPECT_EQ(
      WhyNotBindable(Resolve(ShapedLlama({}), "tp_plan: llama", options), run),
      "mesh.tp is 2");
}

TEST(TpSegments, OtherDimensionsDivideAsTpLeavesThem) {
  PlanOptions options;
  options.tp = 2;
  const ModelDescription model =
      ModelOf({{"", "Net"}, {"up", "Linear 8x4"}, {"down", "Linear 4x8"}});
  const auto check = [&](int64_t shards) {
    const Plan plan = Resolve(model,
                              "{tp_plan: {up: colwise, down: rowwise}, "
                              "fsdp_plan: {down: {shard_placement: {dim: 1}}}}",
                              options);
    const auto mesh = DeviceMesh::Create({{kDpShard, shards}, {kTp, 2}});
    Diagnostics diags;
    CheckPlanFitsMesh(plan, model, *mesh, &diags).IgnoreError();
    return diags.ToString();
  };
  EXPECT_EQ(check(4), "");
  // 8 columns, 4 of them on each rank along tp.
  EXPECT_EQ(check(8),
            "plan.yaml:1:83: error: unit 'down': dimension 1 of 'down.weight' "
            "has 4 elements on a rank along tp, which 8 ranks of dp_shard do "
            "not divide; only dimension 0 may be split unevenly "
            "[shard_placement]\n");
}

}  // namespace
}  // namespace fts
