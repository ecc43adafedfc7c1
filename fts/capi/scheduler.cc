// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/scheduler.h"

#include <atomic>
#include <optional>

#include "fts/capi/internal/callback.h"
#include "fts/capi/internal/callback_ports.h"
#include "fts/capi/internal/codes.h"
#include "fts/capi/internal/confined.h"
#include "fts/capi/internal/guard.h"
#include "fts/capi/internal/handles.h"
#include "fts/capi/internal/options.h"
#include "fts/capi/internal/text.h"
#include "fts/core/base/status.h"
#include "fts/core/scheduler/driver.h"
#include "fts/core/scheduler/scheduler_config.h"
#include "fts/core/scheduler/scheduler_state.h"

using fts::capi::Guard;
using fts::capi::NotNull;
using fts::capi::ToString;
using fts::capi::View;

struct fts_scheduler : fts::capi::Counted {
  fts_scheduler(fts::SchedulerConfig config,
                const fts_scheduler_callbacks& callbacks,
                fts::capi::UserData data)
      : user_data(std::move(data)),
        ports(callbacks),
        driver(std::move(config), {&ports, &ports, &ports, &ports}) {}

  const fts::capi::UserData user_data;
  fts::capi::CallbackPorts ports;
  fts::SchedulerDriver driver;
  mutable std::atomic<bool> busy{false};  // a call is under way
};

struct fts_outcome : fts::capi::Counted {
  explicit fts_outcome(fts::Outcome outcome) : value(std::move(outcome)) {}
  const fts::Outcome value;
};

namespace {

constexpr size_t kOptionsV1Size = 128;
static_assert(offsetof(fts_scheduler_options, reserved) + sizeof(int32_t) ==
                  sizeof(fts_scheduler_options),
              "reserved is the last field: append after it, and read the new "
              "field in ReadSchedulerOptions");
constexpr size_t kCallbacksV1Size = 96;
static_assert(offsetof(fts_scheduler_callbacks, metric) +
                      sizeof(fts_metric_fn) ==
                  sizeof(fts_scheduler_callbacks),
              "metric is the last field: append after it, and call the new one "
              "in internal/callback_ports.cc");

absl::StatusOr<fts::MetricMode> ReadMode(fts_metric_mode mode,
                                         const char* field) {
  switch (mode) {
    case FTS_METRIC_MODE_UNSPECIFIED:
    case FTS_METRIC_MODE_MIN:
      return fts::MetricMode::kMin;
    case FTS_METRIC_MODE_MAX:
      return fts::MetricMode::kMax;
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("fts_scheduler_options: ", field, " is ", mode,
                       "; it must be one of the FTS_METRIC_MODE_ constants"));
  }
}

std::string Or(fts_string given, const char* otherwise) {
  return given.size == 0 ? otherwise : ToString(given);
}

absl::StatusOr<fts::SchedulerOptions> ReadSchedulerOptions(
    const fts_scheduler_options* given) {
  fts_scheduler_options o = FTS_SCHEDULER_OPTIONS_INIT;
  FTS_RETURN_IF_ERROR(fts::capi::ReadOptions(given, kOptionsV1Size,
                                             "fts_scheduler_options", &o));
  if (o.reserved != 0) {
    return absl::UnimplementedError(absl::StrCat(
        "fts_scheduler_options: reserved is ", o.reserved, "; it must be 0"));
  }
  fts::SchedulerOptions out;
  out.epoch_transitions_only = o.epoch_transitions_only != 0;
  out.restore_best = o.restore_best != 0;
  if (o.has_early_stopping != 0) {
    fts::EarlyStoppingRule rule;
    rule.monitor = Or(o.monitor, "val_loss");
    FTS_ASSIGN_OR_RETURN(rule.mode, ReadMode(o.mode, "mode"));
    rule.patience = o.patience;
    rule.min_delta = o.min_delta;
    rule.check_finite = o.check_finite != 0;
    if (o.has_stopping_threshold != 0) {
      rule.stopping_threshold = o.stopping_threshold;
    }
    if (o.has_divergence_threshold != 0) {
      rule.divergence_threshold = o.divergence_threshold;
    }
    out.early_stopping = rule;
  }
  out.best.monitor = Or(o.best_monitor, "val_loss");
  FTS_ASSIGN_OR_RETURN(out.best.mode, ReadMode(o.best_mode, "best_mode"));
  if (o.max_steps == 0 || o.max_steps < -1) {
    return absl::InvalidArgumentError(
        absl::StrCat("fts_scheduler_options: max_steps is ", o.max_steps,
                     "; it must be at least 1, or -1 for no limit"));
  }
  if (o.max_steps > 0) out.max_steps = o.max_steps;
  out.has_validation = o.has_validation != 0;
  return out;
}

// Runs `body` as the only call on the scheduler.
template <typename Body>
absl::Status Confined(const fts_scheduler* scheduler, const char* function,
                      Body&& body) {
  FTS_RETURN_IF_ERROR(
      NotNull(scheduler, absl::StrCat(function, ": scheduler").c_str()));
  return fts::capi::Confined(scheduler->busy, function, "scheduler",
                             std::forward<Body>(body));
}

// What a caller who takes no outcome would not hear of.
void LogOutcome(const fts::Outcome& outcome) {
  if (!fts::capi::Listens(FTS_LOG_LEVEL_NOTE)) return;
  for (const fts::SchedulerEffect& effect : outcome.effects) {
    if (effect.kind == fts::EffectKind::kPhase) {
      fts::capi::Log(FTS_LOG_LEVEL_NOTE, fts::codes::kSchedulerPhase,
                     absl::StrCat("phase ", effect.phase, ": ", effect.text));
    } else if (effect.kind == fts::EffectKind::kNote) {
      fts::capi::Log(FTS_LOG_LEVEL_NOTE, fts::codes::kSchedulerNote,
                     effect.text);
    } else if (effect.kind == fts::EffectKind::kFinish) {
      fts::capi::Log(FTS_LOG_LEVEL_NOTE, fts::codes::kSchedulerFinish,
                     effect.text);
    }
  }
}

template <typename Event>
fts_status* Tell(fts_scheduler* scheduler, const char* function,
                 fts_outcome** out, const Event& event) noexcept {
  if (out != nullptr) *out = nullptr;
  return Guard([&]() -> absl::Status {
    fts::Outcome outcome;
    FTS_RETURN_IF_ERROR(Confined(scheduler, function, [&]() -> absl::Status {
      FTS_ASSIGN_OR_RETURN(outcome, event(scheduler->driver));
      return absl::OkStatus();
    }));
    // The handle is free again: who listens may ask it.
    if (out == nullptr) {
      LogOutcome(outcome);
    } else {
      *out = new fts_outcome(std::move(outcome));
    }
    return absl::OkStatus();
  });
}

fts_effect_kind ToC(fts::EffectKind kind) {
  switch (kind) {
    case fts::EffectKind::kRestoreBest:
      return FTS_EFFECT_RESTORE_BEST;
    case fts::EffectKind::kFreeze:
      return FTS_EFFECT_FREEZE;
    case fts::EffectKind::kReplaceOptimizer:
      return FTS_EFFECT_REPLACE_OPTIMIZER;
    case fts::EffectKind::kThaw:
      return FTS_EFFECT_THAW;
    case fts::EffectKind::kAddGroup:
      return FTS_EFFECT_ADD_GROUP;
    case fts::EffectKind::kReplaceLrScheduler:
      return FTS_EFFECT_REPLACE_LR_SCHEDULER;
    case fts::EffectKind::kPhase:
      return FTS_EFFECT_PHASE;
    case fts::EffectKind::kSaveBest:
      return FTS_EFFECT_SAVE_BEST;
    case fts::EffectKind::kEndEpoch:
      return FTS_EFFECT_END_EPOCH;
    case fts::EffectKind::kNote:
      return FTS_EFFECT_NOTE;
    case fts::EffectKind::kFinish:
      return FTS_EFFECT_FINISH;
  }
  return FTS_EFFECT_UNSPECIFIED;
}

}  // namespace

fts_status* fts_scheduler_create(const fts_schedule* schedule,
                                 const fts_scheduler_options* options,
                                 const fts_scheduler_callbacks* callbacks,
                                 fts_diagnostics** out_diagnostics,
                                 fts_scheduler** out) noexcept {
  if (out != nullptr) *out = nullptr;
  if (out_diagnostics != nullptr) *out_diagnostics = nullptr;
  return Guard([&]() -> fts_status* {
    // First of all, so that destroy is called whatever is wrong. A struct too
    // small to hold it has no destroy to call.
    const bool given =
        callbacks != nullptr && callbacks->struct_size >= kCallbacksV1Size;
    fts::capi::UserData user_data(given ? callbacks->user_data : nullptr,
                                  given ? callbacks->destroy : nullptr);
    fts_scheduler_callbacks known = FTS_SCHEDULER_CALLBACKS_INIT;
    absl::Status bad = NotNull(schedule, "fts_scheduler_create: schedule");
    bad.Update(NotNull(out, "fts_scheduler_create: out"));
    bad.Update(fts::capi::ReadOptions(callbacks, kCallbacksV1Size,
                                      "fts_scheduler_callbacks", &known));
    if (!bad.ok()) return fts::capi::MakeStatus(bad);
    const auto read = ReadSchedulerOptions(options);
    if (!read.ok()) return fts::capi::MakeStatus(read.status());

    fts::Diagnostics diags;
    auto config = fts::MakeSchedulerConfig(schedule->value, *read, &diags);
    fts::capi::PutDiagnostics(diags, out_diagnostics);
    if (!config.ok()) return fts::capi::MakeStatus(config.status(), diags);
    *out = new fts_scheduler(*std::move(config), known, std::move(user_data));
    return nullptr;
  });
}

void fts_scheduler_retain(fts_scheduler* scheduler) noexcept {
  fts::capi::Retain(scheduler);
}

void fts_scheduler_release(fts_scheduler* scheduler) noexcept {
  fts::capi::Release(scheduler);
}

fts_status* fts_scheduler_run_start(fts_scheduler* scheduler,
                                    fts_outcome** out) noexcept {
  return Tell(scheduler, "fts_scheduler_run_start", out,
              [](fts::SchedulerDriver& d) { return d.RunStart(); });
}

fts_status* fts_scheduler_epoch_start(fts_scheduler* scheduler, int64_t epoch,
                                      fts_outcome** out) noexcept {
  return Tell(scheduler, "fts_scheduler_epoch_start", out,
              [&](fts::SchedulerDriver& d) { return d.EpochStart(epoch); });
}

fts_status* fts_scheduler_step_start(fts_scheduler* scheduler, int64_t step,
                                     int64_t tokens, double seconds,
                                     fts_outcome** out) noexcept {
  return Tell(scheduler, "fts_scheduler_step_start", out,
              [&](fts::SchedulerDriver& d) {
                return d.StepStart(step, tokens, seconds);
              });
}

fts_status* fts_scheduler_step_end(fts_scheduler* scheduler, int64_t step,
                                   fts_outcome** out) noexcept {
  return Tell(scheduler, "fts_scheduler_step_end", out,
              [&](fts::SchedulerDriver& d) { return d.StepEnd(step); });
}

fts_status* fts_scheduler_validation_end(fts_scheduler* scheduler,
                                         int64_t epoch,
                                         fts_outcome** out) noexcept {
  return Tell(scheduler, "fts_scheduler_validation_end", out,
              [&](fts::SchedulerDriver& d) { return d.ValidationEnd(epoch); });
}

fts_status* fts_scheduler_epoch_end(fts_scheduler* scheduler, int64_t epoch,
                                    fts_outcome** out) noexcept {
  return Tell(scheduler, "fts_scheduler_epoch_end", out,
              [&](fts::SchedulerDriver& d) { return d.EpochEnd(epoch); });
}

int32_t fts_scheduler_phase(const fts_scheduler* scheduler) noexcept {
  return scheduler == nullptr ? -1 : scheduler->driver.phase();
}

int32_t fts_scheduler_finished(const fts_scheduler* scheduler) noexcept {
  return scheduler != nullptr && scheduler->driver.finished() ? 1 : 0;
}

fts_status* fts_scheduler_state_to_json(const fts_scheduler* scheduler,
                                        fts_buffer** out) noexcept {
  static constexpr char kFunction[] = "fts_scheduler_state_to_json";
  return Guard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_scheduler_state_to_json: out"));
    *out = nullptr;
    return Confined(scheduler, kFunction, [&] {
      *out =
          new fts_buffer(fts::SchedulerStateToJson(scheduler->driver.state()));
      return absl::OkStatus();
    });
  });
}

fts_status* fts_scheduler_resume(fts_scheduler* scheduler,
                                 fts_string state_json) noexcept {
  static constexpr char kFunction[] = "fts_scheduler_resume";
  return Guard([&]() -> absl::Status {
    return Confined(scheduler, kFunction, [&]() -> absl::Status {
      FTS_ASSIGN_OR_RETURN(fts::SchedulerState state,
                           fts::SchedulerStateFromJson(ToString(state_json)));
      return scheduler->driver.Resume(std::move(state));
    });
  });
}

void fts_outcome_retain(fts_outcome* outcome) noexcept {
  fts::capi::Retain(outcome);
}

void fts_outcome_release(fts_outcome* outcome) noexcept {
  fts::capi::Release(outcome);
}

size_t fts_outcome_size(const fts_outcome* outcome) noexcept {
  return outcome == nullptr ? 0 : outcome->value.effects.size();
}

fts_status* fts_outcome_get(const fts_outcome* outcome, size_t i,
                            fts_effect* out) noexcept {
  return Guard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_outcome_get: out"));
    *out = {};
    FTS_RETURN_IF_ERROR(fts::capi::InRange(i, fts_outcome_size(outcome),
                                           "fts_outcome_get: effect"));
    const fts::SchedulerEffect& effect = outcome->value.effects[i];
    out->kind = ToC(effect.kind);
    out->phase = effect.phase;
    out->has_lr = effect.lr.has_value() ? 1 : 0;
    out->lr = effect.lr.value_or(0);
    if (effect.best.has_value()) {
      out->has_best = 1;
      out->best_metric = effect.best->metric;
      out->best_epoch = effect.best->epoch;
      out->best_phase = effect.best->phase;
    }
    out->cause = fts_str(fts::Name(effect.cause));
    out->text = View(effect.text);
    return absl::OkStatus();
  });
}
