// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/lr_scheduler_factory.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace fts::optim {
namespace {

YamlNode Parse(const std::string& yaml) {
  Diagnostics diags;
  auto node = ParseYaml(yaml, "c.yaml", &diags);
  EXPECT_TRUE(node.ok());
  return node.ok() ? *node : YamlNode();
}

std::string Problems(const std::string& name, const std::string& yaml) {
  Diagnostics diags;
  const bool ok = MakeLrScheduler(name, Parse(yaml), &diags).ok();
  EXPECT_EQ(ok, diags.ok());
  return diags.ToString();
}

TEST(LrSchedulerFactoryTest, TakesEverySpelling) {
  Diagnostics diags;
  for (const char* name :
       {"step_lr", "StepLR", "torch.optim.lr_scheduler.StepLR"}) {
    auto made = MakeLrScheduler(name, Parse("{step_size: 1}"), &diags);
    ASSERT_TRUE(made.ok()) << diags.ToString();
    EXPECT_EQ((*made)->name(), "StepLR");
  }
}

TEST(LrSchedulerFactoryTest, MakesEveryScheduler) {
  const std::pair<const char*, const char*> cases[] = {
      {"step_lr", "{step_size: 1, gamma: 0.7}"},
      {"multi_step_lr", "{milestones: [1, 2]}"},
      {"exponential_lr", "{gamma: 0.9}"},
      {"constant_lr", "{factor: 0.5, total_iters: 3}"},
      {"linear_lr", ""},
      {"polynomial_lr", "{total_iters: 100, power: 0.9}"},
      {"cosine_annealing_lr", "{T_max: 10, eta_min: 1e-6}"},
      {"cosine_annealing_warm_restarts", "{T_0: 10, T_mult: 2}"},
      {"lambda_lr", "{lr_lambda: 0.95 ** epoch}"},
      {"lambda_lr", "{lr_lambda: 'lambda e: 0.95 ** e'}"},
      {"lambda_lr", "{lr_lambda: [0.5, 1, '1 / (epoch + 1)']}"},
      {"multiplicative_lr", "{lr_lambda: 1 / epoch}"},
      {"sequential_lr",
       "{schedulers: [{name: linear_lr, total_iters: 3}, {class_path: "
       "torch.optim.lr_scheduler.ExponentialLR, init_args: {gamma: 0.9}}], "
       "milestones: [3]}"},
      {"chained_scheduler", "{schedulers: [{name: constant_lr}]}"},
      {"reduce_lr_on_plateau", "{mode: max, min_lr: [1e-6]}"}};
  for (const auto& [name, args] : cases) {
    Diagnostics diags;
    EXPECT_TRUE(MakeLrScheduler(name, Parse(args), &diags).ok())
        << name << ": " << diags.ToString();
  }
}

TEST(LrSchedulerFactoryTest, NamesUnknownClasses) {
  EXPECT_EQ(Problems("StepLr", "{step_size: 1}"),
            "c.yaml:1:1: error: unknown lr_scheduler 'StepLr'; did you mean "
            "'StepLR'? [unknown_lr_scheduler]\n");
  EXPECT_EQ(Problems("torch.optim.lr_scheduler.OneCycleLR", "{a: 1}"),
            "c.yaml:1:1: error: lr_scheduler "
            "'torch.optim.lr_scheduler.OneCycleLR' is not available in this "
            "version [not_available]\n");
}

TEST(LrSchedulerFactoryTest, NamesEveryWrongKeyword) {
  EXPECT_EQ(Problems("step_lr", "{gama: 0.7}"),
            "c.yaml:1:1: error: StepLR: 'step_size' is missing [missing_key]\n"
            "c.yaml:1:2: error: StepLR: unknown keyword 'gama'; did you mean "
            "'gamma'? [unknown_key]\n");
  EXPECT_EQ(Problems("step_lr", "{step_size: 0}"),
            "c.yaml:1:13: error: StepLR: 'step_size' is integer 0; it must be "
            "an integer of at least 1 [out_of_range]\n");
  EXPECT_EQ(Problems("multi_step_lr", "{milestones: 3}"),
            "c.yaml:1:14: error: MultiStepLR: 'milestones' is integer 3; it "
            "must be a list of integers of at least 0 [bad_type]\n");
  EXPECT_EQ(Problems("reduce_lr_on_plateau", "{mode: least}"),
            "c.yaml:1:8: error: ReduceLROnPlateau: 'mode' is string 'least'; "
            "it must be 'min' or 'max' [bad_value]\n");
  EXPECT_EQ(Problems("linear_lr", "{start_factor: 0}"),
            "c.yaml:1:16: error: LinearLR: 'start_factor' is integer 0; it "
            "must be a number above 0 and at most 1 [out_of_range]\n");
  EXPECT_EQ(Problems("polynomial_lr", "{power: -1}"),
            "c.yaml:1:9: error: PolynomialLR: 'power' is integer -1; it must "
            "be a number of at least 0 [out_of_range]\n");
  EXPECT_EQ(Problems("exponential_lr", "{gamma: 0.9, last_epoch: 3}"),
            "c.yaml:1:26: error: ExponentialLR: 'last_epoch' other than -1 is "
            "not available: schedulers resume from checkpoints; remove it "
            "[not_available]\n");
}

TEST(LrSchedulerFactoryTest, PointsIntoALambda) {
  EXPECT_EQ(Problems("lambda_lr", "{}"),
            "c.yaml:1:1: error: LambdaLR: 'lr_lambda' is missing "
            "[missing_key]\n");
  EXPECT_EQ(Problems("LambdaLR", "lr_lambda: 0.95 ** epoc"),
            "c.yaml:1:20: error: LambdaLR: 'lr_lambda' '0.95 ** epoc', at "
            "character 9: unknown name 'epoc'; did you mean 'epoch'? "
            "[bad_expression]\n");
  EXPECT_EQ(Problems("MultiplicativeLR", "lr_lambda:\n- 1\n- \"0.9 ^ epoch\""),
            "c.yaml:3:8: error: MultiplicativeLR: 'lr_lambda' '0.9 ^ epoch', "
            "at character 5: '^' is not possible; a power is ** "
            "[bad_expression]\n");
  EXPECT_EQ(Problems("LambdaLR", "lr_lambda: [true, []]"),
            "c.yaml:1:13: error: LambdaLR: 'lr_lambda' is boolean true; it "
            "must be an expression of epoch in quotes, such as \"0.95 ** "
            "epoch\", or a list of such [bad_type]\n"
            "c.yaml:1:19: error: LambdaLR: 'lr_lambda' is list []; it must be "
            "an expression of epoch in quotes, such as \"0.95 ** epoch\", or "
            "a list of such [bad_type]\n");
  EXPECT_EQ(Problems("LambdaLR", "lr_lambda: []"),
            "c.yaml:1:12: error: LambdaLR: 'lr_lambda' is an empty list "
            "[bad_value]\n");
  // What the first step would say.
  EXPECT_EQ(Problems("LambdaLR", "lr_lambda: [1, 1 / epoch]"),
            "c.yaml:1:16: error: LambdaLR: lr_lambda '1 / epoch' fails at "
            "epoch 0: division by zero at character 3; it must have a value at "
            "every epoch [bad_expression]\n");
  EXPECT_EQ(Problems("MultiplicativeLR", "lr_lambda: '-epoch'"),
            "c.yaml:1:12: error: MultiplicativeLR: lr_lambda '-epoch' is -1 at "
            "epoch 1; it must be a finite number of at least 0 "
            "[bad_expression]\n");
}

TEST(LrSchedulerFactoryTest, RefusesWhatCannotBeJoined) {
  EXPECT_EQ(
      Problems("SequentialLR",
               "schedulers:\n"
               "- {class_path: ConstantLR}\n"
               "- class_path: torch.optim.lr_scheduler.ReduceLROnPlateau\n"
               "milestones: [5]\n"),
      "c.yaml:3:15: error: SequentialLR: schedulers[1] cannot be "
      "ReduceLROnPlateau: it is stepped with a metric, which only works on its "
      "own, as in PyTorch [bad_composition]\n");
  EXPECT_EQ(
      Problems("ChainedScheduler",
               "{schedulers: [{name: reduce_lr_on_plateau}, {gamma: 1}]}"),
      "c.yaml:1:22: error: ChainedScheduler: schedulers[0] cannot be "
      "ReduceLROnPlateau: it is stepped with a metric, which only works on its "
      "own, as in PyTorch [bad_composition]\n"
      "c.yaml:1:45: error: ChainedScheduler: schedulers[1] is mapping {gamma: "
      "1}; write {class_path: ..., init_args: {...}} or {name: ..., keywords} "
      "[missing_key]\n");
  EXPECT_EQ(
      Problems("SequentialLR",
               "{schedulers: [{name: linear_lr}, {name: chained_scheduler, "
               "schedulers: [{name: linear_lr}]}], milestones: [3]}"),
      "c.yaml:1:41: error: SequentialLR: schedulers[1] cannot be "
      "ChainedScheduler: PyTorch cannot begin one of these at a milestone; "
      "name it first, or list what it holds [bad_composition]\n");
  EXPECT_EQ(Problems("SequentialLR", "{schedulers: [{name: linear_lr}]}"),
            "c.yaml:1:1: error: SequentialLR: 'milestones' is missing "
            "[missing_key]\n");
  EXPECT_EQ(Problems("SequentialLR",
                     "{schedulers: [{name: linear_lr}], milestones: [3]}"),
            "c.yaml:1:47: error: SequentialLR: 'milestones' lists 1 steps for "
            "1 schedulers; it must list one fewer than schedulers "
            "[bad_composition]\n");
  EXPECT_EQ(Problems("SequentialLR",
                     "{schedulers: [{name: linear_lr}, {name: linear_lr}, "
                     "{name: linear_lr}], milestones: [9, 3]}"),
            "c.yaml:1:85: error: SequentialLR: 'milestones' is list [9, 3]; "
            "its steps must ascend [bad_composition]\n");
  EXPECT_EQ(Problems("ChainedScheduler", "{schedulers: {name: linear_lr}}"),
            "c.yaml:1:14: error: ChainedScheduler: 'schedulers' is mapping "
            "{name: 'linear_lr'}; it must be a list of {class_path, init_args} "
            "[bad_type]\n");
  EXPECT_EQ(
      Problems("ChainedScheduler", "{schedulers: [{name: step_lr, gama: 1}]}"),
      "c.yaml:1:22: error: StepLR: 'step_size' is missing [missing_key]\n"
      "c.yaml:1:31: error: StepLR: unknown keyword 'gama'; did you mean "
      "'gamma'? [unknown_key]\n");
}

TEST(LrSchedulerFactoryTest,
     AnOptimizerKeyInSchedulerArgsIsIgnoredWithAWarning) {
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
