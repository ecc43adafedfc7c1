// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/scheduler/driver.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fts/core/scheduler/scheduler_testutil.h"
#include "gtest/gtest.h"

namespace fts {
namespace {

using namespace scheduler_testing;  // FakeEngine, Lines

SchedulerConfig TwoPhases() {
  SchedulerConfig config;
  config.phases.resize(2);
  config.phases[0].max_transition_epoch = 1;
  config.phases[1].lr = 0.5;
  config.max_depth = 1;
  config.early_stopping.emplace();
  config.max_epochs = 2;
  return config;
}

TEST(SchedulerDriver, AppliesEffectsInOrderAndSaysWhatHappened) {
  FakeEngine engine;
  SchedulerDriver driver(TwoPhases(), engine.ports());
  auto outcome = driver.RunStart();
  ASSERT_TRUE(outcome.ok());
  ASSERT_NE(outcome->phase(), nullptr);
  EXPECT_EQ(outcome->phase()->phase, 0);
  EXPECT_EQ(outcome->phase()->text, "the run starts");
  ASSERT_TRUE(driver.ValidationEnd(-1).ok());  // baseline: asks nothing
  ASSERT_TRUE(driver.EpochStart(0).ok());
  ASSERT_TRUE(driver.StepEnd(0).ok());
  engine.metrics["val_loss"] = 3;
  ASSERT_TRUE(driver.ValidationEnd(0).ok());
  ASSERT_TRUE(driver.EpochEnd(0).ok());
  outcome = driver.EpochStart(1);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->phase()->phase, 1);
  EXPECT_EQ(driver.phase(), 1);
  EXPECT_EQ(outcome->finish(), nullptr);
  EXPECT_FALSE(driver.finished());
  outcome = driver.EpochEnd(1);
  ASSERT_TRUE(outcome.ok());
  ASSERT_NE(outcome->finish(), nullptr);
  EXPECT_EQ(outcome->finish()->text,
            "max_epochs 2 reached in phase 1, the last phase");
  EXPECT_TRUE(driver.finished());
  EXPECT_EQ(engine.log, (Lines{"thaw 0", "group 0 -1", "ask val_loss", "save 3",
                               "restore 3", "thaw 1", "group 1 0.5"}));
}

TEST(SchedulerDriver, APhaseMayBeginBeforeAStep) {
  FakeEngine engine;
  SchedulerConfig config = TwoPhases();
  config.phases[0].max_transition_tokens = 100;
  config.phases[1].has_freeze = true;
  config.phases[1].new_optimizer = true;
  config.phases[1].new_lr_scheduler = true;
  config.restore_best = false;
  SchedulerDriver driver(config, engine.ports());
  ASSERT_TRUE(driver.RunStart().ok());
  ASSERT_TRUE(driver.EpochStart(0).ok());
  ASSERT_TRUE(driver.StepStart(0, 0, 0).ok());
  ASSERT_TRUE(driver.StepEnd(0).ok());
  const auto outcome = driver.StepStart(1, 100, 0.5);
  ASSERT_TRUE(outcome.ok());
  ASSERT_NE(outcome->phase(), nullptr);
  EXPECT_EQ(outcome->phase()->phase, 1);
  EXPECT_EQ(outcome->phase()->text,
            "max_transition_tokens 100 of phase 0 reached");
  EXPECT_EQ(driver.phase(), 1);
  EXPECT_EQ(driver.state().tokens, 100);
  EXPECT_EQ(engine.log,
            (Lines{"thaw 0", "group 0 -1", "freeze 1", "optimizer 1", "thaw 1",
                   "group 1 0.5", "lr scheduler 1"}));
}

TEST(SchedulerDriver, NamesThePortThatFailed) {
  for (const auto& [port, effect] : std::map<std::string, std::string>{
           {"freeze 1", "Freeze{phase 1}"},
           {"optimizer 1", "ReplaceOptimizer{phase 1}"},
           {"lr scheduler 1", "ReplaceLrScheduler{phase 1}"}}) {
    FakeEngine engine;
    engine.fail_at = port;
    SchedulerConfig config = TwoPhases();
    config.phases[0].max_transition_epoch = 0;
    config.phases[1].has_freeze = true;
    config.phases[1].new_optimizer = true;
    config.phases[1].new_lr_scheduler = true;
    SchedulerDriver driver(config, engine.ports());
    ASSERT_TRUE(driver.RunStart().ok());
    EXPECT_EQ(driver.EpochStart(0).status().message(),
              effect + " at EpochStart{epoch 0} failed: out of memory");
    EXPECT_EQ(driver.phase(), 0);
  }
}

TEST(SchedulerDriver, ReportsNotesAndTheEndOfSteps) {
  FakeEngine engine;
  SchedulerConfig config = TwoPhases();
  config.phases[0].max_transition_epoch = 0;
  config.max_steps = 1;
  SchedulerDriver driver(config, engine.ports());
  ASSERT_TRUE(driver.RunStart().ok());
  auto outcome = driver.EpochStart(0);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->notes(),
            (Lines{"restore_best is skipped: no best has been seen yet; phase "
                   "1 goes on from the current weights"}));
  outcome = driver.StepEnd(0);
  ASSERT_TRUE(outcome.ok());
  EXPECT_TRUE(outcome->end_epoch());
  EXPECT_EQ(driver.EpochEnd(0)->finish()->cause, FinishCause::kMaxSteps);
}

TEST(SchedulerDriver, AsksForEachMonitoredMetricOnce) {
  FakeEngine engine;
  engine.metrics = {{"val_loss", 1}, {"accuracy", 2}};
  SchedulerConfig config = TwoPhases();
  config.best.monitor = "accuracy";
  SchedulerDriver driver(config, engine.ports());
  ASSERT_TRUE(driver.RunStart().ok());
  ASSERT_TRUE(driver.EpochStart(0).ok());
  engine.log.clear();
  ASSERT_TRUE(driver.ValidationEnd(0).ok());
  EXPECT_EQ(engine.log, (Lines{"ask accuracy", "ask val_loss", "save 2"}));
}

TEST(SchedulerDriver, AnUnknownMetricChangesNothing) {
  FakeEngine engine;
  SchedulerDriver driver(TwoPhases(), engine.ports());
  ASSERT_TRUE(driver.RunStart().ok());
  ASSERT_TRUE(driver.EpochStart(0).ok());
  const SchedulerState before = driver.state();
  EXPECT_EQ(driver.ValidationEnd(0).status().message(), "no metric val_loss");
  EXPECT_EQ(driver.state(), before);
  EXPECT_TRUE(driver.EpochEnd(0).ok());
}

TEST(SchedulerDriver, AnEventOutOfOrderChangesNothing) {
  FakeEngine engine;
  SchedulerDriver driver(TwoPhases(), engine.ports());
  EXPECT_EQ(driver.EpochStart(0).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(engine.log.empty());
  EXPECT_TRUE(driver.RunStart().ok());
}

TEST(SchedulerDriver, APortErrorIsFinal) {
  FakeEngine engine;
  engine.fail_at = "thaw 1";
  SchedulerDriver driver(TwoPhases(), engine.ports());
  ASSERT_TRUE(driver.RunStart().ok());
  ASSERT_TRUE(driver.EpochStart(0).ok());
  ASSERT_TRUE(driver.EpochEnd(0).ok());
  const absl::Status failed = driver.EpochStart(1).status();
  EXPECT_EQ(failed.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(failed.message(),
            "Thaw{phase 1} at EpochStart{epoch 1} failed: out of memory");
  EXPECT_EQ(driver.phase(), 0);
  // The group was not added, and nothing goes on from here.
  EXPECT_EQ(engine.log.back(), "thaw 1");
  EXPECT_EQ(driver.EpochStart(1).status(), failed);
  EXPECT_EQ(driver.ValidationEnd(1).status(), failed);
}

TEST(SchedulerDriver, ResumesFromASavedState) {
  FakeEngine engine;
  SchedulerState saved;
  saved.stage = Stage::kIdle;
  saved.phase = 1;
  saved.next_epoch = 1;
  SchedulerDriver driver(TwoPhases(), engine.ports());
  ASSERT_TRUE(driver.Resume(saved).ok());
  EXPECT_TRUE(driver.EpochStart(1).ok());
  EXPECT_EQ(driver.Resume(saved).code(), absl::StatusCode::kFailedPrecondition);

  SchedulerDriver other(TwoPhases(), engine.ports());
  saved.phase = 2;
  EXPECT_EQ(other.Resume(saved).message(),
            "scheduler: the saved state is in phase 2, but the last phase to "
            "run is 1; give the schedule and max_depth that the state was "
            "saved with");
}

}  // namespace
}  // namespace fts
