// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// That these bounds are what the state machine does is shown in
// fts/core/scheduler/timeline_test.cc.
#include "fts/core/schedule/reach.h"

#include <gtest/gtest.h>

#include <vector>

namespace fts {
namespace {

Schedule Phases(int n) {
  Schedule schedule;
  for (int i = 0; i < n; ++i) {
    schedule.phases.emplace_back();
    schedule.phases.back().index = i;
  }
  schedule.max_depth = n - 1;
  return schedule;
}

std::vector<int64_t> Epochs(const Schedule& schedule,
                            const ReachOptions& options) {
  std::vector<int64_t> out;
  for (const EarliestStart& start : EarliestStarts(schedule, options)) {
    out.push_back(start.never ? -1 : start.epoch);
  }
  return out;
}

std::vector<int64_t> Steps(const Schedule& schedule,
                           const ReachOptions& options) {
  std::vector<int64_t> out;
  for (const EarliestStart& start : EarliestStarts(schedule, options)) {
    out.push_back(start.never ? -1 : start.step);
  }
  return out;
}

using V = std::vector<int64_t>;

TEST(Reach, EarlyStopping) {
  ReachOptions options;
  options.patience = 1;
  // FTS's own: a constant metric and patience 1 move on at epochs 2, 3 and 4.
  EXPECT_EQ(Epochs(Phases(4), options), (V{0, 2, 3, 4}));
  options.best_score_per_phase = true;
  EXPECT_EQ(Epochs(Phases(4), options), (V{0, 2, 4, 6}));
  Schedule schedule = Phases(4);
  schedule.phases[1].criteria.best_score = "global";
  schedule.phases[2].criteria.patience = 5;
  EXPECT_EQ(Epochs(schedule, options), (V{0, 2, 3, 9}));
  options.val_interval = 2;
  EXPECT_EQ(Epochs(Phases(3), options), (V{0, 4, 8}));
  options.steps_per_epoch = 10;
  EXPECT_EQ(Steps(Phases(3), options), (V{0, 40, 80}));
}

TEST(Reach, EpochLimits) {
  ReachOptions options;
  options.early_stopping = false;
  Schedule schedule = Phases(4);
  schedule.phases[0].max_transition_epoch = 0;
  schedule.phases[1].max_transition_epoch = 0;
  schedule.phases[2].max_transition_epoch = 7;
  EXPECT_EQ(Epochs(schedule, options), (V{0, 0, 1, 7}));
  schedule.phases[1].max_transition_epoch = -1;
  EXPECT_EQ(Epochs(schedule, options), (V{0, 0, -1, -1}));
  options.early_stopping = true;  // whichever is first
  EXPECT_EQ(Epochs(schedule, options), (V{0, 0, 4, 7}));
  // Where phase 1 begins is not known, so neither what was validated before.
  schedule.phases[0].criteria.max_transition_step = 0;
  EXPECT_EQ(Epochs(schedule, options), (V{0, 0, 3, 6}));
}

TEST(Reach, StepTokenAndTimeLimits) {
  ReachOptions options;
  options.early_stopping = false;
  options.steps_per_epoch = 10;
  options.tokens_per_step = 64;
  Schedule schedule = Phases(5);
  schedule.phases[0].criteria.max_transition_step = 25;
  schedule.phases[1].criteria.max_transition_step = 25;
  schedule.phases[2].criteria.max_transition_tokens = 64 * 40 + 1;
  schedule.phases[3].criteria.max_transition_time = 100;
  EXPECT_EQ(Steps(schedule, options), (V{0, 25, 26, 41, 42}));
  EXPECT_EQ(Epochs(schedule, options), (V{0, 2, 2, 4, 4}));
  options.tokens_per_step.reset();
  options.steps_per_epoch.reset();
  EXPECT_EQ(Steps(schedule, options), (V{0, 25, 26, 27, 28}));
  EXPECT_EQ(Epochs(schedule, options), (V{0, 0, 0, 0, 0}));
}

TEST(Reach, HugeNumbersStayNumbers) {
  ReachOptions options;
  options.patience = INT64_MAX;
  options.val_interval = INT64_MAX;
  options.steps_per_epoch = INT64_MAX;
  EXPECT_EQ(Epochs(Phases(3), options), (V{0, INT64_MAX, INT64_MAX}));
  EXPECT_EQ(Steps(Phases(3), options), (V{0, INT64_MAX, INT64_MAX}));
  EXPECT_TRUE(EarliestStarts(Schedule(), options).empty());
}

}  // namespace
}  // namespace fts
