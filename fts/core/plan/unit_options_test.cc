// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/unit_options.h"

#include <string>

#include "fts/core/plan/plan_json.h"
#include "fts/core/plan/test_models.h"
#include "gtest/gtest.h"

namespace fts {
namespace {

// The checked form as JSON; no diagnostics allowed.
std::string Good(const std::string& yaml) {
  Diagnostics diags;
  const YamlNode checked = CheckOptions(Yaml(yaml), "entry", &diags);
  EXPECT_TRUE(diags.all().empty()) << diags.ToString();
  return DumpJson(YamlToJson(checked));
}

// The diagnostics.
std::string Bad(const std::string& yaml) {
  Diagnostics diags;
  CheckOptions(Yaml(yaml), "entry", &diags);
  return diags.ToString();
}

std::string Overlay(const std::string& defaults, const std::string& entry) {
  Diagnostics diags;
  const YamlNode a = CheckOptions(Yaml(defaults), "defaults", &diags);
  const YamlNode b = CheckOptions(Yaml(entry), "entry", &diags);
  EXPECT_TRUE(diags.all().empty()) << diags.ToString();
  return DumpJson(YamlToJson(OverlayOptions(a, b)));
}

UnitOptions Read(const std::string& yaml) {
  Diagnostics diags;
  const UnitOptions options =
      ReadOptions(CheckOptions(Yaml(yaml), "entry", &diags));
  EXPECT_TRUE(diags.ok()) << diags.ToString();
  return options;
}

TEST(CheckOptions, KeepsExactlyTheKeysWritten) {
  EXPECT_EQ(Good(""), "{}");
  EXPECT_EQ(Good("{}"), "{}");
  EXPECT_EQ(Good("{reshard_after_forward: 4, mp_policy: {param_dtype: "
                 "bfloat16, reduce_dtype: float32}, shard_placement: {dim: -1},"
                 " ignored_params: [a.*], offload_policy: {pin_memory: no}}"),
            R"({"reshard_after_forward":4,"mp_policy":{"param_dtype":)"
            R"("bfloat16","reduce_dtype":"float32"},"shard_placement":)"
            R"({"dim":-1},"ignored_params":["a.*"],"offload_policy":)"
            R"({"pin_memory":false}})");
}

TEST(CheckOptions, NullIsKeptForEveryOption) {
  EXPECT_EQ(Good("{reshard_after_forward: null, mp_policy: null, act_ckpt: "
                 "null, cpu_offload_policy: null}"),
            R"({"reshard_after_forward":null,"mp_policy":null,"act_ckpt":null,)"
            R"("cpu_offload_policy":null})");
}

TEST(CheckOptions, UnknownOptions) {
  EXPECT_EQ(Bad("{reshard_after_foward: true}"),
            "plan.yaml:1:2: error: entry: there is no option "
            "'reshard_after_foward'; did you mean 'reshard_after_forward'? "
            "[unknown_key]\n");
  EXPECT_EQ(Bad("{mesh: x}"),
            "plan.yaml:1:2: error: entry: there is no option 'mesh'; the mesh "
            "comes from the run config's 'mesh', remove the key "
            "[unknown_key]\n");
  EXPECT_EQ(Bad("{shard_placement_fn: f}"),
            "plan.yaml:1:2: error: entry: there is no option "
            "'shard_placement_fn'; a file cannot hold a function, use "
            "shard_placement: {dim: d} [unknown_key]\n");
  EXPECT_EQ(Bad("{dp_mesh_dims: {}}"),
            "plan.yaml:1:2: error: entry: there is no option 'dp_mesh_dims'; "
            "the data-parallel dimensions come from the run config's 'mesh', "
            "remove the key [unknown_key]\n");
}

TEST(CheckOptions, ReshardAfterForward) {
  EXPECT_EQ(Bad("{reshard_after_forward: 'true'}"),
            "plan.yaml:1:25: error: entry: reshard_after_forward is string "
            "'true'; it must be true, false, or a number of ranks from 1 "
            "[bad_type]\n");
  EXPECT_EQ(Bad("{reshard_after_forward: 0}"),
            "plan.yaml:1:25: error: entry: reshard_after_forward is integer 0; "
            "it must be true, false, or a number of ranks from 1 "
            "[out_of_range]\n");
  EXPECT_EQ(
      Bad("{reshard_after_forward: 1}"),
      "plan.yaml:1:25: warning: entry: reshard_after_forward is 1: groups "
      "of one rank keep everything, as false does; write false "
      "[reshard_group_of_one]\n");
}

TEST(CheckOptions, ReshardAfterBackwardAndPrefetch) {
  const UnitOptions options = Read(
      "{reshard_after_backward: false, forward_prefetch: [a, b], "
      "backward_prefetch: []}");
  EXPECT_EQ(options.reshard_after_backward, false);
  EXPECT_EQ(options.forward_prefetch, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(options.backward_prefetch, std::vector<std::string>());
  EXPECT_FALSE(Read("{}").reshard_after_backward.has_value());
  EXPECT_FALSE(Read("{forward_prefetch: null}").forward_prefetch.has_value());
  EXPECT_EQ(Bad("{reshard_after_backward: 2, forward_prefetch: a, "
                "backward_prefetch: [1]}"),
            "plan.yaml:1:26: error: entry: reshard_after_backward is integer "
            "2; it must be true or false [bad_type]\n"
            "plan.yaml:1:47: error: entry: forward_prefetch is string 'a'; it "
            "must be a list of units, modules of the plan [bad_type]\n"
            "plan.yaml:1:70: error: entry: an item of backward_prefetch is "
            "integer 1; it must be a string [bad_type]\n");
}

TEST(CheckOptions, OffloadPolicy) {
  EXPECT_EQ(Bad("{cpu_offload_policy: true}"),
            "plan.yaml:1:22: error: entry: cpu_offload_policy is boolean true; "
            "it must be {}, {pin_memory: true or false}, or null for off "
            "[bad_type]\n");
  EXPECT_EQ(Bad("{cpu_offload_policy: {pin_memry: true}}"),
            "plan.yaml:1:23: error: entry: cpu_offload_policy has no key "
            "'pin_memry'; it takes pin_memory; did you mean 'pin_memory'? "
            "[unknown_key]\n");
  EXPECT_EQ(
      Bad("{offload_policy: {pin_memory: 1}}"),
      "plan.yaml:1:31: error: entry: offload_policy.pin_memory is integer "
      "1; it must be true or false [bad_type]\n");
  EXPECT_EQ(Bad("{offload_policy: {}, cpu_offload_policy: {}}"),
            "plan.yaml:1:18: error: entry: offload_policy and "
            "cpu_offload_policy stand for the same thing; keep one of them "
            "[conflicting_options]\n");
}

TEST(CheckOptions, MpPolicy) {
  EXPECT_EQ(Bad("{mp_policy: bfloat16}"),
            "plan.yaml:1:13: error: entry: mp_policy is string 'bfloat16'; it "
            "must be a mapping of param_dtype, reduce_dtype, output_dtype, "
            "cast_forward_inputs [bad_type]\n");
  EXPECT_EQ(Bad("{mp_policy: {param_dtype: bfloat, reduce_dtype: 32, "
                "cast_forward_inputs: 1, dtype: float32}}"),
            "plan.yaml:1:77: error: entry: mp_policy has no key 'dtype'; it "
            "takes param_dtype, reduce_dtype, output_dtype, "
            "cast_forward_inputs [unknown_key]\n"
            "plan.yaml:1:27: error: entry: mp_policy.param_dtype is string "
            "'bfloat'; it must be one of float32, bfloat16, float16, float64, "
            "or null to leave it as it is; did you mean 'bfloat16'? "
            "[bad_value]\n"
            "plan.yaml:1:49: error: entry: mp_policy.reduce_dtype is integer "
            "32; it must be one of float32, bfloat16, float16, float64, or "
            "null to leave it as it is [bad_type]\n"
            "plan.yaml:1:74: error: entry: mp_policy.cast_forward_inputs is "
            "integer 1; it must be true or false [bad_type]\n");
}

TEST(CheckOptions, ShardPlacementAndIgnoredParams) {
  EXPECT_EQ(Bad("{shard_placement: 1}"),
            "plan.yaml:1:19: error: entry: shard_placement is integer 1; it "
            "must be {dim: d} with a whole number d [bad_type]\n");
  EXPECT_EQ(Bad("{shard_placement: {dim: 1, d: 2}}"),
            "plan.yaml:1:28: error: entry: shard_placement has no key 'd'; it "
            "takes dim [unknown_key]\n");
  EXPECT_EQ(Bad("{ignored_params: a}"),
            "plan.yaml:1:18: error: entry: ignored_params is string 'a'; it "
            "must be a list of parameter names or patterns [bad_type]\n");
  EXPECT_EQ(Bad("{ignored_params: [a, 1]}"),
            "plan.yaml:1:22: error: entry: an item of ignored_params is "
            "integer 1; it must be a string [bad_type]\n");
}

TEST(OverlayOptions, TheEntryWinsKeyByKey) {
  EXPECT_EQ(Overlay("{reshard_after_forward: true, act_ckpt: composable}",
                    "{act_ckpt: null, mp_policy: {}}"),
            R"({"reshard_after_forward":true,"act_ckpt":null,"mp_policy":{}})");
  // Shallow: the mapping is replaced as a whole.
  EXPECT_EQ(Overlay("{mp_policy: {param_dtype: bfloat16}}",
                    "{mp_policy: {reduce_dtype: float32}}"),
            R"({"mp_policy":{"reduce_dtype":"float32"}})");
}

TEST(OverlayOptions, TheOffloadAliasesReplaceEachOther) {
  EXPECT_EQ(Overlay("{cpu_offload_policy: {}}", "{offload_policy: null}"),
            R"({"offload_policy":null})");
  EXPECT_EQ(Overlay("{offload_policy: {}}",
                    "{cpu_offload_policy: {pin_memory: false}}"),
            R"({"cpu_offload_policy":{"pin_memory":false}})");
}

TEST(ReadOptions, ReshardForms) {
  EXPECT_EQ(Read("{}").reshard_after_forward, Reshard::kDefault);
  EXPECT_EQ(Read("{reshard_after_forward: null}").reshard_after_forward,
            Reshard::kDefault);
  EXPECT_EQ(Read("{reshard_after_forward: yes}").reshard_after_forward,
            Reshard::kAlways);
  EXPECT_EQ(Read("{reshard_after_forward: false}").reshard_after_forward,
            Reshard::kNever);
  const UnitOptions four = Read("{reshard_after_forward: 4}");
  EXPECT_EQ(four.reshard_after_forward, Reshard::kAlways);
  EXPECT_EQ(four.reshard_group, 4);
  const UnitOptions one = Read("{reshard_after_forward: 1}");
  EXPECT_EQ(one.reshard_after_forward, Reshard::kNever);
}

TEST(ReadOptions, OffloadForms) {
  EXPECT_FALSE(Read("{}").cpu_offload);
  EXPECT_FALSE(Read("{cpu_offload_policy: null}").cpu_offload);
  EXPECT_TRUE(Read("{cpu_offload_policy: {}}").cpu_offload);
  EXPECT_TRUE(Read("{cpu_offload_policy: {}}").pin_memory);
  EXPECT_FALSE(Read("{offload_policy: {pin_memory: false}}").pin_memory);
}

TEST(ReadOptions, MpPolicyHasPlainNames) {
  const UnitOptions options = Read(
      "{mp_policy: {param_dtype: torch.bfloat16, output_dtype: null, "
      "cast_forward_inputs: false}}");
  EXPECT_EQ(DumpJson(YamlToJson(options.mp_policy)),
            R"({"param_dtype":"bfloat16","cast_forward_inputs":false})");
  EXPECT_EQ(DumpJson(YamlToJson(options.written)),
            R"({"mp_policy":{"param_dtype":"torch.bfloat16",)"
            R"("output_dtype":null,"cast_forward_inputs":false}})");
  ASSERT_TRUE(options.mp.has_value());
  EXPECT_EQ(options.mp->param, "bfloat16");
  EXPECT_EQ(options.mp->reduce, std::nullopt);
  EXPECT_EQ(options.mp->output, "");  // null: no cast
  EXPECT_FALSE(options.mp->cast_forward_inputs);
  EXPECT_TRUE(Read("{mp_policy: {}}").mp->cast_forward_inputs);
  EXPECT_FALSE(Read("{mp_policy: null}").mp.has_value());
  EXPECT_TRUE(Read("{}").mp_policy.is_null());
  EXPECT_TRUE(Read("{}").written.is_mapping());
}

}  // namespace
}  // namespace fts
