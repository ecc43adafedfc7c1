// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/schedule/reinit_all.h"

#include <gtest/gtest.h>

#include <string>

#include "fts/core/schedule/schedule_testutil.h"

namespace fts {
namespace {

using schedule_testing::Resolve;

constexpr char kSgd[] =
    "{optimizer_init: {class_path: torch.optim.SGD, init_args: {lr: 1}}}";
constexpr char kStep[] =
    "{lr_scheduler_init: {class_path: StepLR, init_args: {step_size: 1}}}";

YamlNode Parse(const std::string& text) {
  Diagnostics diags;
  auto yaml = ParseYaml(text, "r.yaml", &diags);
  EXPECT_TRUE(yaml.ok()) << diags.ToString();
  return *yaml;
}

Schedule ThreePhases(const std::string& keys_of_1 = "") {
  auto out = Resolve("0: {params: [model.3]}\n1: {params: [model.2]" +
                     keys_of_1 + "}\n2: {params: [model.1]}\n");
  EXPECT_TRUE(out.schedule) << out.problems;
  return *out.schedule;
}

std::string Problems(const std::string& optim, const std::string& lr,
                     bool explicit_schedule = false) {
  Schedule schedule = ThreePhases();
  Diagnostics diags;
  const bool ok =
      ApplyReinit(Parse(optim), Parse(lr), explicit_schedule, &schedule, &diags)
          .ok();
  EXPECT_EQ(ok, diags.ok());
  if (!ok) {
    EXPECT_TRUE(schedule.phases[1].new_optimizer.is_null());
  }
  return diags.ToString();
}

TEST(ApplyReinit, GoesToEveryPhaseButTheFirst) {
  Schedule schedule = ThreePhases();
  Diagnostics diags;
  ASSERT_TRUE(
      ApplyReinit(Parse(kSgd), Parse(kStep), false, &schedule, &diags).ok());
  EXPECT_EQ(diags.ToString(), "");
  EXPECT_TRUE(schedule.phases[0].new_optimizer.is_null());
  EXPECT_TRUE(schedule.phases[0].new_lr_scheduler.is_null());
  for (int i : {1, 2}) {
    EXPECT_TRUE(YamlEqual(schedule.phases[i].new_optimizer, Parse(kSgd)));
    EXPECT_TRUE(YamlEqual(schedule.phases[i].new_lr_scheduler, Parse(kStep)));
  }
}

TEST(ApplyReinit, AbsentLeavesThePhasesAlone) {
  for (const char* absent : {"~", "{}"}) {
    Schedule schedule = ThreePhases(std::string(", new_optimizer: ") + kSgd);
    Diagnostics diags;
    ASSERT_TRUE(
        ApplyReinit(Parse(absent), Parse(absent), true, &schedule, &diags)
            .ok());
    EXPECT_EQ(diags.ToString(), "");
    EXPECT_FALSE(schedule.phases[1].new_optimizer.is_null());
    EXPECT_TRUE(schedule.phases[2].new_optimizer.is_null());
  }
}

TEST(ApplyReinit, TheRunsOptimizerWinsOverThePhases) {
  Schedule schedule = ThreePhases(
      ", new_optimizer: {optimizer_init: {class_path: torch.optim.Adam}}");
  Diagnostics diags;
  ASSERT_TRUE(
      ApplyReinit(Parse(kSgd), Parse("~"), true, &schedule, &diags).ok());
  EXPECT_EQ(diags.ToString(),
            "s.yaml:2:39: warning: phase 1: scheduler.reinit_optim_cfg "
            "replaces its new_optimizer; keep one of the two "
            "[reinit_overridden]\n");
  EXPECT_TRUE(YamlEqual(schedule.phases[1].new_optimizer, Parse(kSgd)));
}

TEST(ApplyReinit, Mistakes) {
  EXPECT_EQ(Problems("~", kStep, true),
            "r.yaml:1:1: error: scheduler.reinit_lr_cfg does not go with a "
            "schedule of your own; write new_lr_scheduler in the phases that "
            "should have it, or use schedule: implicit [bad_reinit]\n");
  EXPECT_EQ(Problems("SGD", "~"),
            "r.yaml:1:1: error: scheduler.reinit_optim_cfg must be a mapping, "
            "got string 'SGD' [bad_type]\n");
  EXPECT_EQ(Problems("{optimizer_init: {class_path: torch.optim.SDG}}", "~"),
            "r.yaml:1:31: error: scheduler.reinit_optim_cfg: unknown optimizer "
            "class torch.optim.SDG; did you mean 'SGD'? [bad_reinit]\n");
  EXPECT_EQ(Problems("~",
                     "{lr_scheduler_init: {class_path: StepLR}, "
                     "init_pg_lrs: [1, 2]}"),
            "r.yaml:1:43: error: scheduler.reinit_lr_cfg.init_pg_lrs is not "
            "possible: the number of groups grows from phase to phase; write "
            "it in a phase's new_lr_scheduler [bad_reinit]\n");
  EXPECT_EQ(
      Problems("~",
               "{lr_scheduler_init: {class_path: ReduceLROnPlateau, init_args: "
               "{min_lr: [1, 2]}}, pl_lrs_cfg: {monitor: val_loss}}"),
      "r.yaml:1:73: error: "
      "scheduler.reinit_lr_cfg.lr_scheduler_init.init_args.min_lr must be one "
      "number: the number of groups grows from phase to phase [bad_reinit]\n");
  EXPECT_EQ(Problems("~", "{lr_scheduler_init: {}}"),
            "r.yaml:1:21: error: scheduler.reinit_lr_cfg.lr_scheduler_init "
            "lacks class_path; write the class's full name [missing_key]\n");
}

}  // namespace
}  // namespace fts
