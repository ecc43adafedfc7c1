// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/new_lr_scheduler.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fts::optim {
namespace {

YamlNode Parse(const std::string& yaml) {
  Diagnostics diags;
  auto node = ParseYaml(yaml, "s.yaml", &diags);
  EXPECT_TRUE(node.ok()) << diags.ToString();
  return node.ok() ? *node : YamlNode();
}

NewLrScheduler Read(const std::string& yaml) {
  Diagnostics diags;
  auto spec = ReadNewLrSchedulerSpec(Parse(yaml), &diags);
  EXPECT_TRUE(spec.ok()) << diags.ToString();
  return spec.ok() ? *spec : NewLrScheduler();
}

std::string Problems(const std::string& yaml) {
  Diagnostics diags;
  const bool ok = ReadNewLrSchedulerSpec(Parse(yaml), &diags).ok();
  EXPECT_EQ(ok, diags.ok());
  return diags.ToString();
}

Group MakeGroup(double lr, double initial_lr) {
  Group group;
  group.lr = lr;
  group.initial_lr = initial_lr;
  return group;
}

std::vector<double> InitialRates(const std::vector<Group>& groups) {
  std::vector<double> rates;
  for (const Group& group : groups) rates.push_back(group.initial_lr);
  return rates;
}

TEST(NewLrSchedulerTest, ReadsEveryKey) {
  const NewLrScheduler spec = Read(
      "lr_scheduler_init:\n"
      "  class_path: torch.optim.lr_scheduler.StepLR\n"
      "  init_args: {step_size: 1, gamma: 0.7}\n"
      "pl_lrs_cfg: {interval: step, frequency: 3, name: Explicit_Reinit, "
      "strict: false, reduce_on_plateau: false}\n"
      "init_pg_lrs: [2.0e-06, '1e-06']\n"
      "use_current_optimizer_pg_lrs: true\n");
  EXPECT_EQ(spec.scheduler.name, "torch.optim.lr_scheduler.StepLR");
  EXPECT_EQ(spec.scheduler.args.Find("gamma")->ToNumber(), 0.7);
  EXPECT_EQ(spec.scheduler.interval, LrSchedulerSpec::Interval::kStep);
  EXPECT_EQ(spec.scheduler.frequency, 3);
  EXPECT_EQ(spec.name, "Explicit_Reinit");
  EXPECT_FALSE(spec.strict);
  EXPECT_EQ(*spec.init_pg_lrs, (std::vector<double>{2e-6, 1e-6}));
  EXPECT_TRUE(spec.use_current_optimizer_pg_lrs);
  EXPECT_EQ(spec.where.ToString(), "s.yaml:5:14");
}

TEST(NewLrSchedulerTest, DefaultsAreLightnings) {
  const NewLrScheduler spec =
      Read("{lr_scheduler_init: {class_path: LinearLR}, pl_lrs_cfg: null}");
  EXPECT_EQ(spec.scheduler.interval, LrSchedulerSpec::Interval::kEpoch);
  EXPECT_EQ(spec.scheduler.frequency, 1);
  EXPECT_TRUE(spec.strict);
  EXPECT_FALSE(spec.init_pg_lrs.has_value());
  EXPECT_FALSE(spec.use_current_optimizer_pg_lrs);
}

TEST(NewLrSchedulerTest, AMetricIsNamed) {
  const NewLrScheduler spec = Read(
      "{lr_scheduler_init: {class_path: ReduceLROnPlateau}, "
      "pl_lrs_cfg: {monitor: val_loss, reduce_on_plateau: true}}");
  EXPECT_EQ(spec.scheduler.monitor, "val_loss");
  EXPECT_EQ(Problems("{lr_scheduler_init: {class_path: ReduceLROnPlateau}}"),
            "s.yaml:1:21: error: new_lr_scheduler.pl_lrs_cfg: "
            "ReduceLROnPlateau needs a 'monitor', for example val_loss "
            "[missing_key]\n");
}

TEST(NewLrSchedulerTest, NamesWhatIsWrong) {
  EXPECT_EQ(Problems("{class_path: StepLR}"),
            "s.yaml:1:1: error: new_lr_scheduler is mapping {class_path: "
            "'StepLR'}; write lr_scheduler_init: {class_path: ..., init_args: "
            "{...}} [missing_key]\n");
  // The keywords of the class, at the class and at their own places.
  EXPECT_EQ(Problems("lr_scheduler_init:\n"
                     "  class_path: torch.optim.lr_scheduler.StepLR\n"
                     "  init_args: {gama: 0.7}\n"),
            "s.yaml:2:15: error: StepLR: 'step_size' is missing "
            "[missing_key]\n"
            "s.yaml:3:15: error: StepLR: unknown keyword 'gama'; did you mean "
            "'gamma'? [unknown_key]\n");
  EXPECT_EQ(Problems("lr_scheduler_init:\n"
                     "  class_path: torch.optim.lr_scheduler.StepL\n"),
            "s.yaml:2:15: error: unknown lr_scheduler "
            "'torch.optim.lr_scheduler.StepL'; did you mean "
            "'torch.optim.lr_scheduler.StepLR'? [unknown_lr_scheduler]\n");
  EXPECT_EQ(
      Problems("lr_scheduler_init: {class_path: LinearLR}\n"
               "pl_lrs_cfg: {interval: batch, frequency: 0, strict: 1, name: "
               "2, reduce_on_plateau: true}\n"
               "init_pg_lrs: [-1]\n"
               "use_current_optimizer_pg_lrs: 1\n"),
      "s.yaml:2:24: error: new_lr_scheduler.pl_lrs_cfg: 'interval' is string "
      "'batch'; it must be 'epoch' or 'step' [bad_value]\n"
      "s.yaml:2:42: error: new_lr_scheduler.pl_lrs_cfg: 'frequency' is integer "
      "0; it must be an integer of at least 1 [out_of_range]\n"
      "s.yaml:2:53: error: new_lr_scheduler.pl_lrs_cfg: 'strict' is integer 1; "
      "it must be true or false [bad_type]\n"
      "s.yaml:2:62: error: new_lr_scheduler.pl_lrs_cfg: 'name' is integer 2; "
      "it must be a string [bad_type]\n"
      "s.yaml:2:84: error: new_lr_scheduler.pl_lrs_cfg: 'reduce_on_plateau' "
      "must be false for this class; remove it [bad_value]\n"
      "s.yaml:4:31: error: new_lr_scheduler: 'use_current_optimizer_pg_lrs' is "
      "integer 1; it must be true or false [bad_type]\n"
      "s.yaml:3:14: error: new_lr_scheduler: 'init_pg_lrs' is list [-1]; it "
      "must be a number of at least 0, or a list of such [bad_value]\n");
}

TEST(NewLrSchedulerTest, CountsTheRatesListed) {
  const auto warning = [](const std::string& lrs) {
    Diagnostics diags;
    CheckInitPgLrs(
        Read("lr_scheduler_init: {class_path: LinearLR}\ninit_pg_lrs: " + lrs),
        2, 1, "phase 2", &diags);
    return diags.ToString();
  };
  EXPECT_EQ(warning("[1, 2]"), "");
  const std::string start =
      "s.yaml:2:14: warning: phase 2: new_lr_scheduler.init_pg_lrs lists ";
  EXPECT_EQ(warning("[1]"), start +
                                "1 rates for 2 groups of earlier phases; the "
                                "last 1 keep their present rate "
                                "[group_lrs_count]\n");
  EXPECT_EQ(warning("[1, 2, 3]"),
            start +
                "3 rates for 2 groups of earlier phases; the rest replaces the "
                "lr of the phase's own groups [group_lrs_count]\n");
  EXPECT_EQ(warning("[1, 2, 3, 4]"),
            start +
                "4 rates for 2 groups of earlier phases; the last 1 have no "
                "effect [group_lrs_count]\n");
}

TEST(NewLrSchedulerTest, RatesGoBackToInitialLr) {
  std::vector<Group> groups = {MakeGroup(0.3, 1), MakeGroup(0.2, 0.2)};
  PrepareGroupsForNewScheduler(&groups, NewLrScheduler());
  EXPECT_EQ(LearningRates(groups), (std::vector<double>{1, 0.2}));
}

TEST(NewLrSchedulerTest, PresentRatesStayWhenAsked) {
  std::vector<Group> groups = {MakeGroup(0.3, 1)};
  NewLrScheduler spec;
  spec.use_current_optimizer_pg_lrs = true;
  PrepareGroupsForNewScheduler(&groups, spec);
  EXPECT_EQ(LearningRates(groups), std::vector<double>{0.3});
  EXPECT_EQ(InitialRates(groups), std::vector<double>{1});
}

TEST(NewLrSchedulerTest, ListedRatesWinAndBecomeInitial) {
  NewLrScheduler spec;
  spec.use_current_optimizer_pg_lrs = true;
  spec.init_pg_lrs = {0.5, 0.6, 0.7};
  std::vector<Group> groups = {MakeGroup(0.3, 1), MakeGroup(0.2, 0.2)};
  PrepareGroupsForNewScheduler(&groups, spec);
  EXPECT_EQ(LearningRates(groups), (std::vector<double>{0.5, 0.6}));
  EXPECT_EQ(InitialRates(groups), (std::vector<double>{0.5, 0.6}));
  // Too few: the others keep what they have.
  groups = {MakeGroup(0.3, 1), MakeGroup(0.2, 0.9)};
  spec.init_pg_lrs = std::vector<double>{0.5};
  PrepareGroupsForNewScheduler(&groups, spec);
  EXPECT_EQ(LearningRates(groups), (std::vector<double>{0.5, 0.2}));
  EXPECT_EQ(InitialRates(groups), (std::vector<double>{0.5, 0.9}));
}

}  // namespace
}  // namespace fts::optim
