// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/recompute/parse_options.h"

#include <gtest/gtest.h>

#include <string>

namespace fts::recompute {
namespace {

struct Outcome {
  absl::StatusOr<CheckpointOptions> options;
  std::string text;
};

Outcome Parse(const std::string& yaml, const std::string& mode = "composable") {
  Diagnostics diags;
  auto node = ParseYaml(yaml, "p.yaml", &diags);
  Outcome out{ParseCheckpointOptions(mode, *node, &diags), ""};
  out.text = diags.ToString();
  return out;
}

TEST(ParseOptionsTest, DefaultsAreTheNonReentrantCheckpoints) {
  const Outcome out = Parse("");
  ASSERT_TRUE(out.options.ok());
  EXPECT_TRUE(out.options->preserve_rng_state);
  EXPECT_TRUE(out.options->determinism_check);
  EXPECT_TRUE(out.options->early_stop);
}

TEST(ParseOptionsTest, ReadsTheKeywords) {
  const Outcome out = Parse(
      "{preserve_rng_state: false, determinism_check: none, early_stop: false, "
      "use_reentrant: false, debug: true, context_fn: null, every: 2, "
      "save: [attention]}");
  ASSERT_TRUE(out.options.ok()) << out.text;
  EXPECT_FALSE(out.options->preserve_rng_state);
  EXPECT_FALSE(out.options->determinism_check);
  EXPECT_FALSE(out.options->early_stop);
  EXPECT_TRUE(out.options->debug);
  EXPECT_TRUE(out.options->save_attention);
  EXPECT_FALSE(out.options->save_matmul);
  EXPECT_TRUE(Parse("save: [matmul]").options->save_matmul);
}

TEST(ParseOptionsTest, ReentrantRunsNonReentrantUnderWrapped) {
  const Outcome out = Parse("use_reentrant: true", "wrapped");
  EXPECT_TRUE(out.options.ok());
  EXPECT_EQ(out.text, "");
}

TEST(ParseOptionsTest, NamesEveryMistake) {
  const Outcome out = Parse(
      "use_reentrant: true\n"
      "context_fn: f\n"
      "preserve_rng_stat: true\n"
      "early_stop: 1\n"
      "determinism_check: strict\n"
      "save: [matmul, atention, 3]\n"
      "debug: 1\n");
  EXPECT_FALSE(out.options.ok());
  EXPECT_EQ(
      out.text,
      "p.yaml:1:1: error: act_ckpt: 'use_reentrant: true' is not possible "
      "under composable, which is non-reentrant; remove it [bad_value]\n"
      "p.yaml:2:1: error: act_ckpt: 'context_fn' takes a function, which a "
      "file cannot hold; remove it [bad_type]\n"
      "p.yaml:3:1: error: act_ckpt: unknown keyword 'preserve_rng_stat'; did "
      "you mean 'preserve_rng_state'? [unknown_key]\n"
      "p.yaml:4:13: error: act_ckpt: 'early_stop' is integer 1; it must be "
      "true or false [bad_type]\n"
      "p.yaml:5:20: error: act_ckpt: 'determinism_check' is string 'strict'; "
      "it must be 'default' or 'none' [bad_value]\n"
      "p.yaml:6:16: error: act_ckpt: 'save' names string 'atention'; it may "
      "name matmul and attention; did you mean 'attention'? [bad_value]\n"
      "p.yaml:6:26: error: act_ckpt: 'save' names integer 3; it may name "
      "matmul and attention [bad_value]\n"
      "p.yaml:7:8: error: act_ckpt: 'debug' is integer 1; it must be true or "
      "false [bad_type]\n");
  EXPECT_EQ(Parse("save: matmul").text,
            "p.yaml:1:7: error: act_ckpt: 'save' is string 'matmul'; it must "
            "be a list of matmul and attention [bad_type]\n");
}

TEST(ParseOptionsTest, RefusesAList) {
  EXPECT_EQ(
      Parse("[a]").text,
      "p.yaml:1:1: error: act_ckpt: the keywords are list ['a']; they must "
      "be a mapping [bad_type]\n");
}

}  // namespace
}  // namespace fts::recompute
