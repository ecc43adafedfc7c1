// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/new_optimizer.h"

#include <gtest/gtest.h>

#include <string>

namespace fts::optim {
namespace {

YamlNode Parse(const std::string& yaml) {
  Diagnostics diags;
  auto node = ParseYaml(yaml, "s.yaml", &diags);
  EXPECT_TRUE(node.ok());
  return node.ok() ? *node : YamlNode();
}

std::string Problems(const std::string& yaml) {
  Diagnostics diags;
  const bool ok = ReadNewOptimizerSpec(Parse(yaml), &diags).ok();
  EXPECT_EQ(ok, diags.ok());
  return diags.ToString();
}

TEST(NewOptimizerTest, ReadsClassAndKeywords) {
  Diagnostics diags;
  auto spec = ReadNewOptimizerSpec(Parse("optimizer_init:\n"
                                         "  class_path: torch.optim.Adam\n"
                                         "  init_args: {lr: 2.2e-4}\n"),
                                   &diags);
  ASSERT_TRUE(spec.ok()) << diags.ToString();
  EXPECT_EQ(spec->name, "torch.optim.Adam");
  EXPECT_EQ(spec->args.Find("lr")->ToNumber(), 2.2e-4);
  EXPECT_EQ(spec->args.where().ToString(), "s.yaml:2:15");
  EXPECT_EQ(spec->args.Find("lr")->where().ToString(), "s.yaml:3:19");
}

TEST(NewOptimizerTest, KeywordsMayBeAbsent) {
  for (const char* yaml :
       {"{optimizer_init: {class_path: torch.optim.SGD}}",
        "{optimizer_init: {class_path: torch.optim.SGD, init_args: null}}",
        "{optimizer_init: {name: sgd}}"}) {
    Diagnostics diags;
    auto spec = ReadNewOptimizerSpec(Parse(yaml), &diags);
    ASSERT_TRUE(spec.ok()) << diags.ToString();
    EXPECT_TRUE(spec->args.is_mapping());
    EXPECT_TRUE(spec->args.entries().empty());
  }
}

TEST(NewOptimizerTest, NamesWhatIsWrong) {
  EXPECT_EQ(Problems("{class_path: torch.optim.SGD}"),
            "s.yaml:1:1: error: new_optimizer is mapping {class_path: "
            "'torch.optim.SGD'}; write optimizer_init: {class_path: ..., "
            "init_args: {...}} [missing_key]\n");
  EXPECT_EQ(Problems("{optimizer_init: torch.optim.SGD}"),
            "s.yaml:1:18: error: new_optimizer.optimizer_init is string "
            "'torch.optim.SGD'; write {class_path: ..., init_args: {...}} or "
            "{name: ..., keywords} [bad_type]\n");
  EXPECT_EQ(Problems("{optimizer_init: {lr: 1}}"),
            "s.yaml:1:18: error: new_optimizer.optimizer_init is mapping {lr: "
            "1}; write {class_path: ..., init_args: {...}} or {name: ..., "
            "keywords} [missing_key]\n");
  EXPECT_EQ(Problems("{optimizer_init: {class_path: 1}}"),
            "s.yaml:1:31: error: new_optimizer.optimizer_init.class_path is "
            "integer 1; it must be a class's name or class path [bad_type]\n");
  EXPECT_EQ(Problems("{optimizer_init: {class_path: SGD, init_arg: {}}}"),
            "s.yaml:1:36: error: new_optimizer.optimizer_init: unknown key "
            "'init_arg'; did you mean 'init_args'?; keywords of the class "
            "stand in init_args [unknown_key]\n");
  EXPECT_EQ(Problems("{optimizer_init: {class_path: SGD, init_args: [1]}}"),
            "s.yaml:1:47: error: new_optimizer.optimizer_init.init_args is "
            "list [1]; it must be a mapping [bad_type]\n");
}

}  // namespace
}  // namespace fts::optim
