// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/scheduler/scheduler_event.h"

#include <cmath>

#include "gtest/gtest.h"

namespace fts {
namespace {

TEST(SchedulerEvent, Prints) {
  EXPECT_EQ(SchedulerEvent::RunStart().ToString(), "RunStart");
  EXPECT_EQ(SchedulerEvent::EpochStart(2).ToString(), "EpochStart{epoch 2}");
  EXPECT_EQ(SchedulerEvent::StepStart(7, 4096, 1.5).ToString(),
            "StepStart{step 7, tokens 4096, seconds 1.5}");
  EXPECT_EQ(SchedulerEvent::StepEnd(7).ToString(), "StepEnd{step 7}");
  EXPECT_EQ(SchedulerEvent::ValidationEnd(1, {{"val_loss", 0.25}}).ToString(),
            "ValidationEnd{epoch 1, val_loss 0.25}");
  EXPECT_EQ(SchedulerEvent::EpochEnd(1).ToString(), "EpochEnd{epoch 1}");
}

TEST(SchedulerEffect, Prints) {
  SchedulerEffect effect;
  effect.phase = 1;
  effect.text = "why";
  effect.best = BestRecord{0.5, 3, 1};
  effect.cause = FinishCause::kMaxSteps;
  const auto text = [&](EffectKind kind) {
    effect.kind = kind;
    return effect.ToString();
  };
  EXPECT_EQ(text(EffectKind::kFreeze), "Freeze{phase 1}");
  EXPECT_EQ(text(EffectKind::kReplaceOptimizer), "ReplaceOptimizer{phase 1}");
  EXPECT_EQ(text(EffectKind::kReplaceLrScheduler),
            "ReplaceLrScheduler{phase 1}");
  EXPECT_EQ(text(EffectKind::kThaw), "Thaw{phase 1}");
  EXPECT_EQ(text(EffectKind::kAddGroup),
            "AddGroup{phase 1, lr of the optimizer}");
  effect.lr = 1e-5;
  EXPECT_EQ(text(EffectKind::kAddGroup), "AddGroup{phase 1, lr 1e-05}");
  EXPECT_EQ(text(EffectKind::kPhase), "Phase{phase 1: why}");
  EXPECT_EQ(text(EffectKind::kSaveBest),
            "SaveBest{metric 0.5, epoch 3, phase 1}");
  EXPECT_EQ(text(EffectKind::kRestoreBest),
            "RestoreBest{metric 0.5, epoch 3, phase 1}");
  EXPECT_EQ(text(EffectKind::kEndEpoch), "EndEpoch{why}");
  EXPECT_EQ(text(EffectKind::kNote), "Note{why}");
  EXPECT_EQ(text(EffectKind::kFinish), "Finish{max_steps: why}");
}

TEST(FormatMetric, KeepsSixDigits) {
  EXPECT_EQ(FormatMetric(1), "1");
  EXPECT_EQ(FormatMetric(1.0 / 3), "0.333333");
  EXPECT_EQ(FormatMetric(1e-5), "1e-05");
  EXPECT_EQ(FormatMetric(std::nan("")), "nan");
}

}  // namespace
}  // namespace fts
