// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/scheduler/scheduler.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace fts {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
const double kNan = std::nan("");

// `n` phases without epoch limits, early stopping with `patience`.
SchedulerConfig Phases(int n, int64_t patience = 1) {
  SchedulerConfig config;
  config.phases.resize(n);
  for (int i = 1; i < n; ++i) config.phases[i].lr = 1e-5;
  config.max_depth = n - 1;
  config.early_stopping.emplace();
  config.early_stopping->patience = patience;
  return config;
}

SchedulerEvent Validation(int64_t epoch, double value) {
  return SchedulerEvent::ValidationEnd(epoch, {{"val_loss", value}});
}

// What a run came to.
struct Course {
  std::vector<int> depth;        // phase of each epoch that trained
  std::vector<int64_t> began;    // epoch each phase began in
  std::vector<int> groups;       // optimizer groups during each epoch
  std::vector<std::string> log;  // every effect
  SchedulerState state;

  int64_t epochs() const { return static_cast<int64_t>(depth.size()); }
};

// Runs `steps` steps an epoch with the metric of each epoch (the last one
// repeats; empty: no validation) until the scheduler finishes.
Course Simulate(const SchedulerConfig& config,
                const std::vector<double>& metric, int steps = 2) {
  Course run;
  int groups = 0;
  bool end_epoch = false;
  const auto feed = [&](const SchedulerEvent& event) {
    auto next = Advance(config, run.state, event);
    ASSERT_TRUE(next.ok()) << next.status();
    run.state = next->state;
    for (const SchedulerEffect& effect : next->effects) {
      run.log.push_back(effect.ToString());
      if (effect.kind == EffectKind::kAddGroup) ++groups;
      if (effect.kind == EffectKind::kEndEpoch) end_epoch = true;
      if (effect.kind == EffectKind::kPhase) {
        run.began.push_back(event.kind == EventKind::kRunStart ? 0
                                                               : event.epoch);
      }
    }
  };
  feed(SchedulerEvent::RunStart());
  int64_t step = 0;
  for (int64_t epoch = 0; epoch < 100; ++epoch) {
    feed(SchedulerEvent::EpochStart(epoch));
    run.depth.push_back(run.state.phase);
    run.groups.push_back(groups);
    for (int i = 0; i < steps && !end_epoch; ++i) {
      feed(SchedulerEvent::StepEnd(step++));
    }
    if (!metric.empty()) {
      const size_t i = std::min<size_t>(epoch, metric.size() - 1);
      feed(Validation(epoch, metric[i]));
      if (run.state.stage == Stage::kFinished) return run;
    }
    feed(SchedulerEvent::EpochEnd(epoch));
    if (run.state.stage == Stage::kFinished) return run;
  }
  ADD_FAILURE() << "the run never ended";
  return run;
}

using Ints = std::vector<int>;
using Epochs = std::vector<int64_t>;
using Lines = std::vector<std::string>;

// ---- Cases of FTS ----------------------------------------------------------

TEST(SchedulerCases, Case22EpochOnly) {
  SchedulerConfig config = Phases(3);
  config.early_stopping.reset();
  config.phases[0].max_transition_epoch = 3;
  config.phases[1].max_transition_epoch = 2;
  config.phases[2].max_transition_epoch = 2;
  config.max_epochs = 6;
  const Course run = Simulate(config, {1.0});
  EXPECT_EQ(run.depth, (Ints{0, 0, 0, 1, 2, 2}));
  EXPECT_EQ(run.groups, (Ints{1, 1, 1, 2, 3, 3}));
  EXPECT_EQ(run.state.finish_text,
            "max_epochs 6 reached in phase 2, the last phase");
}

TEST(SchedulerCases, Case23ConstantMetric) {
  SchedulerConfig config = Phases(4);
  config.max_epochs = 6;
  const Course run = Simulate(config, {1.0});
  EXPECT_EQ(run.epochs(), 5);
  EXPECT_EQ(run.depth, (Ints{0, 0, 1, 2, 3}));
  EXPECT_EQ(run.began, (Epochs{0, 2, 3, 4}));
  EXPECT_EQ(run.state.best->phase, 0);
  EXPECT_EQ(run.state.best->epoch, 0);
  EXPECT_EQ(run.state.cause, FinishCause::kEarlyStopping);
  EXPECT_EQ(run.state.finish_text,
            "early stopping: val_loss did not improve on 1 in 1 validation in "
            "phase 3, the last phase");
}

TEST(SchedulerCases, Case24DepthPerEpoch) {
  const Course run = Simulate(Phases(4), {5, 4, 3, 2, 9});
  EXPECT_EQ(run.depth, (Ints{0, 0, 0, 0, 0, 1, 2, 3}));
  EXPECT_EQ(run.groups, (Ints{1, 1, 1, 1, 1, 2, 3, 4}));
}

TEST(SchedulerCases, Case25MaxDepth) {
  SchedulerConfig config = Phases(4);
  config.max_depth = 0;
  const Course run = Simulate(config, {5, 4, 3, 2, 9});
  EXPECT_EQ(run.depth, (Ints{0, 0, 0, 0, 0}));
  EXPECT_EQ(run.groups.back(), 1);
  EXPECT_EQ(run.state.cause, FinishCause::kEarlyStopping);
  EXPECT_EQ(run.state.finish_text,
            "early stopping: val_loss did not improve on 2 in 1 validation in "
            "phase 0; phases 1 to 3 lie beyond max_depth 0");
}

TEST(SchedulerCases, Case33NotFinite) {
  const Course run = Simulate(Phases(4, 3), {4, 3, kInf, 1});
  EXPECT_EQ(run.epochs(), 3);
  EXPECT_EQ(run.state.cause, FinishCause::kNotFinite);
  EXPECT_EQ(run.state.finish_text,
            "val_loss is inf, not a finite number, after epoch 2 in phase 0; "
            "phases 1 to 3 never ran");
  EXPECT_EQ(Simulate(Phases(4, 3), {4, 3, kNan, 1}).epochs(), 3);
  EXPECT_EQ(Simulate(Phases(4, 3), {4, 3, -kInf, 1}).epochs(), 3);
}

TEST(SchedulerCases, Case33DivergenceThreshold) {
  SchedulerConfig config = Phases(4);
  config.early_stopping->divergence_threshold = 15.9;
  const Course run = Simulate(config, {9, 4, 2, 16, 1});
  EXPECT_EQ(run.epochs(), 4);
  EXPECT_EQ(run.state.cause, FinishCause::kDivergenceThreshold);
  EXPECT_EQ(run.state.finish_text,
            "val_loss 16 is worse than divergence_threshold 15.9 in phase 0; "
            "phases 1 to 3 never ran");
}

TEST(SchedulerCases, Case33StoppingThreshold) {
  SchedulerConfig config = Phases(4);
  config.early_stopping->stopping_threshold = 2.9;
  const Course run = Simulate(config, {9, 8, 7, 6, 5, 6, 4, 3, 2, 1});
  EXPECT_EQ(run.epochs(), 9);
  EXPECT_EQ(run.depth, (Ints{0, 0, 0, 0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(run.state.cause, FinishCause::kStoppingThreshold);
  EXPECT_EQ(run.state.finish_text,
            "val_loss 2 passed stopping_threshold 2.9 in phase 1; phases 2 and "
            "3 never ran");
}

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
  EXPECT_EQ(run.began, (Epochs{0, 2, 5}));
}

// The best is of the whole run, so a phase that never beats it lasts exactly
// `patience` validations.
TEST(Scheduler, BestScoreIsNotResetPerPhase) {
  const Course run = Simulate(Phases(3, 2), {1, 5, 5, 4, 3, 2, 1.5});
  EXPECT_EQ(run.began, (Epochs{0, 3, 5}));
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

}  // namespace
}  // namespace fts
