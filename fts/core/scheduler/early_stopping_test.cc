// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Patience, min_delta, best_score, thresholds and values that are not finite,
// for the run and for single phases. The expected courses of the run-wide rules
// are those of Lightning's EarlyStopping.
#include <cmath>
#include <limits>
#include <string>

#include "fts/core/scheduler/scheduler.h"
#include "fts/core/scheduler/scheduler_testutil.h"
#include "gtest/gtest.h"

namespace fts {
namespace {

using namespace scheduler_testing;

constexpr double kInf = std::numeric_limits<double>::infinity();
const double kNan = std::nan("");

// ---- Overrides of a phase --------------------------------------------------

TEST(EarlyStopping, APhaseMayHaveItsOwnPatience) {
  SchedulerConfig config = Phases(3, 1);
  config.phases[1].patience = 3;
  const Course run = Simulate(config, {1.0});
  EXPECT_EQ(run.began, (Counts{0, 2, 5}));
  EXPECT_EQ(run.epochs(), 6);  // one more in the final phase
  ASSERT_EQ(run.reasons.size(), 3u);
  EXPECT_EQ(run.reasons[2],
            "early stopping: val_loss did not improve on 1 in 3 validations");
}

TEST(EarlyStopping, TheFinalPhaseMayHaveItsOwnPatience) {
  SchedulerConfig config = Phases(2, 1);
  config.phases[1].patience = 4;
  const Course run = Simulate(config, {1.0});
  EXPECT_EQ(run.epochs(), 6);
  EXPECT_EQ(run.state.finish_text,
            "early stopping: val_loss did not improve on 1 in 4 validations in "
            "phase 1, the last phase");
}

TEST(EarlyStopping, PatienceZeroIsPatienceOne) {
  SchedulerConfig config = Phases(2, 3);
  config.phases[0].patience = 0;
  EXPECT_EQ(Simulate(config, {1.0}).began, (Counts{0, 2}));
}

TEST(EarlyStopping, APhaseMayHaveItsOwnMinDelta) {
  SchedulerConfig config = Phases(2, 1);
  config.phases[0].min_delta = 1;
  // Epoch 1 improves by less than 1; in phase 1 that is enough.
  const Course run = Simulate(config, {5, 4.5, 4.25, 4.25});
  EXPECT_EQ(run.depth, (Ints{0, 0, 1, 1}));
  ASSERT_EQ(run.reasons.size(), 2u);
  EXPECT_EQ(run.reasons[1],
            "early stopping: val_loss did not improve on 5 by more than 1 in 1 "
            "validation");
}

TEST(EarlyStopping, APhaseMayCompareWithItsOwnBest) {
  SchedulerConfig config = Phases(3, 2);
  const std::vector<double> metric = {1, 5, 5, 4, 3, 2, 2, 2, 2};
  // Against the best of the run, phase 1 lasts exactly its patience.
  EXPECT_EQ(Simulate(config, metric).began, (Counts{0, 3, 5}));
  // Against its own it goes on as long as it gets better.
  config.phases[1].best_score_per_phase = true;
  const Course run = Simulate(config, metric);
  EXPECT_EQ(run.began, (Counts{0, 3, 8}));
  ASSERT_EQ(run.reasons.size(), 3u);
  EXPECT_EQ(run.reasons[2],
            "early stopping: val_loss did not improve on 2, the best of phase "
            "1, in 2 validations");
  // The best of the run is not forgotten: phase 2 is measured by it again.
  EXPECT_EQ(run.epochs(), 10);
  EXPECT_EQ(*run.state.es_best, 1);
  EXPECT_EQ(run.state.best->epoch, 0);
}

TEST(EarlyStopping, TheBestOfTheRunCountsPhasesWithTheirOwnBest) {
  SchedulerConfig config = Phases(2, 1);
  config.phases[0].best_score_per_phase = true;
  // Phase 0 ends at 2; phase 1 compares with 2, not with nothing.
  EXPECT_EQ(Simulate(config, {4, 2, 3, 2.5}).epochs(), 4);
}

TEST(EarlyStopping, ThePhasesBestStartsAfreshWithAnyTransition) {
  SchedulerConfig config = Phases(2, 2);
  config.phases[0].max_transition_epoch = 2;
  config.phases[1].best_score_per_phase = true;
  EXPECT_EQ(Simulate(config, {1, 2, 9, 8, 8, 8}).epochs(), 6);
}

// ---- Values that are not finite --------------------------------------------

TEST(EarlyStopping, WithoutCheckFiniteANanIsOneMoreWait) {
  SchedulerConfig config = Phases(2, 2);
  config.early_stopping->check_finite = false;
  const Course run = Simulate(config, {3, kNan, kNan, 2, kNan, kNan});
  EXPECT_EQ(run.began, (Counts{0, 3}));
  EXPECT_EQ(run.epochs(), 6);
  EXPECT_EQ(run.state.cause, FinishCause::kEarlyStopping);
}

TEST(EarlyStopping, NothingButNanEndsWithAReason) {
  SchedulerConfig config = Phases(2, 1);
  config.early_stopping->check_finite = false;
  const Course run = Simulate(config, {kNan});
  EXPECT_EQ(run.depth, (Ints{0, 1}));
  EXPECT_EQ(run.state.finish_text,
            "early stopping: val_loss was never finite in 1 validation in "
            "phase 1, the last phase");
  EXPECT_FALSE(run.state.best.has_value());
}

// As in Lightning, where nothing can be better than it any more.
TEST(EarlyStopping, WithoutCheckFiniteTheBestMayBeInfinite) {
  SchedulerConfig config = Phases(1, 1);
  config.early_stopping->check_finite = false;
  const Course run = Simulate(config, {-kInf, 1});
  EXPECT_EQ(run.epochs(), 2);
  EXPECT_EQ(*run.state.es_best, -kInf);
  EXPECT_EQ(run.state.finish_text,
            "early stopping: val_loss did not improve on -inf in 1 validation");
  // Weights of such a validation are not kept as best.
  EXPECT_EQ(run.state.best->epoch, 1);
}

TEST(EarlyStopping, WithoutCheckFiniteAnInfinityMayStillDiverge) {
  SchedulerConfig config = Phases(2, 1);
  config.early_stopping->check_finite = false;
  config.early_stopping->divergence_threshold = 100;
  EXPECT_EQ(Simulate(config, {1, kInf}).state.cause,
            FinishCause::kDivergenceThreshold);
}

// Lightning looks at these in this order.
TEST(EarlyStopping, ChecksFiniteThenStoppingThenDivergence) {
  SchedulerConfig config = Phases(1, 1);
  config.early_stopping->stopping_threshold = 5;
  config.early_stopping->divergence_threshold = 2;  // 2 < x < 5 is both
  EXPECT_EQ(Simulate(config, {3}).state.cause, FinishCause::kStoppingThreshold);
  EXPECT_EQ(Simulate(config, {-kInf}).state.cause, FinishCause::kNotFinite);
  EXPECT_EQ(Simulate(config, {6}).state.cause,
            FinishCause::kDivergenceThreshold);
}

}  // namespace
}  // namespace fts
