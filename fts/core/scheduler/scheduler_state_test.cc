// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/scheduler/scheduler_state.h"

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
  state.es_best = 0.1 + 0.2;
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
            R"({"format":"fts-scheduler-state/1","stage":"new","phase":0,)"
            R"("next_epoch":0,"next_step":0,"es_best":null,"es_wait":0,)"
            R"("phase_complete":"","best":null,"cause":"","finish_text":""})");
}

TEST(SchedulerState, EveryStageAndCauseSurvives) {
  for (const Stage stage : kAllStages) {
    SchedulerState state;
    state.stage = stage;
    EXPECT_EQ(*SchedulerStateFromJson(SchedulerStateToJson(state)), state);
  }
  for (const FinishCause cause :
       {FinishCause::kMaxEpochs, FinishCause::kMaxSteps,
        FinishCause::kEarlyStopping, FinishCause::kStoppingThreshold,
        FinishCause::kDivergenceThreshold}) {
    SchedulerState state;
    state.cause = cause;
    EXPECT_EQ(*SchedulerStateFromJson(SchedulerStateToJson(state)), state);
  }
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
  EXPECT_EQ(error("state/1", "state/9"),
            "scheduler state: format is 'fts-scheduler-state/9'; this program "
            "reads 'fts-scheduler-state/1'");
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
  EXPECT_EQ(error("\"metric\"", "\"loss\""),
            "scheduler state: 'metric' is missing");
  EXPECT_EQ(error("not_finite", "bored"),
            "scheduler state: cause 'bored' is unknown");
}

TEST(SchedulerState, Prints) {
  EXPECT_EQ(Full().ToString(),
            "finished, phase 2, next epoch 5, next step 123456789012, early "
            "stopping best 0.3 wait 2, phase complete, best 0.333333 at epoch "
            "3 in phase 1: done");
}

}  // namespace
}  // namespace fts
