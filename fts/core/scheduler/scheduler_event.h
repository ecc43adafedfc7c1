// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What the scheduler is told (events) and what it orders (effects).
// Events must carry the same values on every rank: metrics, token counts and
// clocks are reduced before they come here. Then every rank decides alike.
// Threads: values.
#ifndef FTS_CORE_SCHEDULER_SCHEDULER_EVENT_H_
#define FTS_CORE_SCHEDULER_SCHEDULER_EVENT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace fts {

enum class EventKind {
  kRunStart,       // once, before everything else
  kEpochStart,     // a phase may begin here, by FTS's rules
  kStepStart,      // before each optimizer step; a phase may begin here too,
                   // by a limit in steps, tokens or time
  kStepEnd,        // after each optimizer step; steps count from 0 over the run
  kValidationEnd,  // epoch -1: the baseline, which counts for nothing
  kEpochEnd,       // after the epoch's validation, if it had one
};
inline constexpr EventKind kAllEventKinds[] = {
    EventKind::kRunStart, EventKind::kEpochStart,    EventKind::kStepStart,
    EventKind::kStepEnd,  EventKind::kValidationEnd, EventKind::kEpochEnd};
const char* Name(EventKind kind);  // "RunStart"

struct SchedulerEvent {
  EventKind kind = EventKind::kRunStart;
  int64_t epoch = -1;                     // EpochStart/End, ValidationEnd
  int64_t step = -1;                      // StepStart, StepEnd
  int64_t tokens = 0;                     // StepStart: of the run so far
  double seconds = 0;                     // StepStart: of the run so far
  std::map<std::string, double> metrics;  // ValidationEnd

  static SchedulerEvent RunStart();
  static SchedulerEvent EpochStart(int64_t epoch);
  static SchedulerEvent StepStart(int64_t step, int64_t tokens, double seconds);
  static SchedulerEvent StepEnd(int64_t step);
  static SchedulerEvent ValidationEnd(int64_t epoch,
                                      std::map<std::string, double> metrics);
  static SchedulerEvent EpochEnd(int64_t epoch);

  std::string ToString() const;  // "ValidationEnd{epoch 2, val_loss 1.5}"
};

// Where the best value of the run was seen.
struct BestRecord {
  double metric = 0;
  int64_t epoch = 0;
  int phase = 0;

  friend bool operator==(const BestRecord& a, const BestRecord& b) {
    return a.metric == b.metric && a.epoch == b.epoch && a.phase == b.phase;
  }
};

enum class EffectKind {
  kRestoreBest,         // load weights and moments of `best`; comes first
  kFreeze,              // what `phase` freezes trains no longer
  kReplaceOptimizer,    // the new_optimizer of `phase`, with the groups so far
  kThaw,                // parameters of `phase` begin to train
  kAddGroup,            // group(s) of `phase` at `lr` (absent: the optimizer's)
  kReplaceLrScheduler,  // the new_lr_scheduler of `phase`, over all groups
  kPhase,               // `phase` is in force now; `text` says why
  kSaveBest,            // keep the state as `best`
  kEndEpoch,  // take no more steps; go on with validation and the epoch end
  kNote,      // `text` is for the log
  kFinish,    // the run is over; `text` says why and what never ran
};
inline constexpr EffectKind kAllEffectKinds[] = {
    EffectKind::kRestoreBest,
    EffectKind::kFreeze,
    EffectKind::kReplaceOptimizer,
    EffectKind::kThaw,
    EffectKind::kAddGroup,
    EffectKind::kReplaceLrScheduler,
    EffectKind::kPhase,
    EffectKind::kSaveBest,
    EffectKind::kEndEpoch,
    EffectKind::kNote,
    EffectKind::kFinish};
const char* Name(EffectKind kind);  // "RestoreBest"

enum class FinishCause {
  kNone,
  kMaxEpochs,
  kMaxSteps,
  kEarlyStopping,  // patience exhausted in the final phase
  kStoppingThreshold,
  kDivergenceThreshold,
  kNotFinite,
};
inline constexpr FinishCause kAllFinishCauses[] = {
    FinishCause::kNone,
    FinishCause::kMaxEpochs,
    FinishCause::kMaxSteps,
    FinishCause::kEarlyStopping,
    FinishCause::kStoppingThreshold,
    FinishCause::kDivergenceThreshold,
    FinishCause::kNotFinite};
const char* Name(FinishCause cause);  // "max_epochs"; "" for kNone

struct SchedulerEffect {
  EffectKind kind = EffectKind::kNote;
  int phase = -1;                          // kFreeze to kPhase
  std::optional<double> lr;                // kAddGroup
  std::optional<BestRecord> best;          // kRestoreBest, kSaveBest
  FinishCause cause = FinishCause::kNone;  // kFinish
  std::string text;                        // kPhase, kEndEpoch, kNote, kFinish

  std::string ToString() const;  // "AddGroup{phase 1, lr 1e-05}"

  friend bool operator==(const SchedulerEffect& a, const SchedulerEffect& b) {
    return a.kind == b.kind && a.phase == b.phase && a.lr == b.lr &&
           a.best == b.best && a.cause == b.cause && a.text == b.text;
  }
};

// A number as people read it: at most six significant digits.
std::string FormatMetric(double value);

}  // namespace fts

#endif  // FTS_CORE_SCHEDULER_SCHEDULER_EVENT_H_
