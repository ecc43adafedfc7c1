// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/scheduler/conditions.h"

#include <cmath>
#include <limits>
#include <string>

namespace fts::scheduler_internal {

bool Always(const Input&) { return true; }

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

bool CountersWentBack(const Input& in) {
  return in.event.tokens < in.state.tokens ||
         !(in.event.seconds >= in.state.seconds);
}

bool StepStartLeftOut(const Input& in) {
  return !IsFinal(in) && in.phase().has_step_limit() &&
         in.state.started_step != in.event.step;
}

bool MetricMissing(const Input& in) {
  const auto missing = [&](const std::string& name) {
    return in.event.metrics.count(name) == 0;
  };
  return missing(in.config.best.monitor) ||
         (in.config.early_stopping &&
          missing(in.config.early_stopping->monitor));
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

bool IsFinal(const Input& in) { return in.state.phase >= in.config.max_depth; }

bool PhaseComplete(const Input& in) {
  return !IsFinal(in) && !in.state.phase_complete.empty();
}

bool EpochLimitReached(const Input& in) {
  const int64_t limit = in.phase().max_transition_epoch;
  return !IsFinal(in) && limit >= 0 && in.event.epoch >= limit;
}

namespace {

// A limit before a step may act now.
bool MayEndMidEpoch(const Input& in) {
  return !IsFinal(in) && in.event.step > in.state.phase_first_step;
}

}  // namespace

bool StepLimitReached(const Input& in) {
  const auto& limit = in.phase().max_transition_step;
  return MayEndMidEpoch(in) && limit && in.event.step >= *limit;
}

bool TokenLimitReached(const Input& in) {
  const auto& limit = in.phase().max_transition_tokens;
  return MayEndMidEpoch(in) && limit && in.event.tokens >= *limit;
}

bool TimeLimitReached(const Input& in) {
  const auto& limit = in.phase().max_transition_time;
  return MayEndMidEpoch(in) && limit && in.event.seconds >= *limit;
}

bool EpochsOnly(const Input& in) { return !in.config.early_stopping; }

double Watched(const Input& in) {
  return in.event.metrics.at(in.config.early_stopping->monitor);
}

bool NotFinite(const Input& in) {
  return in.config.early_stopping->check_finite && !std::isfinite(Watched(in));
}

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

bool ImprovesOn(const Input& in, const std::optional<double>& best) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  const EarlyStoppingRule rule = PhaseEarlyStopping(in.config, in.state.phase);
  const bool min = rule.mode == MetricMode::kMin;
  return Better(rule.mode,
                Watched(in) + (min ? rule.min_delta : -rule.min_delta),
                best.value_or(min ? kInf : -kInf));
}

const std::optional<double>& BestSoFar(const Input& in) {
  return in.phase().best_score_per_phase ? in.state.es_phase_best
                                         : in.state.es_best;
}

bool Improved(const Input& in) { return ImprovesOn(in, BestSoFar(in)); }

namespace {

bool PatienceExhausted(const Input& in) {
  return in.state.es_wait + 1 >=
         PhaseEarlyStopping(in.config, in.state.phase).patience;
}

}  // namespace

bool ExhaustedAtTheEnd(const Input& in) {
  return IsFinal(in) && PatienceExhausted(in);
}

bool ExhaustedBeforeTheEnd(const Input& in) {
  return !IsFinal(in) && PatienceExhausted(in);
}

}  // namespace fts::scheduler_internal
