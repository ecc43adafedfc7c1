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
                  "gradient_divide_factor: 2\n"
                  "fsdp_plan:\n"
                  "  a: {reshard_after_forward: 2, one_unit: true,\n"
                  "      mp_policy: {param_dtype: bfloat16}}\n"
                  "  b: {reshard_after_forward: false, shard_placement: "
                  "{dim: -1}, ignored_params: [b.weight]}\n"),
            "");
}

TEST(CheckSupportedTest, EveryModeOfCheckpointingIsTaken) {
  EXPECT_EQ(Check("fsdp_default_kwargs: {act_ckpt: wrapped_offload}\n"
                  "fsdp_plan:\n"
                  "  a: {act_ckpt: [wrapped, {save: [matmul], every: 1}]}\n"
                  "  b: {}\n"),
            "");
}

TEST(CheckSupportedTest, TensorParallelismIsTaken) {
  EXPECT_EQ(Check("fsdp_plan: {a: {}}\n"
                  "loss_parallel: true\n"
                  "tp_plan: {b: colwise}\n"),
            "");
}

}  // namespace
}  // namespace fts
