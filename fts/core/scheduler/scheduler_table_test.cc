// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The table as a whole: every (stage, event) pair, order errors, invariants.
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include "fts/core/scheduler/scheduler.h"
#include "fts/core/scheduler/scheduler_testutil.h"
#include "gtest/gtest.h"

namespace fts {
namespace {

using namespace scheduler_testing;  // Phases, Validation

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
      {Stage::kValidated, EventKind::kStepStart},
      {Stage::kValidated, EventKind::kStepEnd},
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

TEST(SchedulerTable, PrintsEveryRow) {
  const std::string text = PrintSchedulerTable();
  size_t lines = 0;
  for (const char c : text) lines += c == '\n';
  EXPECT_EQ(lines, SchedulerTable().size() + 1);
}

TEST(SchedulerTable, TheDocumentationShowsIt) {
  std::ifstream file("docs/scheduler.md");
  ASSERT_TRUE(file.good());
  std::stringstream page;
  page << file.rdbuf();
  const std::string fence = "```text\n";
  const std::string text = page.str();
  const size_t begin = text.find(fence);
  ASSERT_NE(begin, std::string::npos);
  const size_t from = begin + fence.size();
  EXPECT_EQ(text.substr(from, text.find("```", from) - from),
            PrintSchedulerTable())
      << "put the table into docs/scheduler.md:\n"
      << PrintSchedulerTable();
}

// The rows that may begin a phase, and no others.
TEST(SchedulerTable, PhasesBeginAtThreeEvents) {
  std::set<EventKind> events;
  for (const SchedulerTableRow& row : SchedulerTable()) {
    if (row.effects.find("Phase") != std::string::npos)
      events.insert(row.event);
  }
  EXPECT_EQ(events,
            (std::set<EventKind>{EventKind::kRunStart, EventKind::kEpochStart,
                                 EventKind::kStepStart}));
}

}  // namespace
}  // namespace fts
