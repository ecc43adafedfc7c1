// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/plan_json.h"

#include <string>

#include "fts/core/plan/resolve_plan.h"
#include "fts/core/plan/test_models.h"
#include "gtest/gtest.h"

namespace fts {
namespace {

TEST(PlanToJson, HasTheShapeOfTheContract) {
  Diagnostics diags;
  const auto plan =
      ResolvePlan(Yaml("fsdp_default_kwargs: {cpu_offload_policy: {}}\n"
                       "fsdp_plan:\n"
                       "  m.a: {act_ckpt: [wrapped]}\n"
                       "  'm.*': {}\n"),
                  MakeModel({"m.a.w", "m.l.b.w"}, {"m.l"}), {}, &diags);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(
      PlanToJson(*plan, diags),
      R"({"units":[{"module":"m.a","options":{"cpu_offload_policy":{}}},)"
      R"({"module":"m","options":{"cpu_offload_policy":{}}}],)"
      R"("skipped":[{"module":"m.l","reason":"container"},)"
      R"({"module":"m.l.b","reason":"already_sharded"}],)"
      R"("warnings":[{"code":"container","message":"fsdp_plan entry 'm.*' )"
      R"(matches 'm.l', a ModuleList: a container is never called itself, so )"
      R"(it is left out; plan the modules in it","file":"plan.yaml","line":4,)"
      R"("column":3},{"code":"already_sharded","message":"fsdp_plan entry )"
      R"('m.*': module 'm.l.b' is already sharded as part of 'm', so it is )"
      R"(skipped; name it in an entry before 'm.*' to make it a unit of its )"
      R"(own","file":"plan.yaml","line":4,"column":3}]})");
}

TEST(PlanToJson, AnEmptyPlan) {
  EXPECT_EQ(PlanToJson(Plan(), Diagnostics()),
            R"({"units":[],"skipped":[],"warnings":[]})");
}

TEST(FullPlanToJson, HasSegmentsAndRemainder) {
  Diagnostics diags;
  PlanOptions options;
  options.no_decay = {"bias"};
  const auto plan =
      ResolvePlan(Yaml("fsdp_plan: {m: {}}"),
                  MakeModel({"m.bias", "m.w", "n.w"}), options, &diags);
  ASSERT_TRUE(plan.ok());
  const Json json = Json::parse(FullPlanToJson(*plan, diags));
  EXPECT_EQ(json["format"], "fts-plan/1");
  EXPECT_EQ(DumpJson(json["units"]),
            R"([{"module":"m","options":{},"is_root":true,"reshard":false,)"
            R"("segments":[{"phase":0,"dtype":"float32","replicated":false,)"
            R"("numel":16,"decay_numel":8,"parameters":["m.w","m.bias"]}]}])");
  EXPECT_EQ(json["remainder"]["segments"][0]["replicated"], true);
  EXPECT_EQ(json["remainder"]["segments"][0]["parameters"][0], "n.w");
  EXPECT_EQ(json["unplanned"], "replicate");
  EXPECT_TRUE(json["tp_plan"].is_null());
  EXPECT_TRUE(json["tp"].is_null());
  EXPECT_EQ(json["notes"][0]["code"], "mixed_phase");
}

TEST(FullPlanToJson, SwitchesWhereThereAreSome) {
  Schedule schedule = MakeSchedule({{"a.w"}, {"b.w"}, {"a.w"}}, 2);
  schedule.phases[1].freeze = {"a.w"};
  PlanOptions options;
  options.schedule = &schedule;
  Diagnostics diags;
  const auto plan =
      ResolvePlan(YamlNode(), MakeModel({"a.w", "b.w"}), options, &diags);
  ASSERT_TRUE(plan.ok());
  const Json json = Json::parse(FullPlanToJson(*plan, diags));
  EXPECT_EQ(
      DumpJson(json["remainder"]["segments"]),
      R"([{"phase":0,"switches":[1,2],"dtype":"float32","replicated":true,)"
      R"("numel":8,"decay_numel":8,"parameters":["a.w"]},)"
      R"({"phase":1,"dtype":"float32","replicated":true,"numel":8,)"
      R"("decay_numel":8,"parameters":["b.w"]}])");
}

TEST(YamlToJson, EveryKind) {
  EXPECT_EQ(
      DumpJson(YamlToJson(
          Yaml("{a: null, b: yes, c: 010, d: 0.5, e: '1', f: [1e-06, .inf]}"))),
      R"({"a":null,"b":true,"c":8,"d":0.5,"e":"1","f":["1e-06",".inf"]})");
}

TEST(FullPlanToJson, HasTensorParallelRules) {
  Diagnostics diags;
  PlanOptions options;
  options.tp = 2;
  const auto plan = ResolvePlan(Yaml("tp_plan: llama\nloss_parallel: true"),
                                ShapedLlama({}), options, &diags);
  ASSERT_TRUE(plan.ok()) << plan.status();
  const Json json = Json::parse(FullPlanToJson(*plan, diags));
  EXPECT_EQ(json["tp_plan"], "llama");
  const Json& tp = json["tp"];
  EXPECT_EQ(tp["size"], 2);
  EXPECT_EQ(tp["loss_parallel"], true);
  EXPECT_EQ(tp["sequence_parallel"], true);
  EXPECT_EQ(tp["loss_module"], "model.output");
  EXPECT_EQ(DumpJson(tp["rules"][0]),
            R"j({"module":"model.tok_embeddings","class":"Embedding",)j"
            R"j("style":"rowwise","input":["Replicate()"],)j"
            R"j("compute":["Replicate()"],"output":["Partial()"],)j"
            R"j("result":["Shard(1)"],"use_local_output":true,"whole":16})j");
  EXPECT_EQ(DumpJson(tp["parameters"]["model.norm.weight"]),
            R"j({"placement":"Replicate()","partial_gradient":true})j");
  EXPECT_EQ(DumpJson(tp["parameters"]["model.layers.0.attention.wo.weight"]),
            R"j({"placement":"Shard(1)","partial_gradient":false})j");
  // One segment of each kind.
  const Json& segments = json["remainder"]["segments"];
  ASSERT_EQ(segments.size(), 2u);
  EXPECT_EQ(segments[0]["tp"], "partial");
  EXPECT_EQ(segments[1]["tp"], "sharded");
  // The short form has them as extra keys.
  const Json shorter = Json::parse(PlanToJson(*plan, diags));
  EXPECT_EQ(shorter["tp"], tp);
}

}  // namespace
}  // namespace fts
