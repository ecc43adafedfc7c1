// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The table as a whole: every (stage, event) pair, order errors, invariants.
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "fts/core/scheduler/scheduler.h"
#include "gtest/gtest.h"

namespace fts {
namespace {

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

TEST(SchedulerTable, EveryPairEndsInARowThatAlwaysHolds) {
  std::map<std::pair<Stage, EventKind>, std::string> last;
  for (const SchedulerTableRow& row : SchedulerTable()) {
    auto& when = last[{row.stage, row.event}];
    EXPECT_TRUE(when != "always" && when != "otherwise")
        << "unreachable row after " << Name(row.stage) << " "
        << Name(row.event);
    when = row.when;
  }
  for (const Stage stage : kAllStages) {
    for (const EventKind event : kAllEventKinds) {
      const std::string when = last[{stage, event}];
      EXPECT_TRUE(when == "always" || when == "otherwise")
          << Name(stage) << " " << Name(event) << ": '" << when << "'";
    }
  }
}

// Each (stage, event) with its right epoch, step and metric, against what must
// come of it.
TEST(SchedulerTable, EveryStageTakesExactlyTheEventsThatMayCome) {
  SchedulerConfig config = Phases(2);
  config.max_epochs = 100;
  const std::set<std::pair<Stage, EventKind>> legal = {
      {Stage::kNew, EventKind::kRunStart},
      {Stage::kIdle, EventKind::kEpochStart},
      {Stage::kTraining, EventKind::kStepStart},
      {Stage::kTraining, EventKind::kStepEnd},
      {Stage::kTraining, EventKind::kValidationEnd},
      {Stage::kTraining, EventKind::kEpochEnd},
      {Stage::kStepsDone, EventKind::kValidationEnd},
      {Stage::kStepsDone, EventKind::kEpochEnd},
      {Stage::kValidated, EventKind::kEpochEnd}};
  for (const Stage stage : kAllStages) {
    SchedulerState state;
    state.stage = stage;
    state.next_epoch = 3;
    state.next_step = 7;
    for (const EventKind kind : kAllEventKinds) {
      SchedulerEvent event = Validation(2, 1.0);
      event.kind = kind;
      event.step = 7;
      if (kind == EventKind::kEpochStart) event.epoch = 3;
      const auto next = Advance(config, state, event);
      const bool expected = legal.count({stage, kind}) > 0;
      EXPECT_EQ(next.ok(), expected)
          << Name(stage) << " " << Name(kind) << " " << next.status();
      if (!next.ok()) {
        EXPECT_EQ(next.status().code(), absl::StatusCode::kFailedPrecondition);
      }
    }
  }
}

TEST(SchedulerTable, SaysWhatWasDueInstead) {
  const SchedulerConfig config = Phases(2);
  SchedulerState state;
  const auto error = [&](const SchedulerEvent& event) {
    return std::string(Advance(config, state, event).status().message());
  };
  EXPECT_EQ(error(SchedulerEvent::EpochStart(0)),
            "scheduler: EpochStart{epoch 0} cannot happen now (new): the run "
            "has not started");
  state.stage = Stage::kIdle;
  state.next_epoch = 4;
  EXPECT_EQ(error(SchedulerEvent::EpochStart(5)),
            "scheduler: EpochStart{epoch 5} cannot happen now (idle): another "
            "epoch is due: epoch 4");
  state.stage = Stage::kTraining;
  state.next_step = 9;
  EXPECT_EQ(error(SchedulerEvent::StepEnd(8)),
            "scheduler: StepEnd{step 8} cannot happen now (training): another "
            "step is due: step 9");
  EXPECT_EQ(error(Validation(4, 1)),
            "scheduler: ValidationEnd{epoch 4, val_loss 1} cannot happen now "
            "(training): another epoch is due: epoch 3");
  state.stage = Stage::kFinished;
  state.finish_text = "max_epochs 4 reached";
  EXPECT_EQ(error(SchedulerEvent::EpochStart(4)),
            "scheduler: EpochStart{epoch 4} cannot happen now (finished): the "
            "run has finished (max_epochs 4 reached)");
}

TEST(SchedulerTable, RefusesAStateThatDoesNotFitTheSchedule) {
  SchedulerState state;
  state.phase = 2;
  EXPECT_EQ(
      Advance(Phases(2), state, SchedulerEvent::RunStart()).status().message(),
      "scheduler: phase 2 and max_depth 1 do not fit a schedule of 2 "
      "phases");
  EXPECT_FALSE(Advance(SchedulerConfig(), {}, SchedulerEvent::RunStart()).ok());
}

// Random events never lead to a state outside its bounds, never give two
// transitions in an epoch, and equal inputs give equal results.
TEST(SchedulerTable, RandomWalksKeepTheInvariants) {
  uint64_t seed = 88172645463325252ull;
  const auto random = [&](uint64_t n) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % n;
  };
  for (int walk = 0; walk < 300; ++walk) {
    SchedulerConfig config = Phases(1 + random(4), 1 + random(3));
    config.max_depth = random(config.phases.size());
    for (PhaseRule& phase : config.phases) {
      phase.max_transition_epoch = static_cast<int64_t>(random(6)) - 1;
    }
    if (random(2)) config.early_stopping.reset();
    if (random(2)) config.max_steps = 1 + random(20);
    if (random(2)) config.max_epochs = 1 + random(8);
    SchedulerState state;
    for (int i = 0; i < 200; ++i) {
      SchedulerEvent event;
      event.kind = kAllEventKinds[random(6)];
      event.step = state.next_step;
      event.epoch = event.kind == EventKind::kEpochStart ? state.next_epoch
                                                         : state.epoch();
      event.metrics["val_loss"] = static_cast<double>(random(8));
      const auto a = Advance(config, state, event);
      const auto b = Advance(config, state, event);
      ASSERT_EQ(a.ok(), b.ok());
      if (!a.ok()) {
        ASSERT_EQ(a.status(), b.status());
        continue;
      }
      ASSERT_EQ(a->state, b->state);
      ASSERT_EQ(a->effects, b->effects);
      int began = 0;
      for (const SchedulerEffect& effect : a->effects) {
        began += effect.kind == EffectKind::kPhase;
      }
      ASSERT_LE(began, 1);
      ASSERT_LE(a->state.phase, config.max_depth);
      ASSERT_EQ(a->state.phase - state.phase,
                event.kind == EventKind::kEpochStart ? began : 0);
      ASSERT_EQ(a->state.stage == Stage::kFinished,
                !a->state.finish_text.empty());
      state = a->state;
    }
  }
}

TEST(SchedulerTable, PrintsEveryRow) {
  const std::string text = PrintSchedulerTable();
  size_t lines = 0;
  for (const char c : text) lines += c == '\n';
  EXPECT_EQ(lines, SchedulerTable().size() + 1);
  EXPECT_NE(
      text.find("training    ValidationEnd  patience exhausted, final phase    "
                "           finished    [SaveBest] Finish\n"),
      std::string::npos)
      << text;
  EXPECT_NE(
      text.find("new         StepEnd        always                             "
                "           cannot happen: the run has not started\n"),
      std::string::npos)
      << text;
}

}  // namespace
}  // namespace fts
