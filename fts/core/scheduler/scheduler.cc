// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/scheduler/scheduler.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fts/core/scheduler/actions.h"
#include "fts/core/scheduler/conditions.h"

namespace fts {
namespace {

using namespace scheduler_internal;  // conditions and actions of the rows

struct Row {
  Stage stage;
  EventKind event;
  const char* when;
  bool (*condition)(const Input&);
  Stage next;
  const char* effects;
  void (*apply)(const Input&, Transition*);  // null: cannot happen
  const char* why = "";                      // it cannot happen
};

constexpr Stage kNew = Stage::kNew, kIdle = Stage::kIdle,
                kTraining = Stage::kTraining, kStepsDone = Stage::kStepsDone,
                kValidated = Stage::kValidated, kFinished = Stage::kFinished;
constexpr EventKind kRunStart = EventKind::kRunStart,
                    kEpochStart = EventKind::kEpochStart,
                    kStepStart = EventKind::kStepStart,
                    kStepEnd = EventKind::kStepEnd,
                    kValidationEnd = EventKind::kValidationEnd,
                    kEpochEnd = EventKind::kEpochEnd;

constexpr char kNotStarted[] = "the run has not started";
constexpr char kStarted[] = "the run has started already";
constexpr char kNoEpoch[] = "no epoch is in progress";
constexpr char kEpochOpen[] = "the epoch in progress has not ended";
constexpr char kOver[] = "the run has finished";
constexpr char kWrongEpoch[] = "another epoch is due";
constexpr char kWrongStep[] = "another step is due";
constexpr char kNoMoreSteps[] = "max_steps is reached";
constexpr char kMissingMetric[] = "a monitored metric is missing";
constexpr char kNoStepStart[] =
    "StepStart must come first, the phase has a limit in steps, tokens or time";
constexpr char kWentBack[] = "tokens and seconds of the run never go back";
constexpr char kPhaseEffects[] =
    "[RestoreBest or Note] [Freeze] [ReplaceOptimizer] [Thaw] [AddGroup] "
    "[ReplaceLrScheduler] Phase";

const Row kRows[] = {
    {kNew, kRunStart, "always", Always, kIdle, "[Thaw] [AddGroup] Phase",
     StartRun},
    {kNew, kEpochStart, "always", Always, kNew, "", nullptr, kNotStarted},
    {kNew, kStepStart, "always", Always, kNew, "", nullptr, kNotStarted},
    {kNew, kStepEnd, "always", Always, kNew, "", nullptr, kNotStarted},
    {kNew, kValidationEnd, "baseline", IsBaseline, kNew, "", Nothing},
    {kNew, kValidationEnd, "otherwise", Always, kNew, "", nullptr, kNotStarted},
    {kNew, kEpochEnd, "always", Always, kNew, "", nullptr, kNotStarted},

    {kIdle, kRunStart, "always", Always, kIdle, "", nullptr, kStarted},
    {kIdle, kEpochStart, "wrong epoch", NotNextEpoch, kIdle, "", nullptr,
     kWrongEpoch},
    {kIdle, kEpochStart, "not final, early stopping ended the phase",
     PhaseComplete, kTraining, kPhaseEffects, StartPhaseByEarlyStopping},
    {kIdle, kEpochStart, "not final, max_transition_epoch reached",
     EpochLimitReached, kTraining, kPhaseEffects, StartPhaseByEpoch},
    {kIdle, kEpochStart, "otherwise", Always, kTraining, "", StartEpoch},
    {kIdle, kStepStart, "always", Always, kIdle, "", nullptr, kNoEpoch},
    {kIdle, kStepEnd, "always", Always, kIdle, "", nullptr, kNoEpoch},
    {kIdle, kValidationEnd, "baseline", IsBaseline, kIdle, "", Nothing},
    {kIdle, kValidationEnd, "otherwise", Always, kIdle, "", nullptr, kNoEpoch},
    {kIdle, kEpochEnd, "always", Always, kIdle, "", nullptr, kNoEpoch},

    {kTraining, kRunStart, "always", Always, kTraining, "", nullptr, kStarted},
    {kTraining, kEpochStart, "always", Always, kTraining, "", nullptr,
     kEpochOpen},
    {kTraining, kStepStart, "wrong step", NotNextStep, kTraining, "", nullptr,
     kWrongStep},
    {kTraining, kStepStart, "tokens or seconds went back", CountersWentBack,
     kTraining, "", nullptr, kWentBack},
    {kTraining, kStepStart, "not final, max_transition_step reached",
     StepLimitReached, kTraining, kPhaseEffects, StartPhaseByStep},
    {kTraining, kStepStart, "not final, max_transition_tokens reached",
     TokenLimitReached, kTraining, kPhaseEffects, StartPhaseByTokens},
    {kTraining, kStepStart, "not final, max_transition_time reached",
     TimeLimitReached, kTraining, kPhaseEffects, StartPhaseByTime},
    {kTraining, kStepStart, "otherwise", Always, kTraining, "", StartStep},
    {kTraining, kStepEnd, "wrong step", NotNextStep, kTraining, "", nullptr,
     kWrongStep},
    {kTraining, kStepEnd, "no StepStart, and a limit needs it",
     StepStartLeftOut, kTraining, "", nullptr, kNoStepStart},
    {kTraining, kStepEnd, "max_steps reached", LastStep, kStepsDone, "EndEpoch",
     CountLastStep},
    {kTraining, kStepEnd, "otherwise", Always, kTraining, "", CountStep},
    {kTraining, kValidationEnd, "wrong epoch", NotThisEpoch, kTraining, "",
     nullptr, kWrongEpoch},
    {kTraining, kValidationEnd, "metric missing", MetricMissing, kTraining, "",
     nullptr, kMissingMetric},
    {kTraining, kValidationEnd, "no early stopping", EpochsOnly, kValidated,
     "[SaveBest]", TrackBest},
    {kTraining, kValidationEnd, "not finite, with check_finite", NotFinite,
     kFinished, "[SaveBest] Finish", FinishNotFinite},
    {kTraining, kValidationEnd, "beyond stopping_threshold", ReachedTarget,
     kFinished, "[SaveBest] Finish", FinishAtTarget},
    {kTraining, kValidationEnd, "beyond divergence_threshold", Diverged,
     kFinished, "[SaveBest] Finish", FinishDiverged},
    {kTraining, kValidationEnd, "improved", Improved, kValidated, "[SaveBest]",
     TakeImprovement},
    {kTraining, kValidationEnd, "patience exhausted, final phase",
     ExhaustedAtTheEnd, kFinished, "[SaveBest] Finish", FinishByEarlyStopping},
    {kTraining, kValidationEnd, "patience exhausted", ExhaustedBeforeTheEnd,
     kValidated, "[SaveBest]", CompletePhase},
    {kTraining, kValidationEnd, "otherwise", Always, kValidated, "[SaveBest]",
     Wait},
    {kTraining, kEpochEnd, "wrong epoch", NotThisEpoch, kTraining, "", nullptr,
     kWrongEpoch},
    {kTraining, kEpochEnd, "max_epochs reached", LastEpoch, kFinished, "Finish",
     FinishByEpochs},
    {kTraining, kEpochEnd, "otherwise", Always, kIdle, "", Nothing},

    {kStepsDone, kRunStart, "always", Always, kStepsDone, "", nullptr,
     kStarted},
    {kStepsDone, kEpochStart, "always", Always, kStepsDone, "", nullptr,
     kEpochOpen},
    {kStepsDone, kStepStart, "always", Always, kStepsDone, "", nullptr,
     kNoMoreSteps},
    {kStepsDone, kStepEnd, "always", Always, kStepsDone, "", nullptr,
     kNoMoreSteps},
    {kStepsDone, kValidationEnd, "wrong epoch", NotThisEpoch, kStepsDone, "",
     nullptr, kWrongEpoch},
    {kStepsDone, kValidationEnd, "metric missing", MetricMissing, kStepsDone,
     "", nullptr, kMissingMetric},
    {kStepsDone, kValidationEnd, "no early stopping", EpochsOnly, kValidated,
     "[SaveBest]", TrackBest},
    {kStepsDone, kValidationEnd, "improved", Improved, kValidated, "[SaveBest]",
     TakeImprovement},
    {kStepsDone, kValidationEnd, "patience exhausted, not final",
     ExhaustedBeforeTheEnd, kValidated, "[SaveBest]", CompletePhase},
    {kStepsDone, kValidationEnd, "otherwise", Always, kValidated, "[SaveBest]",
     Wait},
    {kStepsDone, kEpochEnd, "wrong epoch", NotThisEpoch, kStepsDone, "",
     nullptr, kWrongEpoch},
    {kStepsDone, kEpochEnd, "otherwise", Always, kFinished, "Finish",
     FinishBySteps},

    {kValidated, kRunStart, "always", Always, kValidated, "", nullptr,
     kStarted},
    {kValidated, kEpochStart, "always", Always, kValidated, "", nullptr,
     kEpochOpen},
    {kValidated, kStepStart, "max_steps reached", StepsUsedUp, kValidated, "",
     nullptr, kNoMoreSteps},
    {kValidated, kStepStart, "wrong step", NotNextStep, kValidated, "", nullptr,
     kWrongStep},
    {kValidated, kStepStart, "tokens or seconds went back", CountersWentBack,
     kValidated, "", nullptr, kWentBack},
    {kValidated, kStepStart, "not final, max_transition_step reached",
     StepLimitReached, kTraining, kPhaseEffects, StartPhaseByStep},
    {kValidated, kStepStart, "not final, max_transition_tokens reached",
     TokenLimitReached, kTraining, kPhaseEffects, StartPhaseByTokens},
    {kValidated, kStepStart, "not final, max_transition_time reached",
     TimeLimitReached, kTraining, kPhaseEffects, StartPhaseByTime},
    {kValidated, kStepStart, "otherwise", Always, kTraining, "", StartStep},
    {kValidated, kStepEnd, "max_steps reached before", StepsUsedUp, kValidated,
     "", nullptr, kNoMoreSteps},
    {kValidated, kStepEnd, "wrong step", NotNextStep, kValidated, "", nullptr,
     kWrongStep},
    {kValidated, kStepEnd, "no StepStart, and a limit needs it",
     StepStartLeftOut, kValidated, "", nullptr, kNoStepStart},
    {kValidated, kStepEnd, "max_steps reached", LastStep, kStepsDone,
     "EndEpoch", CountLastStep},
    {kValidated, kStepEnd, "otherwise", Always, kTraining, "", CountStep},
    {kValidated, kValidationEnd, "always", Always, kValidated, "", nullptr,
     "no step has been taken since the last validation"},
    {kValidated, kEpochEnd, "wrong epoch", NotThisEpoch, kValidated, "",
     nullptr, kWrongEpoch},
    {kValidated, kEpochEnd, "max_steps reached", StepsUsedUp, kFinished,
     "Finish", FinishBySteps},
    {kValidated, kEpochEnd, "max_epochs reached", LastEpoch, kFinished,
     "Finish", FinishByEpochs},
    {kValidated, kEpochEnd, "otherwise", Always, kIdle, "", Nothing},

    {kFinished, kRunStart, "always", Always, kFinished, "", nullptr, kOver},
    {kFinished, kEpochStart, "always", Always, kFinished, "", nullptr, kOver},
    {kFinished, kStepStart, "always", Always, kFinished, "", nullptr, kOver},
    {kFinished, kStepEnd, "always", Always, kFinished, "", nullptr, kOver},
    {kFinished, kValidationEnd, "always", Always, kFinished, "", nullptr,
     kOver},
    {kFinished, kEpochEnd, "always", Always, kFinished, "", nullptr, kOver},
};

absl::Status Impossible(const Row& row, const Input& in) {
  std::string text =
      absl::StrCat("scheduler: ", in.event.ToString(), " cannot happen now (",
                   Name(row.stage), "): ", row.why);
  if (row.why == kWrongEpoch) {
    absl::StrAppend(
        &text, ": epoch ",
        row.stage == kIdle ? in.state.next_epoch : in.state.epoch());
  } else if (row.why == kWrongStep) {
    absl::StrAppend(&text, ": step ", in.state.next_step);
  } else if (row.why == kWentBack) {
    absl::StrAppend(&text, ": ", in.state.tokens, " tokens, ",
                    FormatMetric(in.state.seconds), " seconds");
  } else if (row.why == kOver) {
    absl::StrAppend(&text, " (", in.state.finish_text, ")");
  } else if (row.why == kMissingMetric) {
    const auto& metrics = in.event.metrics;
    const std::string& name = metrics.count(in.config.best.monitor) == 0
                                  ? in.config.best.monitor
                                  : in.config.early_stopping->monitor;
    return absl::InvalidArgumentError(absl::StrCat(text, ": '", name, "'"));
  }
  return absl::FailedPreconditionError(text);
}

}  // namespace

absl::StatusOr<Transition> Advance(const SchedulerConfig& config,
                                   const SchedulerState& state,
                                   const SchedulerEvent& event) {
  if (state.phase < 0 ||
      state.phase >= static_cast<int>(config.phases.size()) ||
      config.max_depth >= static_cast<int>(config.phases.size())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "scheduler: phase ", state.phase, " and max_depth ", config.max_depth,
        " do not fit a schedule of ", config.phases.size(), " phases"));
  }
  const Input in{config, state, event};
  for (const Row& row : kRows) {
    if (row.stage != state.stage || row.event != event.kind) continue;
    if (!row.condition(in)) continue;
    if (row.apply == nullptr) return Impossible(row, in);
    Transition out;
    out.state = state;
    out.state.stage = row.next;
    row.apply(in, &out);
    return out;
  }
  return absl::InternalError(absl::StrCat("scheduler: no row for ",
                                          event.ToString(), " in stage ",
                                          Name(state.stage)));
}

std::vector<SchedulerTableRow> SchedulerTable() {
  std::vector<SchedulerTableRow> rows;
  for (const Row& row : kRows) {
    const bool possible = row.apply != nullptr;
    rows.push_back({row.stage, row.event, row.when, possible,
                    possible ? Name(row.next) : row.why, row.effects});
  }
  return rows;
}

std::string PrintSchedulerTable() {
  std::string out = absl::StrFormat("%-10s  %-13s  %-44s  %-10s  %s\n", "stage",
                                    "event", "when", "next", "effects");
  for (const SchedulerTableRow& row : SchedulerTable()) {
    std::string line =
        row.possible
            ? absl::StrFormat("%-10s  %-13s  %-44s  %-10s  %s", Name(row.stage),
                              Name(row.event), row.when, row.next, row.effects)
            : absl::StrFormat("%-10s  %-13s  %-44s  cannot happen: %s",
                              Name(row.stage), Name(row.event), row.when,
                              row.next);
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(&out, line, "\n");
  }
  return out;
}

}  // namespace fts
