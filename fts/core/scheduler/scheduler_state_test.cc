// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/scheduler/scheduler_state.h"

#include <limits>
#include <string>

#include "gtest/gtest.h"

namespace fts {
namespace {

SchedulerState Full() {
  SchedulerState state;
  state.stage = Stage::kFinished;
  state.phase = 2;
  state.next_epoch = 5;
  state.next_step = 123456789012;
  state.phase_first_step = 77;
  state.started_step = 123456789011;
  state.tokens = 9007199254740993;
  state.seconds = 86400.1;
  state.es_best = 0.1 + 0.2;
  state.es_phase_best = 0.25;
  state.es_wait = 2;
  state.phase_complete = "val_loss \"stuck\"";
  state.best = BestRecord{1.0 / 3, 3, 1};
  state.cause = FinishCause::kNotFinite;
  state.finish_text = "done";
  return state;
}

TEST(SchedulerState, JsonKeepsEverything) {
  for (const SchedulerState& state : {SchedulerState(), Full()}) {
    const auto back = SchedulerStateFromJson(SchedulerStateToJson(state));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, state);
  }
}

TEST(SchedulerState, JsonHasAFixedForm) {
  EXPECT_EQ(SchedulerStateToJson(SchedulerState()),
            R"({"format":"fts-scheduler-state/2","stage":"new","phase":0,)"
            R"("next_epoch":0,"next_step":0,"phase_first_step":0,)"
            R"("started_step":-1,"tokens":0,"seconds":0.0,"es_best":null,)"
            R"("es_phase_best":null,"es_wait":0,)"
            R"("phase_complete":"","best":null,"cause":"","finish_text":""})");
}

TEST(SchedulerState, EveryStageAndCauseSurvives) {
  for (const Stage stage : kAllStages) {
    SchedulerState state;
    state.stage = stage;
    EXPECT_EQ(*SchedulerStateFromJson(SchedulerStateToJson(state)), state);
  }
  for (const FinishCause cause : kAllFinishCauses) {
    SchedulerState state;
    state.cause = cause;
    EXPECT_EQ(*SchedulerStateFromJson(SchedulerStateToJson(state)), state);
  }
}

TEST(SchedulerState, InfiniteBestsSurvive) {
  SchedulerState state;
  state.es_best = -std::numeric_limits<double>::infinity();
  state.es_phase_best = std::numeric_limits<double>::infinity();
  EXPECT_EQ(*SchedulerStateFromJson(SchedulerStateToJson(state)), state);
}

// What version 1 of the format wrote; it lacks the fields of the step limits.
TEST(SchedulerState, ReadsTheOldFormat) {
  const auto state = SchedulerStateFromJson(
      R"({"format":"fts-scheduler-state/1","stage":"idle","phase":1,)"
      R"("next_epoch":3,"next_step":12,"es_best":0.5,"es_wait":1,)"
      R"("phase_complete":"","best":{"metric":0.5,"epoch":1,"phase":0},)"
      R"("cause":"","finish_text":""})");
  ASSERT_TRUE(state.ok()) << state.status();
  SchedulerState expected;
  expected.stage = Stage::kIdle;
  expected.phase = 1;
  expected.next_epoch = 3;
  expected.next_step = 12;
  expected.es_best = 0.5;
  expected.es_wait = 1;
  expected.best = BestRecord{0.5, 1, 0};
  EXPECT_EQ(*state, expected);
}

TEST(SchedulerState, RefusesWhatDoesNotFit) {
  const std::string good = SchedulerStateToJson(Full());
  const auto error = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    const auto state = SchedulerStateFromJson(text);
    EXPECT_FALSE(state.ok());
    return std::string(state.status().message());
  };
  EXPECT_EQ(error("{", "["), "scheduler state: not a JSON object");
  EXPECT_EQ(error("state/2", "state/9"),
            "scheduler state: format is 'fts-scheduler-state/9'; this program "
            "reads 'fts-scheduler-state/1' and 'fts-scheduler-state/2'");
  EXPECT_EQ(error("\"stage\":\"finished\"", "\"stage\":\"lost\""),
            "scheduler state: stage 'lost' is unknown");
  EXPECT_EQ(error("\"phase\":2", "\"phase\":-2"),
            "scheduler state: 'phase' is -2; it must be a whole number, 0 or "
            "more");
  EXPECT_EQ(error("\"next_epoch\"", "\"epoch\""),
            "scheduler state: 'next_epoch' is missing");
  EXPECT_EQ(error("\"es_wait\":2", "\"es_wait\":\"2\""),
            "scheduler state: 'es_wait' is \"2\"; it must be a whole number, 0 "
            "or more");
  EXPECT_EQ(error("\"started_step\":123456789011", "\"started_step\":-2"),
            "scheduler state: 'started_step' is -2; it must be a whole number, "
            "-1 or more");
  EXPECT_EQ(error("\"tokens\"", "\"bytes\""),
            "scheduler state: 'tokens' is missing");
  EXPECT_EQ(error("\"es_phase_best\":0.25", "\"es_phase_best\":\"big\""),
            "scheduler state: 'es_phase_best' is \"big\"; it must be a number");
  EXPECT_EQ(error("\"metric\"", "\"loss\""),
            "scheduler state: 'metric' is missing");
  EXPECT_EQ(error("not_finite", "bored"),
            "scheduler state: cause 'bored' is unknown");
}

TEST(SchedulerState, Prints) {
  EXPECT_EQ(Full().ToString(),
            "finished, phase 2, next epoch 5, next step 123456789012, early "
            "stopping best 0.3 (of the phase 0.25) wait 2, phase complete, "
            "best 0.333333 at epoch "
            "3 in phase 1: done");
}

}  // namespace
}  // namespace fts
