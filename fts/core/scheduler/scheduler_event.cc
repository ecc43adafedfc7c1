// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/scheduler/scheduler_event.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace fts {
namespace {

std::string ToText(const std::optional<BestRecord>& best) {
  if (!best.has_value()) return "none";
  return absl::StrCat("metric ", FormatMetric(best->metric), ", epoch ",
                      best->epoch, ", phase ", best->phase);
}

}  // namespace

const char* Name(EventKind kind) {
  switch (kind) {
    case EventKind::kRunStart:
      return "RunStart";
    case EventKind::kEpochStart:
      return "EpochStart";
    case EventKind::kStepStart:
      return "StepStart";
    case EventKind::kStepEnd:
      return "StepEnd";
    case EventKind::kValidationEnd:
      return "ValidationEnd";
    case EventKind::kEpochEnd:
      return "EpochEnd";
  }
  return "?";
}

const char* Name(EffectKind kind) {
  switch (kind) {
    case EffectKind::kRestoreBest:
      return "RestoreBest";
    case EffectKind::kFreeze:
      return "Freeze";
    case EffectKind::kReplaceOptimizer:
      return "ReplaceOptimizer";
    case EffectKind::kThaw:
      return "Thaw";
    case EffectKind::kAddGroup:
      return "AddGroup";
    case EffectKind::kReplaceLrScheduler:
      return "ReplaceLrScheduler";
    case EffectKind::kPhase:
      return "Phase";
    case EffectKind::kSaveBest:
      return "SaveBest";
    case EffectKind::kEndEpoch:
      return "EndEpoch";
    case EffectKind::kNote:
      return "Note";
    case EffectKind::kFinish:
      return "Finish";
  }
  return "?";
}

const char* Name(FinishCause cause) {
  switch (cause) {
    case FinishCause::kNone:
      return "";
    case FinishCause::kMaxEpochs:
      return "max_epochs";
    case FinishCause::kMaxSteps:
      return "max_steps";
    case FinishCause::kEarlyStopping:
      return "early_stopping";
    case FinishCause::kStoppingThreshold:
      return "stopping_threshold";
    case FinishCause::kDivergenceThreshold:
      return "divergence_threshold";
    case FinishCause::kNotFinite:
      return "not_finite";
  }
  return "?";
}

SchedulerEvent SchedulerEvent::RunStart() { return {}; }

SchedulerEvent SchedulerEvent::EpochStart(int64_t epoch) {
  SchedulerEvent event;
  event.kind = EventKind::kEpochStart;
  event.epoch = epoch;
  return event;
}

SchedulerEvent SchedulerEvent::StepStart(int64_t step, int64_t tokens,
                                         double seconds) {
  SchedulerEvent event;
  event.kind = EventKind::kStepStart;
  event.step = step;
  event.tokens = tokens;
  event.seconds = seconds;
  return event;
}

SchedulerEvent SchedulerEvent::StepEnd(int64_t step) {
  SchedulerEvent event;
  event.kind = EventKind::kStepEnd;
  event.step = step;
  return event;
}

SchedulerEvent SchedulerEvent::ValidationEnd(
    int64_t epoch, std::map<std::string, double> metrics) {
  SchedulerEvent event;
  event.kind = EventKind::kValidationEnd;
  event.epoch = epoch;
  event.metrics = std::move(metrics);
  return event;
}

SchedulerEvent SchedulerEvent::EpochEnd(int64_t epoch) {
  SchedulerEvent event;
  event.kind = EventKind::kEpochEnd;
  event.epoch = epoch;
  return event;
}

std::string SchedulerEvent::ToString() const {
  std::string out = Name(kind);
  switch (kind) {
    case EventKind::kRunStart:
      return out;
    case EventKind::kStepStart:
      return absl::StrCat(out, "{step ", step, ", tokens ", tokens,
                          ", seconds ", FormatMetric(seconds), "}");
    case EventKind::kStepEnd:
      return absl::StrCat(out, "{step ", step, "}");
    default:
      absl::StrAppend(&out, "{epoch ", epoch);
      for (const auto& [name, value] : metrics) {
        absl::StrAppend(&out, ", ", name, " ", FormatMetric(value));
      }
      return absl::StrCat(out, "}");
  }
}

std::string SchedulerEffect::ToString() const {
  const std::string name = Name(kind);
  switch (kind) {
    case EffectKind::kRestoreBest:
    case EffectKind::kSaveBest:
      return absl::StrCat(name, "{", ToText(best), "}");
    case EffectKind::kFreeze:
    case EffectKind::kReplaceOptimizer:
    case EffectKind::kThaw:
    case EffectKind::kReplaceLrScheduler:
      return absl::StrCat(name, "{phase ", phase, "}");
    case EffectKind::kAddGroup:
      return absl::StrCat(name, "{phase ", phase, ", lr ",
                          lr ? FormatMetric(*lr) : "of the optimizer", "}");
    case EffectKind::kPhase:
      return absl::StrCat(name, "{phase ", phase, ": ", text, "}");
    case EffectKind::kEndEpoch:
    case EffectKind::kNote:
      return absl::StrCat(name, "{", text, "}");
    case EffectKind::kFinish:
      return absl::StrCat(name, "{", Name(cause), ": ", text, "}");
  }
  return name;
}

std::string FormatMetric(double value) {
  return absl::StrFormat("%.6g", value);
}

}  // namespace fts
