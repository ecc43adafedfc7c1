// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Phases that begin in mid-epoch, by steps, tokens or time.
#include <string>

#include "fts/core/scheduler/scheduler.h"
#include "fts/core/scheduler/scheduler_testutil.h"
#include "gtest/gtest.h"

namespace fts {
namespace {

using namespace scheduler_testing;

// Three phases, two epochs, no validation.
SchedulerConfig ThreePhases() {
  SchedulerConfig config = Phases(3);
  config.early_stopping.reset();
  config.max_epochs = 2;
  return config;
}

Feed FourSteps() {
  Feed feed;
  feed.steps = 4;
  feed.step_starts = true;
  return feed;
}

TEST(StepStart, AStepLimitActsBeforeThatStep) {
  SchedulerConfig config = ThreePhases();
  config.phases[0].max_transition_step = 3;
  config.phases[1].max_transition_step = 6;
  const Course run = RunThrough(config, FourSteps());
  EXPECT_EQ(run.step_phase, (Ints{0, 0, 0, 1, 1, 1, 2, 2}));
  EXPECT_EQ(run.first_step, (Counts{0, 3, 6}));
  EXPECT_EQ(run.began, (Counts{0, 0, 1}));
  ASSERT_EQ(run.reasons.size(), 3u);
  EXPECT_EQ(run.reasons[1], "max_transition_step 3 of phase 0 reached");
}

TEST(StepStart, ATokenLimitActsWithTheFirstStepAfterThem) {
  SchedulerConfig config = ThreePhases();
  config.phases[0].max_transition_tokens = 201;  // 100 a step
  config.phases[1].max_transition_tokens = 500;
  const Course run = RunThrough(config, FourSteps());
  EXPECT_EQ(run.step_phase, (Ints{0, 0, 0, 1, 1, 2, 2, 2}));
  ASSERT_EQ(run.reasons.size(), 3u);
  EXPECT_EQ(run.reasons[1], "max_transition_tokens 201 of phase 0 reached");
}

TEST(StepStart, ATimeLimitActsWithTheFirstStepAfterIt) {
  SchedulerConfig config = ThreePhases();
  config.phases[0].max_transition_time = 0.75;  // 0.5 s a step
  config.phases[1].max_transition_time = 1.5;
  const Course run = RunThrough(config, FourSteps());
  EXPECT_EQ(run.step_phase, (Ints{0, 0, 1, 2, 2, 2, 2, 2}));
  ASSERT_EQ(run.reasons.size(), 3u);
  EXPECT_EQ(run.reasons[1], "max_transition_time 0.75 of phase 0 reached");
}

TEST(StepStart, TheFirstLimitEndsAPhase) {
  SchedulerConfig config = ThreePhases();
  config.phases[0].max_transition_step = 5;
  config.phases[0].max_transition_tokens = 100;
  config.phases[0].max_transition_time = 100;
  config.phases[1].max_transition_epoch = 1;
  config.phases[1].max_transition_step = 7;
  const Course run = RunThrough(config, FourSteps());
  EXPECT_EQ(run.step_phase, (Ints{0, 1, 1, 1, 2, 2, 2, 2}));
}

TEST(StepStart, EveryPhaseTakesAtLeastOneStep) {
  SchedulerConfig config = ThreePhases();
  config.phases[0].max_transition_step = 0;
  config.phases[1].max_transition_tokens = 0;
  const Course run = RunThrough(config, FourSteps());
  EXPECT_EQ(run.step_phase, (Ints{0, 1, 2, 2, 2, 2, 2, 2}));
}

// A limit that passes with the last step of an epoch acts before the first step
// of the next one, not at its start; and only once.
TEST(StepStart, ALimitAtTheEpochBoundaryActsOnce) {
  SchedulerConfig config = ThreePhases();
  config.phases[0].max_transition_step = 4;
  config.phases[1].max_transition_step = 4;
  const Course run = RunThrough(config, FourSteps());
  EXPECT_EQ(run.depth, (Ints{0, 0}));
  EXPECT_EQ(run.step_phase, (Ints{0, 0, 0, 0, 1, 2, 2, 2}));
}

TEST(StepStart, AnEpochRuleAtTheBoundaryTakesThePlaceOfTheStepLimit) {
  SchedulerConfig config = ThreePhases();
  config.phases[0].max_transition_step = 4;
  config.phases[0].max_transition_epoch = 1;
  const Course run = RunThrough(config, FourSteps());
  EXPECT_EQ(run.depth, (Ints{0, 1}));
  EXPECT_EQ(run.step_phase, (Ints{0, 0, 0, 0, 1, 1, 1, 1}));
}

TEST(StepStart, LimitsOfTheFinalPhaseDoNothing) {
  SchedulerConfig config = ThreePhases();
  config.max_depth = 1;
  config.phases[0].max_transition_step = 1;
  config.phases[1].max_transition_step = 2;
  config.phases[1].max_transition_tokens = 2;
  config.phases[1].max_transition_time = 2;
  const Course run = RunThrough(config, FourSteps());
  EXPECT_EQ(run.step_phase, (Ints{0, 1, 1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(run.state.finish_text,
            "max_epochs 2 reached in phase 1; phase 2 lies beyond max_depth 1");
}

TEST(StepStart, EarlyStoppingAndStepLimitsGoTogether) {
  SchedulerConfig config = Phases(3, 2);
  config.phases[0].max_transition_step = 5;   // before patience runs out
  config.phases[1].max_transition_step = 99;  // after
  config.max_epochs = 9;
  Feed feed = FourSteps();
  feed.metric = {1.0};
  const Course run = RunThrough(config, feed);
  // Epoch 0 improves. Epoch 1 ends in phase 1, which has waited 1 by then, not
  // 2: the count starts afresh. Phase 1 ends after epoch 2.
  EXPECT_EQ(run.depth, (Ints{0, 0, 1, 2, 2}));
  EXPECT_EQ(run.first_step, (Counts{0, 5, 12}));
  EXPECT_EQ(run.state.cause, FinishCause::kEarlyStopping);
}

TEST(StepStart, TheOrderOfEffectsIsThatOfAnyTransition) {
  SchedulerConfig config = ThreePhases();
  config.phases[0].max_transition_step = 5;
  config.phases[1].has_freeze = true;
  config.phases[1].new_optimizer = true;
  config.phases[1].new_lr_scheduler = true;
  Feed feed = FourSteps();
  feed.metric = {1.0};
  EXPECT_EQ(
      RunThrough(config, feed).asked,
      (Lines{"thaw 0", "group 0 -1", "save 1", "restore 1", "freeze 1",
             "optimizer 1", "thaw 1", "group 1 1e-05", "lr scheduler 1"}));
}

// ---- Order of events -------------------------------------------------------

SchedulerState InEpoch0(int64_t next_step) {
  SchedulerState state;
  state.stage = Stage::kTraining;
  state.next_epoch = 1;
  state.next_step = next_step;
  return state;
}

std::string Refusal(const SchedulerConfig& config, const SchedulerState& state,
                    const SchedulerEvent& event) {
  return std::string(Advance(config, state, event).status().message());
}

TEST(StepStart, MayBeLeftOutWithoutALimitToJudge) {
  SchedulerConfig config = ThreePhases();
  EXPECT_TRUE(Advance(config, InEpoch0(3), SchedulerEvent::StepEnd(3)).ok());
  config.phases[0].max_transition_time = 60;
  EXPECT_EQ(Refusal(config, InEpoch0(3), SchedulerEvent::StepEnd(3)),
            "scheduler: StepEnd{step 3} cannot happen now (training): "
            "StepStart must come first, the phase has a limit in steps, tokens "
            "or time");
  config.max_depth = 0;  // then the limit means nothing
  EXPECT_TRUE(Advance(config, InEpoch0(3), SchedulerEvent::StepEnd(3)).ok());
}

TEST(StepStart, NamesTheStepThatIsDue) {
  EXPECT_EQ(
      Refusal(ThreePhases(), InEpoch0(3), SchedulerEvent::StepStart(4, 0, 0)),
      "scheduler: StepStart{step 4, tokens 0, seconds 0} cannot happen "
      "now (training): another step is due: step 3");
}

TEST(StepStart, CountersNeverGoBack) {
  SchedulerState state = InEpoch0(3);
  state.tokens = 300;
  state.seconds = 1.5;
  EXPECT_TRUE(
      Advance(ThreePhases(), state, SchedulerEvent::StepStart(3, 300, 1.5))
          .ok());
  EXPECT_EQ(
      Refusal(ThreePhases(), state, SchedulerEvent::StepStart(3, 299, 1.5)),
      "scheduler: StepStart{step 3, tokens 299, seconds 1.5} cannot "
      "happen now (training): tokens and seconds of the run never go "
      "back: 300 tokens, 1.5 seconds");
  EXPECT_FALSE(
      Advance(ThreePhases(), state, SchedulerEvent::StepStart(3, 300, 1.25))
          .ok());
}

// Told twice before the same step, the second time finds the next phase without
// a step.
TEST(StepStart, TwiceIsNoSecondTransition) {
  SchedulerConfig config = ThreePhases();
  config.phases[0].max_transition_step = 1;
  config.phases[1].max_transition_step = 1;
  const SchedulerEvent event = SchedulerEvent::StepStart(1, 0, 0);
  auto next = Advance(config, InEpoch0(1), event);
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->state.phase, 1);
  next = Advance(config, next->state, event);
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->state.phase, 1);
  EXPECT_TRUE(next->effects.empty());
}

}  // namespace
}  // namespace fts
