// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/scheduler/scheduler.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fts/core/scheduler/finish_text.h"

namespace fts {
namespace {

struct Input {
  const SchedulerConfig& config;
  const SchedulerState& state;
  const SchedulerEvent& event;
};

// ---- Conditions -----------------------------------------------------------

bool Always(const Input&) { return true; }
bool IsFinal(const Input& in) { return in.state.phase >= in.config.max_depth; }
bool IsBaseline(const Input& in) {
  return in.event.epoch == -1 && in.state.next_epoch == 0;
}
bool NotNextEpoch(const Input& in) {
  return in.event.epoch != in.state.next_epoch;
}
bool NotThisEpoch(const Input& in) {
  return in.event.epoch != in.state.epoch();
}
bool NotNextStep(const Input& in) {
  return in.event.step != in.state.next_step;
}
bool LastStep(const Input& in) {
  return in.config.max_steps && in.event.step + 1 >= *in.config.max_steps;
}
bool StepsUsedUp(const Input& in) {
  return in.config.max_steps && in.state.next_step >= *in.config.max_steps;
}
bool LastEpoch(const Input& in) {
  return in.config.max_epochs && in.event.epoch + 1 >= *in.config.max_epochs;
}
bool PhaseComplete(const Input& in) {
  return !IsFinal(in) && !in.state.phase_complete.empty();
}
bool EpochLimitReached(const Input& in) {
  const int64_t limit = in.config.phases[in.state.phase].max_transition_epoch;
  return !IsFinal(in) && limit >= 0 && in.event.epoch >= limit;
}

bool MetricMissing(const Input& in) {
  const auto missing = [&](const std::string& name) {
    return in.event.metrics.count(name) == 0;
  };
  return missing(in.config.best.monitor) ||
         (in.config.early_stopping &&
          missing(in.config.early_stopping->monitor));
}

// The metric early stopping watches. Precondition: !MetricMissing(in).
double Watched(const Input& in) {
  return in.event.metrics.at(in.config.early_stopping->monitor);
}
bool EpochsOnly(const Input& in) { return !in.config.early_stopping; }
bool NotFinite(const Input& in) { return !std::isfinite(Watched(in)); }
bool ReachedTarget(const Input& in) {
  const EarlyStoppingRule& rule = *in.config.early_stopping;
  return rule.stopping_threshold &&
         Better(rule.mode, Watched(in), *rule.stopping_threshold);
}
bool Diverged(const Input& in) {
  const EarlyStoppingRule& rule = *in.config.early_stopping;
  return rule.divergence_threshold &&
         Better(rule.mode, *rule.divergence_threshold, Watched(in));
}
bool Improved(const Input& in) {
  const EarlyStoppingRule& rule = *in.config.early_stopping;
  if (!std::isfinite(Watched(in))) return false;
  if (!in.state.es_best) return true;
  const double margin =
      rule.mode == MetricMode::kMin ? rule.min_delta : -rule.min_delta;
  return Better(rule.mode, Watched(in) + margin, *in.state.es_best);
}
bool PatienceExhausted(const Input& in) {
  return in.state.es_wait + 1 >= in.config.early_stopping->patience;
}
bool ExhaustedAtTheEnd(const Input& in) {
  return IsFinal(in) && PatienceExhausted(in);
}
bool ExhaustedBeforeTheEnd(const Input& in) {
  return !IsFinal(in) && PatienceExhausted(in);
}

// ---- Actions: change `out->state` (a copy of the old one), append effects --

void Begin(int phase, const Input& in, const std::string& why,
           Transition* out) {
  out->state.phase = phase;
  SchedulerEffect effect;
  effect.phase = phase;
  if (in.config.phases[phase].has_params) {
    effect.kind = EffectKind::kThaw;
    out->effects.push_back(effect);
    effect.kind = EffectKind::kAddGroup;
    effect.lr = in.config.phases[phase].lr;
    out->effects.push_back(effect);
    effect.lr.reset();
  }
  effect.kind = EffectKind::kPhase;
  effect.text = why;
  out->effects.push_back(effect);
}

void Finish(FinishCause cause, const Input& in, const std::string& what,
            Transition* out) {
  SchedulerEffect effect;
  effect.kind = EffectKind::kFinish;
  effect.cause = cause;
  effect.text = FinishText(in.config, in.state.phase, what);
  out->state.cause = cause;
  out->state.finish_text = effect.text;
  out->effects.push_back(std::move(effect));
}

void Nothing(const Input&, Transition*) {}

void StartRun(const Input& in, Transition* out) {
  Begin(0, in, "the run starts", out);
}

void StartEpoch(const Input& in, Transition* out) {
  out->state.next_epoch = in.event.epoch + 1;
}

void StartPhase(const Input& in, const std::string& why, Transition* out) {
  StartEpoch(in, out);
  out->state.phase_complete.clear();
  out->state.es_wait = 0;
  const int phase = in.state.phase + 1;
  if (in.config.restore_best) {
    SchedulerEffect effect;
    if (in.state.best) {
      effect.kind = EffectKind::kRestoreBest;
      effect.best = in.state.best;
    } else {
      effect.kind = EffectKind::kNote;
      effect.text = absl::StrCat(
          "restore_best is skipped: no best has been seen yet; "
          "phase ",
          phase, " goes on from the current weights");
    }
    out->effects.push_back(std::move(effect));
  }
  Begin(phase, in, why, out);
}

void StartPhaseByEarlyStopping(const Input& in, Transition* out) {
  StartPhase(in, absl::StrCat("early stopping: ", in.state.phase_complete),
             out);
}

void StartPhaseByEpoch(const Input& in, Transition* out) {
  StartPhase(in,
             absl::StrCat("max_transition_epoch ",
                          in.config.phases[in.state.phase].max_transition_epoch,
                          " of phase ", in.state.phase, " reached"),
             out);
}

void CountStep(const Input& in, Transition* out) {
  out->state.next_step = in.event.step + 1;
}

void CountLastStep(const Input& in, Transition* out) {
  CountStep(in, out);
  SchedulerEffect effect;
  effect.kind = EffectKind::kEndEpoch;
  effect.text = absl::StrCat("max_steps ", *in.config.max_steps, " reached");
  out->effects.push_back(std::move(effect));
}

// Best tracking; part of every validation that counts.
void TrackBest(const Input& in, Transition* out) {
  const double metric = in.event.metrics.at(in.config.best.monitor);
  if (!std::isfinite(metric)) return;
  if (in.state.best &&
      !Better(in.config.best.mode, metric, in.state.best->metric)) {
    return;
  }
  out->state.best = BestRecord{metric, in.event.epoch, in.state.phase};
  SchedulerEffect effect;
  effect.kind = EffectKind::kSaveBest;
  effect.best = out->state.best;
  out->effects.push_back(std::move(effect));
}

void TakeImprovement(const Input& in, Transition* out) {
  out->state.es_best = Watched(in);
  out->state.es_wait = 0;
  TrackBest(in, out);
}

void Wait(const Input& in, Transition* out) {
  ++out->state.es_wait;
  TrackBest(in, out);
}

void CompletePhase(const Input& in, Transition* out) {
  // Without a best there was no finite value at all (steps done only).
  out->state.phase_complete =
      in.state.es_best ? NoImprovementText(in.config, *in.state.es_best)
                       : absl::StrCat(in.config.early_stopping->monitor,
                                      " was never finite");
  out->state.es_wait = 0;
  TrackBest(in, out);
}

void FinishNotFinite(const Input& in, Transition* out) {
  TrackBest(in, out);
  Finish(FinishCause::kNotFinite, in,
         absl::StrCat(in.config.early_stopping->monitor, " is ",
                      FormatMetric(Watched(in)),
                      ", not a finite number, after "
                      "epoch ",
                      in.event.epoch),
         out);
}

void FinishAtTarget(const Input& in, Transition* out) {
  TrackBest(in, out);
  const EarlyStoppingRule& rule = *in.config.early_stopping;
  Finish(FinishCause::kStoppingThreshold, in,
         absl::StrCat(rule.monitor, " ", FormatMetric(Watched(in)),
                      " passed stopping_threshold ",
                      FormatMetric(*rule.stopping_threshold)),
         out);
}

void FinishDiverged(const Input& in, Transition* out) {
  TrackBest(in, out);
  const EarlyStoppingRule& rule = *in.config.early_stopping;
  Finish(FinishCause::kDivergenceThreshold, in,
         absl::StrCat(rule.monitor, " ", FormatMetric(Watched(in)),
                      " is worse than divergence_threshold ",
                      FormatMetric(*rule.divergence_threshold)),
         out);
}

void FinishByEarlyStopping(const Input& in, Transition* out) {
  ++out->state.es_wait;
  TrackBest(in, out);
  Finish(FinishCause::kEarlyStopping, in,
         absl::StrCat("early stopping: ",
                      NoImprovementText(in.config, *in.state.es_best)),
         out);
}

void FinishBySteps(const Input& in, Transition* out) {
  Finish(FinishCause::kMaxSteps, in,
         absl::StrCat("max_steps ", *in.config.max_steps, " reached"), out);
}

void FinishByEpochs(const Input& in, Transition* out) {
  Finish(FinishCause::kMaxEpochs, in,
         absl::StrCat("max_epochs ", *in.config.max_epochs, " reached"), out);
}

// ---- The table ------------------------------------------------------------

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
constexpr char kMissingMetric[] = "a monitored metric is missing";
constexpr char kPhaseEffects[] =
    "[RestoreBest or Note] [Thaw] [AddGroup] Phase";

const Row kRows[] = {
    {kNew, kRunStart, "always", Always, kIdle, "[Thaw] [AddGroup] Phase",
     StartRun},
    {kNew, kEpochStart, "always", Always, kNew, "", nullptr, kNotStarted},
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
    {kIdle, kStepEnd, "always", Always, kIdle, "", nullptr, kNoEpoch},
    {kIdle, kValidationEnd, "baseline", IsBaseline, kIdle, "", Nothing},
    {kIdle, kValidationEnd, "otherwise", Always, kIdle, "", nullptr, kNoEpoch},
    {kIdle, kEpochEnd, "always", Always, kIdle, "", nullptr, kNoEpoch},

    {kTraining, kRunStart, "always", Always, kTraining, "", nullptr, kStarted},
    {kTraining, kEpochStart, "always", Always, kTraining, "", nullptr,
     kEpochOpen},
    {kTraining, kStepEnd, "wrong step", NotNextStep, kTraining, "", nullptr,
     kWrongStep},
    {kTraining, kStepEnd, "max_steps reached", LastStep, kStepsDone, "EndEpoch",
     CountLastStep},
    {kTraining, kStepEnd, "otherwise", Always, kTraining, "", CountStep},
    {kTraining, kValidationEnd, "wrong epoch", NotThisEpoch, kTraining, "",
     nullptr, kWrongEpoch},
    {kTraining, kValidationEnd, "metric missing", MetricMissing, kTraining, "",
     nullptr, kMissingMetric},
    {kTraining, kValidationEnd, "epoch transitions only", EpochsOnly,
     kValidated, "[SaveBest]", TrackBest},
    {kTraining, kValidationEnd, "not finite", NotFinite, kFinished,
     "[SaveBest] Finish", FinishNotFinite},
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
    {kStepsDone, kStepEnd, "always", Always, kStepsDone, "", nullptr,
     "max_steps is reached"},
    {kStepsDone, kValidationEnd, "wrong epoch", NotThisEpoch, kStepsDone, "",
     nullptr, kWrongEpoch},
    {kStepsDone, kValidationEnd, "metric missing", MetricMissing, kStepsDone,
     "", nullptr, kMissingMetric},
    {kStepsDone, kValidationEnd, "epoch transitions only", EpochsOnly,
     kValidated, "[SaveBest]", TrackBest},
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
    {kValidated, kStepEnd, "always", Always, kValidated, "", nullptr,
     "the epoch has been validated; only its end may come"},
    {kValidated, kValidationEnd, "always", Always, kValidated, "", nullptr,
     "the epoch has been validated already"},
    {kValidated, kEpochEnd, "wrong epoch", NotThisEpoch, kValidated, "",
     nullptr, kWrongEpoch},
    {kValidated, kEpochEnd, "max_steps reached", StepsUsedUp, kFinished,
     "Finish", FinishBySteps},
    {kValidated, kEpochEnd, "max_epochs reached", LastEpoch, kFinished,
     "Finish", FinishByEpochs},
    {kValidated, kEpochEnd, "otherwise", Always, kIdle, "", Nothing},

    {kFinished, kRunStart, "always", Always, kFinished, "", nullptr, kOver},
    {kFinished, kEpochStart, "always", Always, kFinished, "", nullptr, kOver},
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
  std::string out = absl::StrFormat("%-10s  %-13s  %-41s  %-10s  %s\n", "stage",
                                    "event", "when", "next", "effects");
  for (const SchedulerTableRow& row : SchedulerTable()) {
    std::string line =
        row.possible
            ? absl::StrFormat("%-10s  %-13s  %-41s  %-10s  %s", Name(row.stage),
                              Name(row.event), row.when, row.next, row.effects)
            : absl::StrFormat("%-10s  %-13s  %-41s  cannot happen: %s",
                              Name(row.stage), Name(row.event), row.when,
                              row.next);
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(&out, line, "\n");
  }
  return out;
}

}  // namespace fts
