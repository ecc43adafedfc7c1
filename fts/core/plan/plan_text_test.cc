// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/plan_text.h"

#include <string>

#include "fts/core/plan/resolve_plan.h"
#include "fts/core/plan/test_models.h"
#include "gtest/gtest.h"

namespace fts {
namespace {

TEST(PlanToText, ShowsUnitsPhasesAndReasons) {
  const Schedule schedule =
      MakeSchedule({{"m.out.w", "norm.w"}, {"m.a.w"}, {"m.b.w"}}, 1);
  PlanOptions options;
  options.schedule = &schedule;
  ModelDescription model = MakeModel({"m.a.w", "m.b.w", "m.out.w", "norm.w"});
  model.parameters[0].shape = {1000, 64};
  Diagnostics diags;
  const auto plan = ResolvePlan(
      Yaml("fsdp_plan:\n"
           "  m.out: {act_ckpt: composable, cpu_offload_policy: {}}\n"
           "  m: {reshard_after_forward: true}\n"
           "  m.a: {}\n"),
      model, options, &diags);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(
      PlanToText(*plan),
      "unit         phase  tensors  parameters  dtype    options\n"
      "m.out        0            1           8  float32  reshard, act_ckpt "
      "composable, cpu offload\n"
      "m            1            1      64,000  float32  reshard, root\n"
      "             never        1           8  float32\n"
      "(remainder)  0            1           8  float32  replicated\n"
      "\n"
      "phase 0 thaws 2 tensors, 16 parameters (16 train)\n"
      "phase 1 thaws 1 tensor, 64,000 parameters (64,016 train)\n"
      "never thawed: 1 tensor, 8 parameters\n"
      "skipped: m.a (already sharded by m)\n"
      "note: phase 0 thaws sharded parameters together with 1 replicated one: "
      "norm.w; add their modules to fsdp_plan, or set unplanned: shard, to "
      "shard them too\n");
}

TEST(PlanToText, ShowsWhatIsFrozenAgain) {
  Schedule schedule =
      MakeSchedule({{"m.a.w", "m.b.w"}, {"m.c.w"}, {"m.a.w"}}, 2);
  schedule.phases[1].freeze = {"m.a.w", "m.b.w"};
  PlanOptions options;
  options.schedule = &schedule;
  Diagnostics diags;
  const auto plan =
      ResolvePlan(Yaml("fsdp_plan: {m: {}}"),
                  MakeModel({"m.a.w", "m.b.w", "m.c.w"}), options, &diags);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(PlanToText(*plan),
            "unit  phase   tensors  parameters  dtype    options\n"
            "m     0-0           1           8  float32  keep, root\n"
            "      0-0,2-        1           8  float32\n"
            "      1             1           8  float32\n"
            "\n"
            "phase 0 thaws 2 tensors, 16 parameters (16 train)\n"
            "phase 1 freezes 2 tensors, 16 parameters, thaws 1 tensor, 8 "
            "parameters (8 train)\n"
            "phase 2 thaws 1 tensor, 8 parameters (16 train)\n");
}

TEST(PlanToText, WithoutUnits) {
  Diagnostics diags;
  const auto plan = ResolvePlan(YamlNode(), MakeModel({"w"}), {}, &diags);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(PlanToText(*plan),
            "unit         phase  tensors  parameters  dtype    options\n"
            "(remainder)  0            1           8  float32  replicated\n"
            "\n"
            "phase 0 thaws 1 tensor, 8 parameters (8 train)\n");
}

TEST(WithCommas, GroupsByThree) {
  EXPECT_EQ(WithCommas(0), "0");
  EXPECT_EQ(WithCommas(999), "999");
  EXPECT_EQ(WithCommas(1000), "1,000");
  EXPECT_EQ(WithCommas(46404096), "46,404,096");
  EXPECT_EQ(WithCommas(-999), "-999");
  EXPECT_EQ(WithCommas(-123456), "-123,456");
}

TEST(PlanToText, RulesAndPlacementsOfATpPlan) {
  LlamaShape shape;
  shape.layers = 2;
  PlanOptions options;
  options.tp = 2;
  Diagnostics diags;
  const auto plan = ResolvePlan(Yaml("{tp_plan: llama, loss_parallel: true}"),
                                ShapedLlama(shape), options, &diags);
  ASSERT_TRUE(plan.ok()) << plan.status();
  const std::string text = PlanToText(*plan);
  EXPECT_NE(text.find(R"(
tensor parallel over 2 ranks, loss parallel on the result of model.output
module                          number  style          input                  output
model.tok_embeddings                 1  rowwise        replicate              partial -> shard(1)
model.layers.*.attention             2  prepare_input  shard(1) -> replicate  -
model.layers.*.attention.wq          2  colwise        replicate              shard(-1)
model.layers.*.attention.wk          2  colwise        replicate              shard(-1)
model.layers.*.attention.wv          2  colwise        replicate              shard(-1)
model.layers.*.attention.wo          2  rowwise        shard(-1)              partial -> shard(1)
model.layers.*.feed_forward          2  prepare_input  shard(1) -> replicate  -
model.layers.*.feed_forward.w1       2  colwise        replicate              shard(-1)
model.layers.*.feed_forward.w2       2  rowwise        shard(-1)              partial -> shard(1)
model.layers.*.feed_forward.w3       2  colwise        replicate              shard(-1)
model.layers.*.attention_norm        2  sequence       shard(1)               shard(1)
model.layers.*.ffn_norm              2  sequence       shard(1)               shard(1)
model.norm                           1  sequence       shard(1)               shard(1)
model.output                         1  colwise        shard(1) -> replicate  shard(-1)

parameter                              number  held      gradient
model.layers.*.attention.wk.weight          2  shard(0)  its own
)"),
            std::string::npos)
      << text;
  EXPECT_NE(
      text.find("\nmodel.norm.weight                           1  whole   "
                "  summed over tp\n"),
      std::string::npos)
      << text;
}

}  // namespace
}  // namespace fts
