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
                  "fsdp_plan:\n"
                  "  a: {reshard_after_forward: 2, one_unit: true}\n"
                  "  b: {reshard_after_forward: false, shard_placement: "
                  "{dim: -1}}\n"),
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
            "    mp_policy: {param_dtype: bfloat16}\n"
            "    ignored_params: ['a.weight']\n"
            "  b: {}\n"),
      "f.yaml:3:16: error: mp_policy of unit 'a' is not available in this "
      "version; set the run's `precision` instead [not_available]\n"
      "f.yaml:4:21: error: ignored_params of unit 'a' is not available in this "
      "version; leave the module out of the plan to keep its parameters "
      "unsharded [not_available]\n");
}

TEST(CheckSupportedTest, TensorParallelismIsRejectedByName) {
  EXPECT_EQ(Check("fsdp_plan: {a: {}}\n"
                  "tp_plan: llama\n"),
            "f.yaml:2:10: error: tp_plan is not available in this version; "
            "remove it and set mesh.tp to 1 [not_available]\n");
}

}  // namespace
}  // namespace fts
