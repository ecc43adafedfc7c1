// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/check_mesh.h"

#include <string>

#include "fts/core/plan/resolve_plan.h"
#include "fts/core/plan/test_models.h"
#include "gtest/gtest.h"

namespace fts {
namespace {

std::string Check(const std::string& yaml, int64_t shards) {
  const ModelDescription model = MakeModel({"m.w", "n.w"});  // shape {4, 2}
  Diagnostics diags;
  const auto plan = ResolvePlan(Yaml(yaml), model, {}, &diags);
  EXPECT_TRUE(plan.ok()) << plan.status();
  const auto mesh = DeviceMesh::Create({{kDpShard, shards}});
  const absl::Status status = CheckPlanFitsMesh(*plan, model, *mesh, &diags);
  EXPECT_EQ(status, diags.status());
  return diags.ToString();
}

TEST(CheckPlanFitsMesh, ReshardGroupMustDivide) {
  EXPECT_EQ(Check("fsdp_plan: {m: {reshard_after_forward: 2}}", 4), "");
  EXPECT_EQ(Check("fsdp_plan: {m: {reshard_after_forward: 4}}", 4), "");
  EXPECT_EQ(Check("fsdp_plan: {m: {reshard_after_forward: 3}}", 4),
            "plan.yaml:1:40: error: unit 'm': reshard_after_forward 3 does not "
            "divide the 4 ranks of dp_shard; give a divisor, true or false "
            "[reshard_group]\n");
  EXPECT_NE(Check("fsdp_plan: {m: {reshard_after_forward: 8}}", 4), "");
}

TEST(CheckPlanFitsMesh, OtherDimensionsMustDivideEvenly) {
  EXPECT_EQ(Check("fsdp_plan: {m: {shard_placement: {dim: 1}}}", 2), "");
  EXPECT_EQ(Check("fsdp_plan: {m: {shard_placement: {dim: 0}}}", 3), "");
  EXPECT_EQ(Check("fsdp_plan: {m: {shard_placement: {dim: -1}}}", 4),
            "plan.yaml:1:40: error: unit 'm': dimension 1 of 'm.w' has 2 "
            "elements, which 4 ranks of dp_shard do not divide; only dimension "
            "0 may be split unevenly [shard_placement]\n");
}

}  // namespace
}  // namespace fts
