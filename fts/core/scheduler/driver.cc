// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/scheduler/driver.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"

namespace fts {

const SchedulerEffect* Outcome::Find(EffectKind kind) const {
  for (const SchedulerEffect& effect : effects) {
    if (effect.kind == kind) return &effect;
  }
  return nullptr;
}

std::vector<std::string> Outcome::notes() const {
  std::vector<std::string> out;
  for (const SchedulerEffect& effect : effects) {
    if (effect.kind == EffectKind::kNote) out.push_back(effect.text);
  }
  return out;
}

absl::StatusOr<Outcome> SchedulerDriver::RunStart() {
  return Handle(SchedulerEvent::RunStart());
}

absl::StatusOr<Outcome> SchedulerDriver::EpochStart(int64_t epoch) {
  return Handle(SchedulerEvent::EpochStart(epoch));
}

absl::StatusOr<Outcome> SchedulerDriver::StepStart(int64_t step, int64_t tokens,
                                                   double seconds) {
  return Handle(SchedulerEvent::StepStart(step, tokens, seconds));
}

absl::StatusOr<Outcome> SchedulerDriver::StepEnd(int64_t step) {
  return Handle(SchedulerEvent::StepEnd(step));
}

absl::StatusOr<Outcome> SchedulerDriver::ValidationEnd(int64_t epoch) {
  std::map<std::string, double> metrics;
  if (epoch >= 0 && broken_.ok()) {
    FTS_ASSIGN_OR_RETURN(metrics[config_.best.monitor],
                         ports_.metrics->Value(config_.best.monitor));
    if (config_.early_stopping &&
        metrics.count(config_.early_stopping->monitor) == 0) {
      FTS_ASSIGN_OR_RETURN(
          metrics[config_.early_stopping->monitor],
          ports_.metrics->Value(config_.early_stopping->monitor));
    }
  }
  return Handle(SchedulerEvent::ValidationEnd(epoch, std::move(metrics)));
}

absl::StatusOr<Outcome> SchedulerDriver::EpochEnd(int64_t epoch) {
  return Handle(SchedulerEvent::EpochEnd(epoch));
}

absl::StatusOr<Outcome> SchedulerDriver::Handle(const SchedulerEvent& event) {
  if (!broken_.ok()) return broken_;
  FTS_ASSIGN_OR_RETURN(Transition next, Advance(config_, state_, event));
  for (const SchedulerEffect& effect : next.effects) {
    const absl::Status status = Apply(effect);
    if (status.ok()) continue;
    broken_ = absl::Status(
        status.code(), absl::StrCat(effect.ToString(), " at ", event.ToString(),
                                    " failed: ", status.message()));
    return broken_;
  }
  state_ = std::move(next.state);
  return Outcome{std::move(next.effects)};
}

absl::Status SchedulerDriver::Apply(const SchedulerEffect& effect) {
  switch (effect.kind) {
    case EffectKind::kRestoreBest:
      return ports_.snapshot->RestoreBest(*effect.best);
    case EffectKind::kSaveBest:
      return ports_.snapshot->SaveBest(*effect.best);
    case EffectKind::kFreeze:
      return ports_.parameters->Freeze(effect.phase);
    case EffectKind::kReplaceOptimizer:
      return ports_.optimizer->ReplaceOptimizer(effect.phase);
    case EffectKind::kThaw:
      return ports_.parameters->Thaw(effect.phase);
    case EffectKind::kAddGroup:
      return ports_.optimizer->AddGroup(effect.phase, effect.lr);
    case EffectKind::kReplaceLrScheduler:
      return ports_.optimizer->ReplaceLrScheduler(effect.phase);
    case EffectKind::kPhase:
    case EffectKind::kEndEpoch:
    case EffectKind::kNote:
    case EffectKind::kFinish:
      break;  // for the caller
  }
  return absl::OkStatus();
}

absl::Status SchedulerDriver::Resume(SchedulerState state) {
  if (state_.stage != Stage::kNew) {
    return absl::FailedPreconditionError(
        "scheduler: a saved state can only be taken before the run starts");
  }
  if (state.phase > config_.max_depth) {
    return absl::InvalidArgumentError(absl::StrCat(
        "scheduler: the saved state is in phase ", state.phase,
        ", but the last phase to run is ", config_.max_depth,
        "; give the schedule and max_depth that the state was saved with"));
  }
  state_ = std::move(state);
  return absl::OkStatus();
}

}  // namespace fts
