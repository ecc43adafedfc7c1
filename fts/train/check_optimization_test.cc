// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/check_optimization.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "fts/train/resolve_run.h"

namespace fts::train {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ModelDescription Model() {
  ModelDescription model;
  model.modules = {{"", "Net", false}};
  for (const char* name : {"emb", "layers.0", "layers.1", "head"}) {
    model.modules.push_back({name, "Linear", false});
    model.parameters.push_back(
        {std::string(name) + ".weight", {4, 4}, "float32", std::nullopt});
  }
  return model;
}

constexpr char kVal[] = "data: {train: {path: t}, val: {path: v}}\n";

// What is said of a config with these keys after model and trainer.
std::string Problems(const std::string& more, const std::string& data = kVal) {
  Diagnostics diags;
  const auto merged = ParseYaml(
      "model: {arch: llama, path: m}\ntrainer: {max_epochs: 9}\n" + data + more,
      "c.yaml", &diags);
  EXPECT_TRUE(merged.ok()) << diags.ToString();
  const auto config = ReadRunConfig(*merged, &diags);
  EXPECT_TRUE(config.ok()) << diags.ToString();
  if (!config.ok()) return "";
  Diagnostics found;
  CheckRunOptimization(*config, &found);
  const ResolvedRun run = ResolveRun(*config, Model(), /*tp=*/1, &diags);
  EXPECT_TRUE(run.schedule.has_value()) << diags.ToString();
  if (run.schedule.has_value()) {
    CheckPhaseOptimization(*config, run.schedule_as_run, *run.schedule, &found);
  }
  return found.ToString();
}

constexpr char kTwoPhases[] =
    "schedule:\n"
    "  0: {params: ['head.*']}\n"
    "  1: {params: ['layers.*'], lr_decay: 0.5}\n";

TEST(CheckOptimizationTest, NothingToSay) {
  EXPECT_EQ(Problems(""), "");
  EXPECT_EQ(Problems(kTwoPhases), "");
  EXPECT_EQ(Problems("lr_scheduler: {name: reduce_lr_on_plateau}\n"), "");
}

TEST(CheckOptimizationTest, ListsOfRatesAreCountedAgainstGroups) {
  // Two groups per layer: decay and no_decay.
  const std::string phases = std::string(kTwoPhases) +
                             "  2:\n"
                             "    params: ['emb.*']\n"
                             "    new_lr_scheduler:\n"
                             "      lr_scheduler_init: {class_path: "
                             "ReduceLROnPlateau, init_args: {min_lr: [1, 1]}}\n"
                             "      pl_lrs_cfg: {monitor: val_loss}\n"
                             "optimizer: {lr: 1, no_decay: [bias]}\n";
  EXPECT_THAT(Problems(phases), HasSubstr("min_lr lists 2 rates, the optimizer "
                                          "has 8 groups"));
  EXPECT_THAT(Problems(phases + "scheduler: {enforce_phase0_params: false}\n"),
              Not(HasSubstr("min_lr")));
  EXPECT_THAT(Problems("lr_scheduler: {name: reduce_lr_on_plateau, min_lr: "
                       "[0.1, 0.2]}\n"),
              HasSubstr("c.yaml:4:15: error: ReduceLROnPlateau: min_lr lists 2 "
                        "rates, the optimizer has 1 groups"));
}

TEST(CheckOptimizationTest, ANewOptimizerMakesAGroupPerPhase) {
  const std::string text = std::string(kTwoPhases) +
                           "  2:\n"
                           "    params: ['emb.*']\n"
                           "    lr: 0.1\n"
                           "    new_optimizer: {optimizer_init: {class_path: "
                           "SGD, init_args: {lr: 0.1}}}\n"
                           "    new_lr_scheduler:\n"
                           "      lr_scheduler_init: {class_path: StepLR, "
                           "init_args: {step_size: 1}}\n"
                           "      init_pg_lrs: [1]\n"
                           "scheduler: {enforce_phase0_params: false}\n";
  const std::string problems = Problems(text);
  EXPECT_THAT(problems, HasSubstr("phase 1: lr_decay has no effect"));
  // From phase 2 on its own rate counts.
  EXPECT_THAT(problems, Not(HasSubstr("phase 2: lr has no effect")));
  EXPECT_THAT(problems, HasSubstr("init_pg_lrs lists 1 rates for 3 groups"));
}

TEST(CheckOptimizationTest, AMetricThatNobodyMeasures) {
  const std::string plateau =
      "schedule:\n"
      "  0: {params: ['head.*'], max_transition_epoch: 1}\n"
      "  1:\n"
      "    params: ['emb.*']\n"
      "    new_lr_scheduler:\n"
      "      lr_scheduler_init: {class_path: ReduceLROnPlateau}\n"
      "      pl_lrs_cfg: {monitor: val_loss}\n";
  EXPECT_EQ(Problems(plateau), "");
  EXPECT_EQ(Problems(plateau, "data: {train: {path: t}}\n"),
            "c.yaml:9:26: error: new_lr_scheduler 'ReduceLROnPlateau' waits "
            "for 'val_loss', but there is no validation data; add data.val, or "
            "use another lr_scheduler [needs_validation]\n");
}

TEST(CheckOptimizationTest, LambdasThatNewGroupsDoNotTake) {
  const std::string lambda =
      std::string(kTwoPhases) +
      "  2: {params: ['emb.*']}\n"
      "lr_scheduler: {name: LambdaLR, lr_lambda: '0.9 ** epoch'}\n";
  EXPECT_EQ(Problems(lambda),
            "c.yaml:8:15: warning: the groups of phases 1, 2 start at the "
            "phase's lr as it is: the lr lambdas are not applied to new groups "
            "at once; set scheduler.apply_lambdas_new_pgs: true to apply them "
            "[lambdas_not_applied]\n");
  EXPECT_EQ(Problems(lambda + "scheduler: {apply_lambdas_new_pgs: true}\n"),
            "");
}

}  // namespace
}  // namespace fts::train
