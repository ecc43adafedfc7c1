// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What the scheduler is told (events) and what it orders (effects).
// Events must carry the same values on every rank: metrics are reduced before
// they come here. Then every rank decides alike.
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
  kEpochStart,     // the only point where a phase may begin
  kStepEnd,        // after each optimizer step; steps count from 0 over the run
  kValidationEnd,  // epoch -1: the baseline, which counts for nothing
  kEpochEnd,       // after the epoch's validation, if it had one
};
inline constexpr EventKind kAllEventKinds[] = {
    EventKind::kRunStart, EventKind::kEpochStart, EventKind::kStepEnd,
    EventKind::kValidationEnd, EventKind::kEpochEnd};
const char* Name(EventKind kind);  // "RunStart"

struct SchedulerEvent {
  EventKind kind = EventKind::kRunStart;
  int64_t epoch = -1;                     // all but RunStart and StepEnd
  int64_t step = -1;                      // StepEnd
  std::map<std::string, double> metrics;  // ValidationEnd

  static SchedulerEvent RunStart();
  static SchedulerEvent EpochStart(int64_t epoch);
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
  kRestoreBest,  // load weights and moments of `best`; before the thaw
  kThaw,         // parameters of `phase` begin to train
  kAddGroup,     // optimizer group(s) for `phase` at `lr` (absent: its own)
  kPhase,        // `phase` is in force now; `text` says why
  kSaveBest,     // keep the state as `best`
  kEndEpoch,     // take no more steps; go on with validation and the epoch end
  kNote,         // `text` is for the log
  kFinish,       // the run is over; `text` says why and what never ran
};
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
const char* Name(FinishCause cause);  // "max_epochs"; "" for kNone

struct SchedulerEffect {
  EffectKind kind = EffectKind::kNote;
  int phase = -1;                          // kThaw, kAddGroup, kPhase
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
