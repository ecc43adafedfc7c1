// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/factory.h"

#include <gtest/gtest.h>

#include <string>

#include "fts/core/optim/reduce_on_plateau.h"

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

std::string SchedulerProblems(const std::string& name,
                              const std::string& yaml) {
  Diagnostics diags;
  const bool ok = MakeLrScheduler(name, Parse(yaml), &diags).ok();
  EXPECT_EQ(ok, diags.ok());
  return diags.ToString();
}

TEST(FactoryTest, TakesEverySpelling) {
  Diagnostics diags;
  for (const char* name : {"adamw", "AdamW", "torch.optim.AdamW"}) {
    auto made = MakeOptimizer(name, YamlNode(), &diags);
    ASSERT_TRUE(made.ok()) << diags.ToString();
    EXPECT_EQ(made->optimizer->name(), "AdamW");
    EXPECT_EQ(made->lr, 1e-3);
    EXPECT_EQ(made->weight_decay, 1e-2);
  }
  for (const char* name :
       {"step_lr", "StepLR", "torch.optim.lr_scheduler.StepLR"}) {
    auto made = MakeLrScheduler(name, Parse("{step_size: 1}"), &diags);
    ASSERT_TRUE(made.ok()) << diags.ToString();
    EXPECT_EQ((*made)->name(), "StepLR");
  }
}

TEST(FactoryTest, MakesEveryScheduler) {
  const std::pair<const char*, const char*> cases[] = {
      {"step_lr", "{step_size: 1, gamma: 0.7}"},
      {"multi_step_lr", "{milestones: [1, 2]}"},
      {"exponential_lr", "{gamma: 0.9}"},
      {"constant_lr", "{factor: 0.5, total_iters: 3}"},
      {"linear_lr", ""},
      {"cosine_annealing_lr", "{T_max: 10, eta_min: 1e-6}"},
      {"cosine_annealing_warm_restarts", "{T_0: 10, T_mult: 2}"},
      {"reduce_lr_on_plateau", "{mode: max, min_lr: [1e-6]}"}};
  for (const auto& [name, args] : cases) {
    Diagnostics diags;
    EXPECT_TRUE(MakeLrScheduler(name, Parse(args), &diags).ok())
        << name << ": " << diags.ToString();
  }
}

TEST(FactoryTest, ReadsOptimizerKeywords) {
  Diagnostics diags;
  auto made = MakeOptimizer(
      "sgd",
      Parse("{lr: 1e-5, momentum: 0.9, nesterov: true, weight_decay: "
            "0.1, foreach: null, fused: true, maximize: false}"),
      &diags);
  ASSERT_TRUE(made.ok()) << diags.ToString();
  EXPECT_EQ(made->lr, 1e-5);
  EXPECT_EQ(made->weight_decay, 0.1);
}

TEST(FactoryTest, NamesUnknownClasses) {
  EXPECT_EQ(
      OptimizerProblems("adamv", ""),
      "c.yaml:1:1: error: unknown optimizer 'adamv'; did you mean 'adamw'? "
      "[unknown_optimizer]\n");
  EXPECT_EQ(
      OptimizerProblems("torch.optim.AdamV", ""),
      "c.yaml:1:1: error: unknown optimizer 'torch.optim.AdamV'; did you mean "
      "'torch.optim.AdamW'? [unknown_optimizer]\n");
  EXPECT_EQ(SchedulerProblems("StepLr", "{step_size: 1}"),
            "c.yaml:1:1: error: unknown lr_scheduler 'StepLr'; did you mean "
            "'StepLR'? [unknown_lr_scheduler]\n");
  EXPECT_EQ(SchedulerProblems("torch.optim.lr_scheduler.LambdaLR", "{a: 1}"),
            "c.yaml:1:1: error: lr_scheduler "
            "'torch.optim.lr_scheduler.LambdaLR' is not available in this "
            "version [not_available]\n");
  EXPECT_EQ(OptimizerProblems("RMSprop", "{a: 1}"),
            "c.yaml:1:1: error: optimizer 'RMSprop' is not available in this "
            "version [not_available]\n");
}

TEST(FactoryTest, NamesEveryWrongKeyword) {
  EXPECT_EQ(OptimizerProblems("adamw",
                              "lr: -1\n"
                              "betas: [0.9]\n"
                              "eps: small\n"
                              "weight_deca: 0.1\n"
                              "amsgrad: true\n"),
            "c.yaml:1:5: error: AdamW: 'lr' is integer -1; it must be a number "
            "of at least 0 [out_of_range]\n"
            "c.yaml:2:8: error: AdamW: 'betas' is list [0.9]; it must be a "
            "list of two numbers [bad_value]\n"
            "c.yaml:3:6: error: AdamW: 'eps' is string 'small'; it must be a "
            "number of at least 0 [bad_type]\n"
            "c.yaml:5:1: error: AdamW: 'amsgrad' is not available in this "
            "version; remove it [not_available]\n"
            "c.yaml:4:1: error: AdamW: unknown keyword 'weight_deca'; did you "
            "mean 'weight_decay'? [unknown_key]\n");
  EXPECT_EQ(SchedulerProblems("step_lr", "{gama: 0.7}"),
            "c.yaml:1:1: error: StepLR: 'step_size' is missing [missing_key]\n"
            "c.yaml:1:2: error: StepLR: unknown keyword 'gama'; did you mean "
            "'gamma'? [unknown_key]\n");
  EXPECT_EQ(SchedulerProblems("step_lr", "{step_size: 0}"),
            "c.yaml:1:13: error: StepLR: 'step_size' is integer 0; it must be "
            "an integer of at least 1 [out_of_range]\n");
  EXPECT_EQ(SchedulerProblems("multi_step_lr", "{milestones: 3}"),
            "c.yaml:1:14: error: MultiStepLR: 'milestones' is integer 3; it "
            "must be a list of integers of at least 0 [bad_type]\n");
  EXPECT_EQ(SchedulerProblems("reduce_lr_on_plateau", "{mode: least}"),
            "c.yaml:1:8: error: ReduceLROnPlateau: 'mode' is string 'least'; "
            "it must be 'min' or 'max' [bad_value]\n");
  EXPECT_EQ(SchedulerProblems("linear_lr", "{start_factor: 0}"),
            "c.yaml:1:16: error: LinearLR: 'start_factor' is integer 0; it "
            "must be a number above 0 and at most 1 [out_of_range]\n");
  EXPECT_EQ(OptimizerProblems("sgd", "{nesterov: true}"),
            "c.yaml:1:12: error: SGD: 'nesterov' needs a momentum above 0 and "
            "no dampening [bad_value]\n");
  EXPECT_EQ(OptimizerProblems("sgd", "[1]"),
            "c.yaml:1:1: error: SGD: its keywords are list [1]; they must be a "
            "mapping [bad_type]\n");
}

TEST(FactoryTest, AnOptimizerKeyInSchedulerArgsIsIgnoredWithAWarning) {
  Diagnostics diags;
  EXPECT_TRUE(MakeLrScheduler("ExponentialLR",
                              Parse("{gamma: 0.9, optimizer: x}"), &diags)
                  .ok());
  EXPECT_EQ(diags.ToString(),
            "c.yaml:1:25: warning: ExponentialLR: 'optimizer' is ignored: a "
            "scheduler drives the run's optimizer; remove it [unknown_key]\n");
}

}  // namespace
}  // namespace fts::optim
