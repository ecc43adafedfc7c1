// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Plan entries whose modules form one unit, and the placement kinds that split
// a unit's parameters into segments.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "fts/core/plan/plan_json.h"
#include "fts/core/plan/plan_text.h"
#include "fts/core/plan/resolve_plan.h"
#include "fts/core/plan/test_models.h"
#include "gtest/gtest.h"

namespace fts {
namespace {

using Names = std::vector<std::string>;

Plan Resolve(const ModelDescription& model, const std::string& yaml) {
  Diagnostics diags;
  auto plan = ResolvePlan(Yaml(yaml), model, {}, &diags);
  EXPECT_TRUE(plan.ok()) << plan.status();
  return plan.ok() ? *std::move(plan) : Plan();
}

std::string Errors(const ModelDescription& model, const std::string& yaml) {
  Diagnostics diags;
  EXPECT_FALSE(ResolvePlan(Yaml(yaml), model, {}, &diags).ok());
  return diags.ToString();
}

ModelDescription Model() {
  return MakeModel({"emb.w", "a.w", "a.in.w", "b.w", "norm.w", "head.w"});
}

TEST(OneUnit, AllMatchesOfTheEntryFormOneUnit) {
  const Plan plan = Resolve(
      Model(), "fsdp_plan: {'norm|head': {one_unit: true}, '[ab]$': {}}");
  ASSERT_EQ(plan.units.size(), 3);
  EXPECT_EQ(plan.units[0].modules(), (Names{"norm", "head"}));
  EXPECT_EQ(plan.units[0].label(), "norm+head");
  ASSERT_EQ(plan.units[0].segments.size(), 1);
  EXPECT_EQ(plan.units[0].segments[0].parameters, (Names{"norm.w", "head.w"}));
  EXPECT_EQ(plan.units[1].modules(), (Names{"a"}));
}

TEST(OneUnit, ModulesWithinAnotherOfThemDoNotCount) {
  const Plan plan = Resolve(Model(), "fsdp_plan: {'[ab]': {one_unit: true}}");
  ASSERT_EQ(plan.units.size(), 1);
  EXPECT_EQ(plan.units[0].modules(), (Names{"a", "b"}));
  EXPECT_EQ(plan.units[0].segments[0].parameters,
            (Names{"a.w", "a.in.w", "b.w"}));
  // Of several modules none is the root: freed after forward like the others.
  EXPECT_FALSE(plan.units[0].is_root);
  EXPECT_TRUE(plan.units[0].reshard);
}

TEST(OneUnit, UnitsInsideItKeepTheirParameters) {
  const Plan plan =
      Resolve(Model(), "fsdp_plan: {a.in: {}, '[ab]$': {one_unit: true}}");
  ASSERT_EQ(plan.units.size(), 2);
  EXPECT_EQ(plan.units[0].segments[0].parameters, (Names{"a.in.w"}));
  EXPECT_EQ(plan.units[1].segments[0].parameters, (Names{"a.w", "b.w"}));
}

TEST(OneUnit, HoldsWhatItsModulesTie) {
  ModelDescription model = Model();
  model.parameters.back().shared_with = "emb.w";
  const Plan apart = Resolve(model, "fsdp_plan: {emb: {}, head: {}, a: {}}");
  EXPECT_EQ(apart.units[0].segments.size(), 0);
  const Plan plan =
      Resolve(model, "fsdp_plan: {'emb|head': {one_unit: true}, a: {}}");
  EXPECT_EQ(plan.units[0].segments[0].parameters, (Names{"emb.w"}));
}

TEST(OneUnit, OneMatchIsAnOrdinaryUnit) {
  const Plan plan = Resolve(Model(), "fsdp_plan: {norm: {one_unit: true}}");
  EXPECT_TRUE(plan.units[0].also.empty());
}

TEST(OneUnit, PlanShowsIt) {
  const Plan plan =
      Resolve(Model(), "fsdp_plan: {'a$|b|norm': {one_unit: true}}");
  EXPECT_TRUE(
      absl::StrContains(PlanToText(plan),
                        "a+2 more     0            4          32  float32  "
                        "reshard, one unit of 3 modules\n"))
      << PlanToText(plan);
  EXPECT_EQ(PlanToJson(plan, Diagnostics()),
            "{\"units\":[{\"module\":\"a\",\"options\":{\"one_unit\":true},"
            "\"modules\":[\"a\",\"b\",\"norm\"]}],\"skipped\":[],"
            "\"warnings\":[]}");
}

TEST(OneUnit, ModulesOfOtherEntriesAreRefused) {
  EXPECT_EQ(
      Errors(Model(),
             "fsdp_plan:\n  head: {}\n  'norm|head': {one_unit: true}\n"),
      "plan.yaml:3:3: error: fsdp_plan entry 'norm|head': module 'head' is in "
      "the unit of entry 'head' already; the modules of a one_unit entry "
      "belong "
      "to no other: narrow one of the two patterns [overlapping_units]\n");
  EXPECT_EQ(
      Errors(Model(),
             "fsdp_plan:\n  'norm|head': {one_unit: true}\n  head: {}\n"),
      "plan.yaml:3:3: error: fsdp_plan entry 'head': module 'head' is in the "
      "unit of entry 'norm|head' already; the modules of a one_unit entry "
      "belong to no other: narrow one of the two patterns "
      "[overlapping_units]\n");
  EXPECT_EQ(
      Errors(Model(), "fsdp_plan:\n  a: {}\n  'a.in|b': {one_unit: true}\n"),
      "plan.yaml:3:3: error: fsdp_plan entry 'a.in|b': module 'a.in' is "
      "already sharded as part of 'a', so it cannot be one unit with others; "
      "put this entry before 'a' [overlapping_units]\n");
  EXPECT_EQ(
      Errors(Model(), "fsdp_plan: {head: {one_unit: 1}}"),
      "plan.yaml:1:30: error: fsdp_plan entry 'head': one_unit is integer "
      "1; it must be true or false [bad_type]\n");
}

TEST(ShardDim, SplitsAUnitByTheDimensionMeant) {
  ModelDescription model = MakeModel({"m.w", "m.b", "m.t"});
  model.parameters[1].shape = {4};
  model.parameters[2].shape = {4, 2, 6};
  const Plan plan =
      Resolve(model, "fsdp_plan: {m: {shard_placement: {dim: -1}}}");
  ASSERT_EQ(plan.units[0].segments.size(), 3);
  EXPECT_EQ(plan.units[0].segments[0].shard_dim, 0);
  EXPECT_EQ(plan.units[0].segments[0].parameters, (Names{"m.b"}));
  EXPECT_EQ(plan.units[0].segments[1].shard_dim, 1);
  EXPECT_EQ(plan.units[0].segments[1].parameters, (Names{"m.w"}));
  EXPECT_EQ(plan.units[0].segments[2].shard_dim, 2);
  EXPECT_EQ(plan.units[0].segments[2].parameters, (Names{"m.t"}));
}

}  // namespace
}  // namespace fts
