// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/scheduler/finish_text.h"

#include "gtest/gtest.h"

namespace fts {
namespace {

SchedulerConfig Phases(int n, int max_depth) {
  SchedulerConfig config;
  config.phases.resize(n);
  config.max_depth = max_depth;
  return config;
}

TEST(FinishText, NamesThePhaseAndWhatNeverRan) {
  EXPECT_EQ(FinishText(Phases(1, 0), 0, "it ended"), "it ended");
  EXPECT_EQ(FinishText(Phases(3, 2), 2, "it ended"),
            "it ended in phase 2, the last phase");
  EXPECT_EQ(FinishText(Phases(3, 2), 1, "it ended"),
            "it ended in phase 1; phase 2 never ran");
  EXPECT_EQ(FinishText(Phases(3, 2), 0, "it ended"),
            "it ended in phase 0; phases 1 and 2 never ran");
  EXPECT_EQ(FinishText(Phases(5, 4), 0, "it ended"),
            "it ended in phase 0; phases 1 to 4 never ran");
  EXPECT_EQ(FinishText(Phases(3, 1), 1, "it ended"),
            "it ended in phase 1; phase 2 lies beyond max_depth 1");
  EXPECT_EQ(FinishText(Phases(3, 1), 0, "it ended"),
            "it ended in phase 0; phase 1 never ran; phase 2 lies beyond "
            "max_depth 1");
  EXPECT_EQ(FinishText(Phases(5, 2), 2, "it ended"),
            "it ended in phase 2; phases 3 and 4 lie beyond max_depth 2");
  EXPECT_EQ(FinishText(Phases(9, 2), 1, "it ended"),
            "it ended in phase 1; phase 2 never ran; phases 3 to 8 lie beyond "
            "max_depth 2");
}

TEST(NoImprovementText, SpeaksOfTheRule) {
  SchedulerConfig config = Phases(1, 0);
  config.early_stopping.emplace();
  EXPECT_EQ(NoImprovementText(config, 0, 1.5),
            "val_loss did not improve on 1.5 in 3 validations");
  config.early_stopping->patience = 1;
  config.early_stopping->min_delta = 0.001;
  EXPECT_EQ(NoImprovementText(config, 0, 1.5),
            "val_loss did not improve on 1.5 by more than 0.001 in 1 "
            "validation");
  EXPECT_EQ(NoImprovementText(config, 0, std::nullopt),
            "val_loss was never finite in 1 validation");
}

TEST(NoImprovementText, SpeaksOfThePhasesOwnRule) {
  SchedulerConfig config = Phases(2, 1);
  config.early_stopping.emplace();
  config.phases[1].patience = 0;
  config.phases[1].min_delta = 0.5;
  config.phases[1].best_score_per_phase = true;
  EXPECT_EQ(NoImprovementText(config, 0, 1.5),
            "val_loss did not improve on 1.5 in 3 validations");
  EXPECT_EQ(NoImprovementText(config, 1, 1.5),
            "val_loss did not improve on 1.5, the best of phase 1, by more "
            "than 0.5 in 1 validation");
}

}  // namespace
}  // namespace fts
