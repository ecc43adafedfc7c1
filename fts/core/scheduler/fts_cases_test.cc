// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The cases of finetuning-scheduler's own tests, 22 to 34 of our list, as far
// as the scheduler decides them: depth, transition epochs, groups, thawed
// parameters, the order of what is replaced, and where the run stops. The rates
// that follow from them are tested in optim and tests/parity.
#include <limits>
#include <string>
#include <vector>

#include "fts/core/schedule/generate.h"
#include "fts/core/schedule/schedule_testutil.h"
#include "fts/core/scheduler/scheduler_testutil.h"
#include "gtest/gtest.h"

namespace fts {
namespace {

using namespace scheduler_testing;
using schedule_testing::ModelA;
using schedule_testing::Resolve;

constexpr double kInf = std::numeric_limits<double>::infinity();

// What improves until epoch 3, and what does until epoch 2.
const std::vector<double> kDivergesAt4 = {5, 4, 3, 2, 9};
const std::vector<double> kDivergesAt3 = {5, 4, 3, 9};

// Four phases of two parameters each.
Schedule Implicit(int max_depth = -1) {
  ResolveOptions options;
  options.max_depth = max_depth;
  Diagnostics diags;
  auto schedule = ResolveSchedule(GenerateImplicitSchedule(ModelA()), ModelA(),
                                  options, &diags);
  EXPECT_TRUE(schedule.ok()) << diags.ToString();
  return *schedule;
}

SchedulerOptions Patience(int64_t patience, int64_t max_epochs = 20) {
  SchedulerOptions options;
  options.early_stopping.emplace();
  options.early_stopping->patience = patience;
  options.max_epochs = max_epochs;
  return options;
}

Course Fit(const Schedule& schedule, const SchedulerOptions& options,
           const std::vector<double>& metric, bool no_decay = false) {
  Diagnostics diags;
  const auto config = MakeSchedulerConfig(schedule, options, &diags);
  EXPECT_TRUE(config.ok()) << diags.ToString();
  Feed feed;
  feed.metric = metric;
  return RunThrough(*config, feed, FakeEngine(schedule, no_decay));
}

// What the ports were asked for the transition to `phase`, after the restore.
Lines AskedIn(int phase, const Course& run) {
  Lines out;
  int at = 0;
  for (const std::string& line : run.asked) {
    if (line.rfind("restore", 0) == 0) {
      ++at;
    } else if (at == phase && line.rfind("save", 0) != 0) {
      out.push_back(line);
    }
  }
  return out;
}

TEST(FtsCase, 22_EpochTransitionsOnly) {
  const auto schedule =
      Resolve(
          "0: {params: ['model.3.*'], max_transition_epoch: 3}\n"
          "1: {params: ['model.2.*'], max_transition_epoch: 2}\n"
          "2: {params: ['model.[01].*'], max_transition_epoch: 2}\n")
          .schedule;
  ASSERT_TRUE(schedule.has_value());
  SchedulerOptions options;
  options.epoch_transitions_only = true;
  options.max_epochs = 6;
  const Course run = Fit(*schedule, options, {1.0});
  EXPECT_EQ(run.depth, (Ints{0, 0, 0, 1, 2, 2}));
  EXPECT_EQ(run.groups, (Ints{1, 1, 1, 2, 3, 3}));
  EXPECT_EQ(run.thawed, (Ints{2, 2, 2, 4, 8, 8}));
  EXPECT_EQ(run.state.finish_text,
            "max_epochs 6 reached in phase 2, the last phase");
}

TEST(FtsCase, 23_ConstantMetric) {
  const Course run = Fit(Implicit(), Patience(1, 6), {1.0});
  EXPECT_EQ(run.epochs(), 5);
  EXPECT_EQ(run.depth, (Ints{0, 0, 1, 2, 3}));
  EXPECT_EQ(run.began, (Counts{0, 2, 3, 4}));
  // The first of equal scores stays the best: its depth is not touched.
  EXPECT_EQ(run.state.best->phase, 0);
  EXPECT_EQ(run.state.best->epoch, 0);
  EXPECT_EQ(run.state.cause, FinishCause::kEarlyStopping);
  EXPECT_EQ(run.state.finish_text,
            "early stopping: val_loss did not improve on 1 in 1 validation in "
            "phase 3, the last phase");
}

TEST(FtsCase, 24_DepthGroupsAndThawedPerEpoch) {
  const Course run = Fit(Implicit(), Patience(1), kDivergesAt4);
  EXPECT_EQ(run.depth, (Ints{0, 0, 0, 0, 0, 1, 2, 3}));
  EXPECT_EQ(run.groups, (Ints{1, 1, 1, 1, 1, 2, 3, 4}));
  EXPECT_EQ(run.thawed, (Ints{2, 2, 2, 2, 2, 4, 6, 8}));
}

TEST(FtsCase, 25_MaxDepth) {
  const Course run = Fit(Implicit(0), Patience(1), kDivergesAt4);
  EXPECT_EQ(run.depth, (Ints{0, 0, 0, 0, 0}));
  EXPECT_EQ(run.groups, (Ints{1, 1, 1, 1, 1}));
  EXPECT_EQ(run.thawed.back(), 2);  // the rest stays frozen
  EXPECT_EQ(run.state.cause, FinishCause::kEarlyStopping);
  EXPECT_EQ(run.state.finish_text,
            "early stopping: val_loss did not improve on 2 in 1 validation in "
            "phase 0; phases 1 to 3 lie beyond max_depth 0");
  EXPECT_EQ(Fit(Implicit(999), Patience(1), kDivergesAt4).depth,
            Fit(Implicit(-1), Patience(1), kDivergesAt4).depth);
}

TEST(FtsCase, 26_RatesOfNewGroups) {
  const auto schedule = Resolve(
                            "0: {params: ['model.3.*']}\n"
                            "1: {params: ['model.2.*'], lr: 1e-6}\n"
                            "2: {params: ['model.[01].*']}\n")
                            .schedule;
  ASSERT_TRUE(schedule.has_value());
  // The first group has the optimizer's own rate.
  EXPECT_EQ(Fit(*schedule, Patience(1), {1.0}).lrs,
            (std::vector<std::optional<double>>{{}, 1e-6, 1e-5}));
}

TEST(FtsCase, 27_NoDecayMakesTwoGroupsAPhase) {
  const Course run =
      Fit(Implicit(2), Patience(1), kDivergesAt4, /*no_decay=*/true);
  EXPECT_EQ(run.depth, (Ints{0, 0, 0, 0, 0, 1, 2}));
  EXPECT_EQ(run.groups, (Ints{2, 2, 2, 2, 2, 4, 6}));
  EXPECT_EQ(run.lrs, (std::vector<std::optional<double>>{
                         {}, {}, 1e-5, 1e-5, 1e-5, 1e-5}));
  EXPECT_EQ(run.state.finish_text,
            "early stopping: val_loss did not improve on 2 in 1 validation in "
            "phase 2; phase 3 lies beyond max_depth 2");
}

TEST(FtsCase, 28_NothingButGroupsIsAddedWithoutASchedule) {
  const Course run = Fit(Implicit(), Patience(1), {1.0});
  EXPECT_EQ(run.lrs,
            (std::vector<std::optional<double>>{{}, 1e-5, 1e-5, 1e-5}));
  EXPECT_EQ(run.asked, (Lines{"thaw 0", "group 0 -1", "save 1",        //
                              "restore 1", "thaw 1", "group 1 1e-05",  //
                              "restore 1", "thaw 2", "group 2 1e-05",  //
                              "restore 1", "thaw 3", "group 3 1e-05"}));
}

const YamlNode kStepLr =
    YamlNode::Mapping({{"lr_scheduler_init", YamlNode::String("StepLR")}});
const YamlNode kAdam =
    YamlNode::Mapping({{"optimizer_init", YamlNode::String("Adam")}});

TEST(FtsCase, 29_LrSchedulerReplacedAtEveryTransition) {
  Schedule schedule = Implicit(2);
  for (Phase& phase : schedule.phases) {
    if (phase.index > 0) phase.new_lr_scheduler = kStepLr;
  }
  const Course run = Fit(schedule, Patience(1), kDivergesAt4);
  EXPECT_EQ(run.began, (Counts{0, 5, 6}));
  // Over all groups, so after the new one.
  EXPECT_EQ(AskedIn(1, run),
            (Lines{"thaw 1", "group 1 1e-05", "lr scheduler 1"}));
  EXPECT_EQ(AskedIn(2, run),
            (Lines{"thaw 2", "group 2 1e-05", "lr scheduler 2"}));
}

TEST(FtsCase, 30_LrSchedulerReplacedInOnePhase) {
  const auto schedule =
      Resolve(
          "0: {params: ['model.3.*']}\n"
          "1: {params: ['model.2.*']}\n"
          "2:\n"
          "  params: ['model.[01].*']\n"
          "  lr: 3e-6\n"
          "  new_lr_scheduler:\n"
          "    lr_scheduler_init:\n"
          "      class_path: torch.optim.lr_scheduler.StepLR\n"
          "      init_args: {step_size: 1, gamma: 0.7}\n"
          "    init_pg_lrs: [1e-6, 2e-6]\n")
          .schedule;
  ASSERT_TRUE(schedule.has_value());
  const Course run = Fit(*schedule, Patience(1), {1.0});
  EXPECT_EQ(AskedIn(1, run), (Lines{"thaw 1", "group 1 1e-05"}));
  EXPECT_EQ(AskedIn(2, run),
            (Lines{"thaw 2", "group 2 3e-06", "lr scheduler 2"}));
}

TEST(FtsCase, 31_OptimizerReplaced) {
  Schedule schedule = Implicit(1);
  schedule.phases[1].new_optimizer = kAdam;
  Course run = Fit(schedule, Patience(1), kDivergesAt3);
  EXPECT_EQ(run.began, (Counts{0, 4}));
  // With the groups so far, so before the new one.
  EXPECT_EQ(AskedIn(1, run), (Lines{"optimizer 1", "thaw 1", "group 1 1e-05"}));
  schedule.phases[1].new_lr_scheduler = kStepLr;
  run = Fit(schedule, Patience(1), kDivergesAt3);
  EXPECT_EQ(run.began, (Counts{0, 4}));
  EXPECT_EQ(AskedIn(1, run), (Lines{"optimizer 1", "thaw 1", "group 1 1e-05",
                                    "lr scheduler 1"}));
}

// Whether lambdas apply to it or not, the optimizer is asked for a group at the
// phase's rate.
TEST(FtsCase, 32_GroupsAreAskedForAtThePhasesRate) {
  const Course run = Fit(Implicit(1), Patience(1), {1.0});
  EXPECT_EQ(AskedIn(1, run), (Lines{"thaw 1", "group 1 1e-05"}));
}

TEST(FtsCase, 33_NotFinite) {
  const Course run = Fit(Implicit(), Patience(3), {4, 3, kInf, 1});
  EXPECT_EQ(run.epochs(), 3);
  EXPECT_EQ(run.state.cause, FinishCause::kNotFinite);
  EXPECT_EQ(run.state.finish_text,
            "val_loss is inf, not a finite number, after epoch 2 in phase 0; "
            "phases 1 to 3 never ran");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(Fit(Implicit(), Patience(3), {4, 3, nan, 1}).epochs(), 3);
  EXPECT_EQ(Fit(Implicit(), Patience(3), {4, 3, -kInf, 1}).epochs(), 3);
}

TEST(FtsCase, 33_DivergenceThreshold) {
  SchedulerOptions options = Patience(1);
  options.early_stopping->divergence_threshold = 15.9;
  const Course run = Fit(Implicit(), options, {9, 4, 2, 16, 1});
  EXPECT_EQ(run.epochs(), 4);
  EXPECT_EQ(run.state.cause, FinishCause::kDivergenceThreshold);
  EXPECT_EQ(run.state.finish_text,
            "val_loss 16 is worse than divergence_threshold 15.9 in phase 0; "
            "phases 1 to 3 never ran");
}

TEST(FtsCase, 33_StoppingThreshold) {
  SchedulerOptions options = Patience(1);
  options.early_stopping->stopping_threshold = 2.9;
  const Course run = Fit(Implicit(), options, {9, 8, 7, 6, 5, 6, 4, 3, 2, 1});
  EXPECT_EQ(run.epochs(), 9);
  EXPECT_EQ(run.depth, (Ints{0, 0, 0, 0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(run.state.cause, FinishCause::kStoppingThreshold);
  EXPECT_EQ(run.state.finish_text,
            "val_loss 2 passed stopping_threshold 2.9 in phase 1; phases 2 and "
            "3 never ran");
}

// FTS meets it when a resumed run replays its phases over an optimizer that
// has their groups already; here nothing is replayed.
TEST(FtsCase, 34_ThawedParametersAreNotAddedAgain) {
  const Schedule schedule = Implicit();
  Diagnostics diags;
  const auto config = MakeSchedulerConfig(schedule, Patience(1), &diags);
  ASSERT_TRUE(config.ok());
  SchedulerState saved;
  saved.stage = Stage::kIdle;
  saved.phase = 1;
  saved.next_epoch = 3;
  saved.next_step = 6;
  saved.es_best = 1;
  FakeEngine engine(schedule);
  SchedulerDriver driver(*config, engine.ports());
  ASSERT_TRUE(driver.Resume(saved).ok());
  ASSERT_TRUE(driver.EpochStart(3).ok());
  EXPECT_TRUE(engine.log.empty());
  EXPECT_TRUE(engine.lrs.empty());
}

}  // namespace
}  // namespace fts
