// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/optimizer_factory.h"

#include <gtest/gtest.h>

#include <string>

namespace fts::optim {
namespace {

YamlNode Parse(const std::string& yaml) {
  Diagnostics diags;
  auto node = ParseYaml(yaml, "c.yaml", &diags);
  EXPECT_TRUE(node.ok());
  return node.ok() ? *node : YamlNode();
}

std::string OptimizerProblems(const std::string& name,
                              const std::string& yaml) {
  Diagnostics diags;
  const bool ok = MakeOptimizer(name, Parse(yaml), &diags).ok();
  EXPECT_EQ(ok, diags.ok());
  return diags.ToString();
}

TEST(OptimizerFactoryTest, TakesEverySpelling) {
  Diagnostics diags;
  for (const char* name :
       {"adamw", "AdamW", "torch.optim.AdamW", "torch.optim.adamw.AdamW"}) {
    auto made = MakeOptimizer(name, YamlNode(), &diags);
    ASSERT_TRUE(made.ok()) << diags.ToString();
    EXPECT_EQ(made->optimizer->name(), "AdamW");
    EXPECT_EQ(made->lr, 1e-3);
    EXPECT_EQ(made->weight_decay, 1e-2);
  }
}

TEST(OptimizerFactoryTest, HasPyTorchsDefaults) {
  struct Case {
    const char *short_name, *class_name;
    double lr, weight_decay;
  };
  for (const Case& c : {Case{"sgd", "SGD", 1e-3, 0},
                        {"adam", "Adam", 1e-3, 0},
                        {"adagrad", "Adagrad", 1e-2, 0},
                        {"rmsprop", "RMSprop", 1e-2, 0}}) {
    Diagnostics diags;
    auto made = MakeOptimizer(c.short_name, YamlNode(), &diags);
    ASSERT_TRUE(made.ok()) << diags.ToString();
    EXPECT_EQ(made->optimizer->name(), c.class_name);
    EXPECT_EQ(made->lr, c.lr) << c.class_name;
    EXPECT_EQ(made->weight_decay, c.weight_decay) << c.class_name;
  }
}

TEST(OptimizerFactoryTest, ReadsEveryKeyword) {
  const std::pair<const char*, const char*> cases[] = {
      {"sgd",
       "{lr: 1e-5, momentum: 0.9, nesterov: true, weight_decay: 0.1, "
       "foreach: null, fused: true, maximize: true}"},
      {"adam", "{betas: [0.8, 0.9], eps: 1e-6, amsgrad: true, maximize: true}"},
      {"adamw", "{amsgrad: true, capturable: false, differentiable: false}"},
      {"adagrad",
       "{lr_decay: 0.1, initial_accumulator_value: 0.5, eps: 1e-8, maximize: "
       "true}"},
      {"rmsprop",
       "{alpha: 0.9, momentum: 0.5, centered: true, eps: 1e-6, maximize: "
       "true}"}};
  for (const auto& [name, args] : cases) {
    EXPECT_EQ(OptimizerProblems(name, args), "") << name;
  }
  Diagnostics diags;
  auto made =
      MakeOptimizer("sgd", Parse("{lr: 1e-5, weight_decay: 0.1}"), &diags);
  ASSERT_TRUE(made.ok()) << diags.ToString();
  EXPECT_EQ(made->lr, 1e-5);
  EXPECT_EQ(made->weight_decay, 0.1);
}

TEST(OptimizerFactoryTest, NamesUnknownClasses) {
  EXPECT_EQ(
      OptimizerProblems("adamv", ""),
      "c.yaml:1:1: error: unknown optimizer 'adamv'; did you mean 'adamw'? "
      "[unknown_optimizer]\n");
  EXPECT_EQ(
      OptimizerProblems("torch.optim.AdamV", ""),
      "c.yaml:1:1: error: unknown optimizer 'torch.optim.AdamV'; did you mean "
      "'torch.optim.AdamW'? [unknown_optimizer]\n");
  EXPECT_EQ(OptimizerProblems("RAdam", "{a: 1}"),
            "c.yaml:1:1: error: optimizer 'RAdam' is not available in this "
            "version [not_available]\n");
}

TEST(OptimizerFactoryTest, NamesEveryWrongKeyword) {
  EXPECT_EQ(OptimizerProblems("adamw",
                              "lr: -1\n"
                              "betas: [0.9]\n"
                              "eps: small\n"
                              "weight_deca: 0.1\n"
                              "capturable: true\n"),
            "c.yaml:1:5: error: AdamW: 'lr' is integer -1; it must be a number "
            "of at least 0 [out_of_range]\n"
            "c.yaml:2:8: error: AdamW: 'betas' is list [0.9]; it must be a "
            "list of two numbers [bad_value]\n"
            "c.yaml:3:6: error: AdamW: 'eps' is string 'small'; it must be a "
            "number of at least 0 [bad_type]\n"
            "c.yaml:5:1: error: AdamW: 'capturable' is not available in this "
            "version; remove it [not_available]\n"
            "c.yaml:4:1: error: AdamW: unknown keyword 'weight_deca'; did you "
            "mean 'weight_decay'? [unknown_key]\n");
  EXPECT_EQ(OptimizerProblems("sgd", "{nesterov: true}"),
            "c.yaml:1:12: error: SGD: 'nesterov' needs a momentum above 0 and "
            "no dampening [bad_value]\n");
  EXPECT_EQ(OptimizerProblems("sgd", "[1]"),
            "c.yaml:1:1: error: SGD: its keywords are list [1]; they must be a "
            "mapping [bad_type]\n");
  EXPECT_EQ(OptimizerProblems("adagrad", "{lr_decay: -1, momentum: 0}"),
            "c.yaml:1:12: error: Adagrad: 'lr_decay' is integer -1; it must be "
            "a number of at least 0 [out_of_range]\n"
            "c.yaml:1:16: error: Adagrad: unknown keyword 'momentum' "
            "[unknown_key]\n");
  EXPECT_EQ(OptimizerProblems("rmsprop", "{centered: 1, alpha: .nan}"),
            "c.yaml:1:22: error: RMSprop: 'alpha' is float .nan; it must be a "
            "number of at least 0 [out_of_range]\n"
            "c.yaml:1:12: error: RMSprop: 'centered' is integer 1; it must be "
            "true or false [bad_type]\n");
}

}  // namespace
}  // namespace fts::optim
