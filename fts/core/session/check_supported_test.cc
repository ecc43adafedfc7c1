// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/session/check_supported.h"

#include <gtest/gtest.h>

#include <string>

#include "fts/core/plan/resolve_plan.h"

namespace fts {
namespace {

ModelDescription Model() {
  ModelDescription model;
  model.modules = {
      {"", "Net", false}, {"a", "Linear", false}, {"b", "Linear", false}};
  model.parameters = {{"a.weight", {4, 4}, "float32", std::nullopt},
                      {"b.weight", {4, 4}, "float32", std::nullopt}};
  return model;
}

// What CheckSupported says of a strategy_adapter_cfg.
std::string Check(const std::string& yaml) {
  Diagnostics diags;
  const auto config = ParseYaml(yaml, "f.yaml", &diags);
  EXPECT_TRUE(config.ok()) << config.status();
  const auto plan = ResolvePlan(*config, Model(), PlanOptions(), &diags);
  EXPECT_TRUE(plan.ok()) << plan.status();
  Diagnostics found;
  CheckSupported(*plan, &found);
  return found.ToString();
}

TEST(CheckSupportedTest, WhatRunsIsTaken) {
  EXPECT_EQ(Check("fsdp_default_kwargs:\n"
                  "  reshard_after_forward: true\n"
                  "  act_ckpt: [composable]\n"
                  "  cpu_offload_policy: {}\n"
                  "fsdp_plan: {a: {}, b: {reshard_after_forward: false}}\n"),
            "");
}

TEST(CheckSupportedTest, EveryModeOfCheckpointingIsTaken) {
  EXPECT_EQ(Check("fsdp_default_kwargs: {act_ckpt: wrapped_offload}\n"
                  "fsdp_plan:\n"
                  "  a: {act_ckpt: [wrapped, {save: [matmul], every: 1}]}\n"
                  "  b: {}\n"),
            "");
}

TEST(CheckSupportedTest, WhatDoesNotRunIsRejectedByName) {
  EXPECT_EQ(
      Check("fsdp_plan:\n"
            "  a:\n"
            "    reshard_after_forward: 2\n"
            "    mp_policy: {param_dtype: bfloat16}\n"
            "    shard_placement: {dim: 1}\n"
            "    ignored_params: ['a.weight']\n"
            "  b: {}\n"),
      "f.yaml:3:28: error: reshard_after_forward: 2 of unit 'a' is not "
      "available in this version; use true or false [not_available]\n"
      "f.yaml:4:16: error: mp_policy of unit 'a' is not available in this "
      "version; set the run's `precision` instead [not_available]\n"
      "f.yaml:5:22: error: shard_placement of unit 'a' is not available in "
      "this version; remove it: parameters are sharded as flat ranges "
      "[not_available]\n"
      "f.yaml:6:21: error: ignored_params of unit 'a' is not available in this "
      "version; leave the module out of the plan to keep its parameters "
      "unsharded [not_available]\n");
}

TEST(CheckSupportedTest, TensorParallelismIsRejectedByName) {
  EXPECT_EQ(Check("fsdp_plan: {a: {}}\n"
                  "tp_plan: llama\n"),
            "f.yaml:2:10: error: tp_plan is not available in this version; "
            "remove it and set mesh.tp to 1 [not_available]\n");
}

TEST(CheckSupportedTest, AnImplicitRootsReshardGroupIsRejected) {
  EXPECT_EQ(Check("fsdp_default_kwargs: {reshard_after_forward: 2}\n"
                  "unplanned: shard\n"
                  "fsdp_plan: {a: {reshard_after_forward: true}}\n"),
            "f.yaml:1:46: error: reshard_after_forward: 2 of the unplanned "
            "parameters is not available in this version; use true or false "
            "[not_available]\n");
}

}  // namespace
}  // namespace fts
