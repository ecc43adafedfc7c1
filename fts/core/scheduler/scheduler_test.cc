// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/scheduler/scheduler.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "fts/core/scheduler/scheduler_testutil.h"
#include "gtest/gtest.h"

namespace fts {
namespace {

using namespace scheduler_testing;  // Phases, Simulate, ...

const double kNan = std::nan("");

// ---- Phases ----------------------------------------------------------------

TEST(Scheduler, ATransitionRestoresThenThawsThenAddsAGroup) {
  SchedulerConfig config = Phases(2);
  config.phases[0].max_transition_epoch = 1;
  config.max_epochs = 2;
  EXPECT_EQ(Simulate(config, {3, 2}).log,
            (Lines{"Thaw{phase 0}", "AddGroup{phase 0, lr of the optimizer}",
                   "Phase{phase 0: the run starts}",
                   "SaveBest{metric 3, epoch 0, phase 0}",
                   "RestoreBest{metric 3, epoch 0, phase 0}", "Thaw{phase 1}",
                   "AddGroup{phase 1, lr 1e-05}",
                   "Phase{phase 1: max_transition_epoch 1 of phase 0 reached}",
                   "SaveBest{metric 2, epoch 1, phase 1}",
                   "Finish{max_epochs: max_epochs 2 reached in phase 1, the "
                   "last phase}"}));
}

TEST(Scheduler, RestoreBestIsSkippedWithANoteBeforeAnyBest) {
  SchedulerConfig config = Phases(2);
  config.phases[0].max_transition_epoch = 0;
  config.max_epochs = 1;
  const Course run = Simulate(config, {});
  EXPECT_EQ(run.depth, (Ints{1}));
  ASSERT_GE(run.log.size(), 4u);
  EXPECT_EQ(run.log[3],
            "Note{restore_best is skipped: no best has been seen yet; phase 1 "
            "goes on from the current weights}");
  EXPECT_EQ(run.log[4], "Thaw{phase 1}");
}

TEST(Scheduler, RestoreBestOffNeverRestores) {
  SchedulerConfig config = Phases(3);
  config.restore_best = false;
  for (const std::string& line : Simulate(config, {1.0}).log) {
    EXPECT_EQ(line.find("RestoreBest"), std::string::npos) << line;
    EXPECT_EQ(line.find("Note"), std::string::npos) << line;
  }
}

TEST(Scheduler, APhaseWithoutParametersAddsNoGroup) {
  SchedulerConfig config = Phases(3);
  config.phases[1].has_params = false;
  const Course run = Simulate(config, {1.0});
  EXPECT_EQ(run.depth, (Ints{0, 0, 1, 2}));
  EXPECT_EQ(run.groups, (Ints{1, 1, 1, 2}));
}

TEST(Scheduler, AtMostOneTransitionPerEpoch) {
  SchedulerConfig config = Phases(4);
  for (PhaseRule& phase : config.phases) phase.max_transition_epoch = 0;
  config.max_epochs = 5;
  EXPECT_EQ(Simulate(config, {}).depth, (Ints{1, 2, 3, 3, 3}));
}

TEST(Scheduler, TheEpochLimitOfTheFinalPhaseNeverEndsTheRun) {
  SchedulerConfig config = Phases(2, 100);
  config.phases[0].max_transition_epoch = 1;
  config.phases[1].max_transition_epoch = 2;
  config.max_epochs = 5;
  EXPECT_EQ(Simulate(config, {1.0}).depth, (Ints{0, 1, 1, 1, 1}));
}

TEST(Scheduler, WhicheverComesFirstEndsAPhase) {
  SchedulerConfig config = Phases(3, 2);
  config.phases[0].max_transition_epoch = 2;   // comes before patience
  config.phases[1].max_transition_epoch = 90;  // patience comes before
  config.max_epochs = 20;
  const Course run = Simulate(config, {5, 4, 3, 3});
  EXPECT_EQ(run.began, (Counts{0, 2, 5}));
}

// The best is of the whole run, so a phase that never beats it lasts exactly
// `patience` validations.
TEST(Scheduler, BestScoreIsNotResetPerPhase) {
  const Course run = Simulate(Phases(3, 2), {1, 5, 5, 4, 3, 2, 1.5});
  EXPECT_EQ(run.began, (Counts{0, 3, 5}));
  EXPECT_EQ(run.epochs(), 7);
}

TEST(Scheduler, ATransitionByEpochResetsTheWaitCount) {
  SchedulerConfig config = Phases(2, 3);
  config.phases[0].max_transition_epoch = 2;
  // Epoch 1 waits once; without the reset the final phase would end a
  // validation earlier.
  const Course run = Simulate(config, {1, 2, 2});
  EXPECT_EQ(run.epochs(), 5);
}

TEST(Scheduler, MinDeltaMustBeExceeded) {
  SchedulerConfig config = Phases(1, 2);
  config.early_stopping->min_delta = 0.5;
  EXPECT_EQ(Simulate(config, {3, 2.5, 2.5}).epochs(), 3);
  EXPECT_EQ(Simulate(config, {3, 2.25, 2}).epochs(), 4);
  EXPECT_EQ(Simulate(config, {3, 2.5, 2.5}).state.finish_text,
            "early stopping: val_loss did not improve on 3 by more than 0.5 in "
            "2 validations");
}

TEST(Scheduler, ModeMaxLooksForLargerValues) {
  SchedulerConfig config = Phases(1, 1);
  config.early_stopping->mode = MetricMode::kMax;
  config.best.mode = MetricMode::kMax;
  config.early_stopping->min_delta = 0.5;
  const Course run = Simulate(config, {1, 2, 2.25});
  EXPECT_EQ(run.epochs(), 3);
  EXPECT_EQ(run.state.best->metric, 2.25);
  config.early_stopping->stopping_threshold = 1.5;
  EXPECT_EQ(Simulate(config, {1, 2, 3}).state.cause,
            FinishCause::kStoppingThreshold);
  config.early_stopping->stopping_threshold.reset();
  config.early_stopping->divergence_threshold = 0.5;
  EXPECT_EQ(Simulate(config, {1, 2, 0}).state.cause,
            FinishCause::kDivergenceThreshold);
}

TEST(Scheduler, ThresholdsAreExclusive) {
  SchedulerConfig config = Phases(1, 1);
  config.early_stopping->stopping_threshold = 2;
  config.early_stopping->divergence_threshold = 9;
  const Course run = Simulate(config, {9, 2, 2});
  EXPECT_EQ(run.epochs(), 3);
  EXPECT_EQ(run.state.cause, FinishCause::kEarlyStopping);
}

TEST(Scheduler, BestAndEarlyStoppingMayWatchDifferentMetrics) {
  SchedulerConfig config = Phases(1, 2);
  config.best.monitor = "accuracy";
  config.best.mode = MetricMode::kMax;
  SchedulerState state;
  state.stage = Stage::kTraining;
  state.next_epoch = 1;
  auto next = Advance(
      config, state,
      SchedulerEvent::ValidationEnd(0, {{"accuracy", 0.5}, {"val_loss", 3}}));
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->state.best->metric, 0.5);
  EXPECT_EQ(next->state.es_best, 3);
  EXPECT_EQ(Advance(config, state, Validation(0, 3)).status().message(),
            "scheduler: ValidationEnd{epoch 0, val_loss 3} cannot happen now "
            "(training): a monitored metric is missing: 'accuracy'");
}

TEST(Scheduler, BestNeedsAFiniteStrictImprovement) {
  SchedulerConfig config = Phases(1);
  config.early_stopping.reset();
  config.max_epochs = 4;
  const Course run = Simulate(config, {kNan, 2, 2, 1});
  EXPECT_EQ(run.log,
            (Lines{"Thaw{phase 0}", "AddGroup{phase 0, lr of the optimizer}",
                   "Phase{phase 0: the run starts}",
                   "SaveBest{metric 2, epoch 1, phase 0}",
                   "SaveBest{metric 1, epoch 3, phase 0}",
                   "Finish{max_epochs: max_epochs 4 reached}"}));
}

TEST(Scheduler, TheBaselineCountsForNothing) {
  const SchedulerConfig config = Phases(2);
  SchedulerState state;
  auto next = Advance(config, state, Validation(-1, 0.001));
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->state, state);
  EXPECT_TRUE(next->effects.empty());
  state.stage = Stage::kIdle;
  next = Advance(config, state, Validation(-1, 0.001));
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->state, state);
  EXPECT_TRUE(next->effects.empty());
}

// ---- The end ---------------------------------------------------------------

TEST(Scheduler, MaxEpochsMidScheduleNamesThePhasesThatNeverRan) {
  SchedulerConfig config = Phases(3, 2);
  config.max_epochs = 2;
  EXPECT_EQ(Simulate(config, {1.0}).state.finish_text,
            "max_epochs 2 reached in phase 0; phases 1 and 2 never ran");
  config = Phases(2, 2);
  config.max_epochs = 2;
  EXPECT_EQ(Simulate(config, {1.0}).state.finish_text,
            "max_epochs 2 reached in phase 0; phase 1 never ran");
}

TEST(Scheduler, AnEndBelowMaxDepthNamesBothKinds) {
  SchedulerConfig config = Phases(5, 9);
  config.max_depth = 2;
  config.max_epochs = 1;
  EXPECT_EQ(Simulate(config, {1.0}).state.finish_text,
            "max_epochs 1 reached in phase 0; phases 1 and 2 never ran; phases "
            "3 and 4 lie beyond max_depth 2");
}

// In phase 1 of five, of which three may run.
TEST(Scheduler, EveryEndSaysWhatStoppedItAndWhatNeverRan) {
  SchedulerConfig base = Phases(5, 9);
  base.max_depth = 2;
  base.phases[0].max_transition_epoch = 1;
  const std::string rest =
      " in phase 1; phase 2 never ran; phases 3 and 4 lie beyond max_depth 2";
  const auto end = [](const SchedulerConfig& config,
                      const std::vector<double>& metric) {
    const SchedulerState state = Simulate(config, metric).state;
    return std::make_pair(state.cause, state.finish_text);
  };
  SchedulerConfig config = base;
  config.max_epochs = 3;
  EXPECT_EQ(
      end(config, {3, 2, 1}),
      std::make_pair(FinishCause::kMaxEpochs, "max_epochs 3 reached" + rest));
  config = base;
  config.max_steps = 5;
  EXPECT_EQ(
      end(config, {3, 2, 1}),
      std::make_pair(FinishCause::kMaxSteps, "max_steps 5 reached" + rest));
  EXPECT_EQ(end(base, {3, kNan}),
            std::make_pair(
                FinishCause::kNotFinite,
                "val_loss is nan, not a finite number, after epoch 1" + rest));
  config = base;
  config.early_stopping->stopping_threshold = 2.5;
  EXPECT_EQ(end(config, {3, 2}),
            std::make_pair(FinishCause::kStoppingThreshold,
                           "val_loss 2 passed stopping_threshold 2.5" + rest));
  config = base;
  config.early_stopping->divergence_threshold = 3.5;
  EXPECT_EQ(end(config, {3, 4}),
            std::make_pair(
                FinishCause::kDivergenceThreshold,
                "val_loss 4 is worse than divergence_threshold 3.5" + rest));
  // Early stopping ends a run in the final phase alone.
  config = base;
  config.max_depth = 1;
  config.early_stopping->patience = 1;
  EXPECT_EQ(end(config, {3, 4}),
            std::make_pair(FinishCause::kEarlyStopping,
                           std::string("early stopping: val_loss did not "
                                       "improve on 3 in 1 validation in phase "
                                       "1; phases 2 to 4 lie beyond max_depth "
                                       "1")));
}

TEST(Scheduler, MaxStepsEndsTheEpochAndThenTheRun) {
  SchedulerConfig config = Phases(2, 9);
  config.max_steps = 3;
  const Course run = Simulate(config, {2, 1}, /*steps=*/2);
  EXPECT_EQ(run.state.next_step, 3);
  EXPECT_EQ(run.log,
            (Lines{"Thaw{phase 0}", "AddGroup{phase 0, lr of the optimizer}",
                   "Phase{phase 0: the run starts}",
                   "SaveBest{metric 2, epoch 0, phase 0}",
                   "EndEpoch{max_steps 3 reached}",
                   "SaveBest{metric 1, epoch 1, phase 0}",
                   "Finish{max_steps: max_steps 3 reached in phase 0; phase 1 "
                   "never ran}"}));
  EXPECT_EQ(Simulate(config, {}, 2).state.cause, FinishCause::kMaxSteps);
  // On the last step of an epoch just so.
  EXPECT_EQ(Simulate(config, {2, 1}, 3).state.cause, FinishCause::kMaxSteps);
  EXPECT_EQ(Simulate(config, {2, 1}, 3).epochs(), 1);
}

TEST(Scheduler, EarlyStoppingStillCountsInTheEpochThatMaxStepsCutShort) {
  SchedulerConfig config = Phases(1, 1);
  config.max_steps = 4;
  const Course run = Simulate(config, {1, 2}, 2);
  EXPECT_EQ(run.state.cause, FinishCause::kMaxSteps);
  EXPECT_EQ(run.state.es_wait, 1);
  config = Phases(2, 1);
  config.max_steps = 4;
  EXPECT_EQ(Simulate(config, {1, 2}, 2).state.phase_complete,
            "val_loss did not improve on 1 in 1 validation");
}

// Every validation counts for itself; the phase ends with the epoch.
TEST(Scheduler, AnEpochMayBeValidatedSeveralTimes) {
  SchedulerConfig config = Phases(2, 2);
  SchedulerState state;
  const auto tell = [&](const SchedulerEvent& event) {
    const auto next = Advance(config, state, event);
    EXPECT_TRUE(next.ok()) << next.status();
    if (!next.ok()) return Transition();
    state = next->state;
    return *next;
  };
  const auto step = [&] { tell(SchedulerEvent::StepEnd(state.next_step)); };
  tell(SchedulerEvent::RunStart());
  tell(SchedulerEvent::EpochStart(0));
  for (const double loss : {3, 4, 5}) {
    step();
    tell(Validation(0, loss));
  }
  EXPECT_EQ(state.phase_complete,
            "val_loss did not improve on 3 in 2 validations");
  step();
  tell(Validation(0, 2));  // better, but the phase is over
  EXPECT_FALSE(
      Advance(config, state, Validation(0, 2)).ok());  // without a step
  EXPECT_EQ(state.best->metric, 2);
  tell(SchedulerEvent::EpochEnd(0));
  EXPECT_EQ(state.phase, 0);
  tell(SchedulerEvent::EpochStart(1));
  EXPECT_EQ(state.phase, 1);
  // In the final phase the run ends at once, in the middle of the epoch.
  step();
  tell(Validation(1, 2));
  tell(SchedulerEvent::StepStart(state.next_step, 0, 0));
  step();
  EXPECT_EQ(tell(Validation(1, 2)).state.cause, FinishCause::kEarlyStopping);
}

// A limit in steps may begin a phase right after a validation, and ends what
// early stopping had to say.
TEST(Scheduler, AStepLimitActsAfterAValidationWithinTheEpoch) {
  SchedulerConfig config = Phases(2, 1);
  config.phases[0].max_transition_step = 2;
  config.max_steps = 3;
  SchedulerState state;
  const auto tell = [&](const SchedulerEvent& event) {
    const auto next = Advance(config, state, event);
    EXPECT_TRUE(next.ok()) << next.status();
    if (next.ok()) state = next->state;
  };
  tell(SchedulerEvent::RunStart());
  tell(SchedulerEvent::EpochStart(0));
  for (int64_t i = 0; i < 2; ++i) {
    tell(SchedulerEvent::StepStart(i, 0, 0));
    tell(SchedulerEvent::StepEnd(i));
    tell(Validation(0, 1));
  }
  EXPECT_FALSE(state.phase_complete.empty());
  tell(SchedulerEvent::StepStart(2, 0, 0));
  EXPECT_EQ(state.phase, 1);
  EXPECT_EQ(state.phase_complete, "");
  tell(SchedulerEvent::StepEnd(2));
  tell(Validation(0, 0.5));
  const auto more = Advance(config, state, SchedulerEvent::StepStart(3, 0, 0));
  EXPECT_NE(std::string(more.status().message()).find("max_steps is reached"),
            std::string::npos)
      << more.status();
}

}  // namespace
}  // namespace fts
