// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/act_ckpt.h"

#include <string>

#include "fts/core/plan/plan_json.h"
#include "fts/core/plan/test_models.h"
#include "gtest/gtest.h"

namespace fts {
namespace {

// The one form as JSON, or the errors; then any warnings.
std::string Check(const std::string& yaml) {
  Diagnostics diags;
  const auto value = CheckActCkpt(Yaml(yaml), "entry", &diags);
  EXPECT_EQ(value.has_value(), diags.ok());
  if (!value) return diags.ToString();
  return DumpJson(YamlToJson(*value)) + diags.ToString();
}

constexpr char kPlain[] = R"({"mode":"composable","kwargs":{}})";

TEST(ActCkpt, EveryFormOfAMode) {
  EXPECT_EQ(Check("composable"), kPlain);
  EXPECT_EQ(Check("[composable]"), kPlain);
  EXPECT_EQ(Check("[composable, {}]"), kPlain);
  EXPECT_EQ(Check("[composable, null]"), kPlain);
  EXPECT_EQ(Check("{mode: composable}"), kPlain);
  EXPECT_EQ(Check("{mode: composable, kwargs: null}"), kPlain);
  EXPECT_EQ(Check("{mode: wrapped, kwargs: {use_reentrant: false}}"),
            R"({"mode":"wrapped","kwargs":{"use_reentrant":false}})");
  EXPECT_EQ(Check("wrapped_offload"),
            R"({"mode":"wrapped_offload","kwargs":{}})");
}

TEST(ActCkpt, NullAndFalseAreOff) {
  EXPECT_EQ(Check("null"), "null");
  EXPECT_EQ(Check("false"), "null");
}

TEST(ActCkpt, UnknownModesFallBackWithAWarning) {
  EXPECT_EQ(
      Check("[WRAPPED]"),
      std::string(kPlain) +
          "plan.yaml:1:2: warning: entry: act_ckpt mode 'WRAPPED' is "
          "unknown, so composable is used; modes are composable, wrapped, "
          "wrapped_offload; did you mean 'wrapped'? "
          "[unknown_act_ckpt_mode]\n");
  // The keywords are those of the mode that is used.
  EXPECT_EQ(Check("[selective, {use_reentrant: true}]"),
            "plan.yaml:1:2: warning: entry: act_ckpt mode 'selective' is "
            "unknown, so composable is used; modes are composable, wrapped, "
            "wrapped_offload [unknown_act_ckpt_mode]\n"
            "plan.yaml:1:29: error: entry: act_ckpt mode composable is never "
            "reentrant; remove use_reentrant or set it to false "
            "[bad_value]\n");
}

TEST(ActCkpt, KeywordsOfTheNonReentrantCheckpoint) {
  EXPECT_EQ(
      Check("[composable, {use_reentrant: false, preserve_rng_state: false, "
            "determinism_check: none, debug: true, early_stop: false, "
            "context_fn: null}]"),
      R"({"mode":"composable","kwargs":{"use_reentrant":false,)"
      R"("preserve_rng_state":false,"determinism_check":"none","debug":true,)"
      R"("early_stop":false,"context_fn":null}})");
  EXPECT_EQ(
      Check("[wrapped, {preserve_rng: true}]"),
      "plan.yaml:1:12: error: entry: act_ckpt mode wrapped has no keyword "
      "'preserve_rng'; did you mean 'preserve_rng_state'? "
      "[unknown_key]\n");
  EXPECT_EQ(Check("[wrapped_offload, {debug: true}]"),
            "plan.yaml:1:20: error: entry: act_ckpt mode wrapped_offload takes "
            "no keywords; remove 'debug' [unknown_key]\n");
  EXPECT_EQ(Check("[composable, {use_reentrant: 1}]"),
            "plan.yaml:1:30: error: entry: act_ckpt keyword use_reentrant is "
            "integer 1; it must be true or false [bad_type]\n");
  EXPECT_EQ(Check("[composable, {determinism_check: strict}]"),
            "plan.yaml:1:34: error: entry: act_ckpt keyword determinism_check "
            "is string 'strict'; it must be 'default' or 'none' "
            "[bad_value]\n");
  EXPECT_EQ(Check("[composable, {context_fn: f}]"),
            "plan.yaml:1:27: error: entry: act_ckpt keyword context_fn takes a "
            "function, which a file cannot hold; remove it [bad_type]\n");
}

TEST(ActCkpt, ReentrantUnderWrappedIsReplacedWithAWarning) {
  EXPECT_EQ(Check("[wrapped, {use_reentrant: true}]"),
            R"({"mode":"wrapped","kwargs":{"use_reentrant":true}})"
            "plan.yaml:1:27: warning: entry: act_ckpt keyword use_reentrant: "
            "the non-reentrant checkpoint is used, which gives the same "
            "gradients; remove it or set it to false [not_available]\n");
}

TEST(ActCkpt, SelectiveKeywords) {
  EXPECT_EQ(
      Check("[wrapped, {every: 2, save: [attention, matmul]}]"),
      R"({"mode":"wrapped","kwargs":{"every":2,"save":["attention","matmul"]}})");
  EXPECT_EQ(Check("[composable, {every: 0}]"),
            "plan.yaml:1:22: error: entry: act_ckpt keyword every is integer "
            "0; it must be a whole number from 1: every n-th module of the "
            "entry is checkpointed [out_of_range]\n");
  EXPECT_EQ(Check("[composable, {every: two}]"),
            "plan.yaml:1:22: error: entry: act_ckpt keyword every is string "
            "'two'; it must be a whole number from 1: every n-th module of the "
            "entry is checkpointed [bad_type]\n");
  EXPECT_EQ(Check("[composable, {save: matmul}]"),
            "plan.yaml:1:21: error: entry: act_ckpt keyword save is string "
            "'matmul'; it must be a list of matmul and attention [bad_type]\n");
  EXPECT_EQ(Check("[composable, {save: [matmull, softmax]}]"),
            "plan.yaml:1:22: error: entry: act_ckpt keyword save names string "
            "'matmull'; it may name matmul and attention; did you mean "
            "'matmul'? [bad_value]\n"
            "plan.yaml:1:31: error: entry: act_ckpt keyword save names string "
            "'softmax'; it may name matmul and attention [bad_value]\n");
  EXPECT_EQ(Check("[wrapped_offload, {save: [matmul]}]"),
            "plan.yaml:1:20: error: entry: act_ckpt mode wrapped_offload takes "
            "no keywords; remove 'save' [unknown_key]\n");
}

TEST(ActCkpt, FormsThatSayNothing) {
  EXPECT_EQ(Check("[]"),
            "plan.yaml:1:1: error: entry: act_ckpt is an empty list, which "
            "names no mode; use null to switch it off [bad_type]\n");
  EXPECT_EQ(Check("[composable, {}, 3]"),
            "plan.yaml:1:1: error: entry: act_ckpt is a list of 3; it takes "
            "[mode] or [mode, {keyword: value}] [bad_type]\n");
  EXPECT_EQ(Check("true"),
            "plan.yaml:1:1: error: entry: act_ckpt is boolean true; it must be "
            "a mode, [mode], [mode, {keyword: value}], {mode: m, kwargs: "
            "{...}}, or null for off [bad_type]\n");
  EXPECT_EQ(Check("[1]"),
            "plan.yaml:1:2: error: entry: act_ckpt mode is integer 1; it must "
            "be one of composable, wrapped, wrapped_offload [bad_type]\n");
  EXPECT_EQ(Check("{kwargs: {}}"),
            "plan.yaml:1:1: error: entry: act_ckpt lacks 'mode'; it is one of "
            "composable, wrapped, wrapped_offload [missing_key]\n");
  EXPECT_EQ(Check("{mode: composable, kwarg: {}}"),
            "plan.yaml:1:20: error: entry: act_ckpt has no key 'kwarg'; it "
            "takes mode and kwargs; did you mean 'kwargs'? [unknown_key]\n");
  EXPECT_EQ(Check("[composable, 3]"),
            "plan.yaml:1:14: error: entry: act_ckpt keywords are integer 3; "
            "they must be a mapping {keyword: value} [bad_type]\n");
}

}  // namespace
}  // namespace fts
