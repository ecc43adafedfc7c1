// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/scheduler/actions.h"

#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/scheduler/conditions.h"
#include "fts/core/scheduler/finish_text.h"

namespace fts::scheduler_internal {
namespace {

void Emit(EffectKind kind, int phase, Transition* out) {
  SchedulerEffect effect;
  effect.kind = kind;
  effect.phase = phase;
  out->effects.push_back(std::move(effect));
}

// Everything but the restore. The new optimizer comes before the phase's own
// group and the new LR scheduler after it, as in FTS: the group's rate is the
// phase's, and the scheduler starts from the rates of all groups.
void Begin(int phase, const Input& in, const std::string& why,
           Transition* out) {
  const PhaseRule& rule = in.config.phases[phase];
  out->state.phase = phase;
  out->state.phase_first_step = in.state.next_step;
  if (rule.has_freeze) Emit(EffectKind::kFreeze, phase, out);
  if (rule.new_optimizer) Emit(EffectKind::kReplaceOptimizer, phase, out);
  if (rule.has_params) {
    Emit(EffectKind::kThaw, phase, out);
    Emit(EffectKind::kAddGroup, phase, out);
    out->effects.back().lr = rule.lr;
  }
  if (rule.new_lr_scheduler) Emit(EffectKind::kReplaceLrScheduler, phase, out);
  Emit(EffectKind::kPhase, phase, out);
  out->effects.back().text = why;
}

void StartPhase(const Input& in, const std::string& why, Transition* out) {
  out->state.phase_complete.clear();
  out->state.es_wait = 0;
  out->state.es_phase_best.reset();
  const int phase = in.state.phase + 1;
  if (in.config.restore_best) {
    SchedulerEffect effect;
    if (in.state.best) {
      effect.kind = EffectKind::kRestoreBest;
      effect.best = in.state.best;
    } else {
      effect.kind = EffectKind::kNote;
      effect.text = absl::StrCat(
          "restore_best is skipped: no best has been seen yet; phase ", phase,
          " goes on from the current weights");
    }
    out->effects.push_back(std::move(effect));
  }
  Begin(phase, in, why, out);
}

// "max_transition_step 10 of phase 0 reached".
std::string LimitReached(const char* key, const std::string& limit,
                         const Input& in) {
  return absl::StrCat(key, " ", limit, " of phase ", in.state.phase,
                      " reached");
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

// The best values of early stopping, which a phase may compare with either of.
void TrackEarlyStopping(const Input& in, Transition* out) {
  if (ImprovesOn(in, in.state.es_best)) out->state.es_best = Watched(in);
  if (ImprovesOn(in, in.state.es_phase_best)) {
    out->state.es_phase_best = Watched(in);
  }
}

}  // namespace

void Nothing(const Input&, Transition*) {}

void StartRun(const Input& in, Transition* out) {
  Begin(0, in, "the run starts", out);
}

void StartEpoch(const Input& in, Transition* out) {
  out->state.next_epoch = in.event.epoch + 1;
}

void StartStep(const Input& in, Transition* out) {
  out->state.started_step = in.event.step;
  out->state.tokens = in.event.tokens;
  out->state.seconds = in.event.seconds;
}

void StartPhaseByEarlyStopping(const Input& in, Transition* out) {
  StartEpoch(in, out);
  StartPhase(in, absl::StrCat("early stopping: ", in.state.phase_complete),
             out);
}

void StartPhaseByEpoch(const Input& in, Transition* out) {
  StartEpoch(in, out);
  StartPhase(in,
             LimitReached("max_transition_epoch",
                          absl::StrCat(in.phase().max_transition_epoch), in),
             out);
}

void StartPhaseByStep(const Input& in, Transition* out) {
  StartStep(in, out);
  StartPhase(in,
             LimitReached("max_transition_step",
                          absl::StrCat(*in.phase().max_transition_step), in),
             out);
}

void StartPhaseByTokens(const Input& in, Transition* out) {
  StartStep(in, out);
  StartPhase(in,
             LimitReached("max_transition_tokens",
                          absl::StrCat(*in.phase().max_transition_tokens), in),
             out);
}

void StartPhaseByTime(const Input& in, Transition* out) {
  StartStep(in, out);
  StartPhase(in,
             LimitReached("max_transition_time",
                          FormatMetric(*in.phase().max_transition_time), in),
             out);
}

void CountStep(const Input& in, Transition* out) {
  out->state.next_step = in.event.step + 1;
}

void CountLastStep(const Input& in, Transition* out) {
  CountStep(in, out);
  Emit(EffectKind::kEndEpoch, -1, out);
  out->effects.back().text =
      absl::StrCat("max_steps ", *in.config.max_steps, " reached");
}

void TrackBest(const Input& in, Transition* out) {
  const double metric = in.event.metrics.at(in.config.best.monitor);
  if (!std::isfinite(metric)) return;
  if (in.state.best &&
      !Better(in.config.best.mode, metric, in.state.best->metric)) {
    return;
  }
  out->state.best = BestRecord{metric, in.event.epoch, in.state.phase};
  Emit(EffectKind::kSaveBest, -1, out);
  out->effects.back().best = out->state.best;
}

void TakeImprovement(const Input& in, Transition* out) {
  TrackEarlyStopping(in, out);
  out->state.es_wait = 0;
  TrackBest(in, out);
}

void Wait(const Input& in, Transition* out) {
  TrackEarlyStopping(in, out);
  ++out->state.es_wait;
  TrackBest(in, out);
}

void CompletePhase(const Input& in, Transition* out) {
  TrackEarlyStopping(in, out);
  out->state.phase_complete =
      NoImprovementText(in.config, in.state.phase, BestSoFar(in));
  out->state.es_wait = 0;
  TrackBest(in, out);
}

void FinishNotFinite(const Input& in, Transition* out) {
  TrackBest(in, out);
  Finish(FinishCause::kNotFinite, in,
         absl::StrCat(in.config.early_stopping->monitor, " is ",
                      FormatMetric(Watched(in)),
                      ", not a finite number, after epoch ", in.event.epoch),
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
  TrackEarlyStopping(in, out);
  ++out->state.es_wait;
  TrackBest(in, out);
  Finish(
      FinishCause::kEarlyStopping, in,
      absl::StrCat("early stopping: ",
                   NoImprovementText(in.config, in.state.phase, BestSoFar(in))),
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

}  // namespace fts::scheduler_internal
