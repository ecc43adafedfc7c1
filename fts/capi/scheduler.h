// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Drives a schedule through a training loop: the loop tells what happened, the
// scheduler decides and calls back to have it done. The order of events and the
// table of decisions: docs/scheduler.md.
//
//   run_start
//   for epoch:  epoch_start
//               for step: step_start, (train), step_end
//               validation_end, epoch_end
//
// An epoch may be validated several times, with steps between, or not at all.
// Any of them may end the run: after that there is no further event.
//
// Every rank tells the same events with the same values and then gets the same
// decisions. Metrics must be reduced over the ranks first.
// Handles: fts_scheduler confined, fts_outcome immutable.

#ifndef FTS_CAPI_SCHEDULER_H_
#define FTS_CAPI_SCHEDULER_H_

#include "fts/capi/base.h"
#include "fts/capi/buffer.h"
#include "fts/capi/diagnostics.h"
#include "fts/capi/schedule.h"
#include "fts/capi/status.h"

FTS_EXTERN_C_BEGIN

typedef struct fts_scheduler fts_scheduler;
typedef struct fts_outcome fts_outcome;

typedef int32_t fts_metric_mode;
enum {
  FTS_METRIC_MODE_UNSPECIFIED = 0,  // FTS_METRIC_MODE_MIN
  FTS_METRIC_MODE_MIN = 1,
  FTS_METRIC_MODE_MAX = 2
};

typedef struct fts_scheduler_options {
  size_t struct_size;
  const void* next;
  // As given to fts_schedule_resolve.
  int32_t epoch_transitions_only;
  int32_t restore_best;  // 1: a phase begins from the best state so far
  // Whether the fields from monitor to divergence_threshold count. 0: FTS's
  // default rule (val_loss, min, patience 3).
  int32_t has_early_stopping;
  fts_metric_mode mode;
  fts_string monitor;  // empty: val_loss
  int64_t patience;    // validations without an improvement beyond min_delta
  double min_delta;
  int32_t check_finite;
  int32_t has_stopping_threshold;
  double stopping_threshold;
  double divergence_threshold;
  int32_t has_divergence_threshold;
  // What the best state is judged by.
  fts_metric_mode best_mode;
  fts_string best_monitor;  // empty: val_loss
  int64_t max_steps;        // -1: no limit
  int32_t has_validation;   // 1: there will be validation_end events
  int32_t reserved;         // 0
} fts_scheduler_options;

#define FTS_SCHEDULER_OPTIONS_INIT                                             \
  {                                                                            \
    sizeof(fts_scheduler_options), NULL, 0, 1, 0, FTS_METRIC_MODE_UNSPECIFIED, \
        {NULL, 0}, 3, 0.0, 1, 0, 0.0, 0.0, 0, FTS_METRIC_MODE_UNSPECIFIED,     \
        {NULL, 0}, -1, 1, 0                                                    \
  }

// What a callback is told; read only fields within struct_size.
typedef struct fts_phase_args {
  size_t struct_size;
  int32_t phase;
  int32_t has_lr;  // add_group alone; 0: the optimizer's own rate
  double lr;
} fts_phase_args;

typedef struct fts_best_args {
  size_t struct_size;
  int32_t phase;
  int64_t epoch;
  double metric;
} fts_best_args;

typedef struct fts_metric_args {
  size_t struct_size;
  fts_string name;  // during the call
  double* value;    // to be written
} fts_metric_args;

typedef fts_status* (*fts_phase_fn)(const fts_phase_args* args,
                                    void* user_data);
typedef fts_status* (*fts_best_fn)(const fts_best_args* args, void* user_data);
typedef fts_status* (*fts_metric_fn)(const fts_metric_args* args,
                                     void* user_data);

// Called on the thread of the event, no locks held. They return NULL or an
// error (fts_status_create), which the event then returns; after one, the
// scheduler is half-way and every later event fails with the same error. They
// must not call the scheduler. A NULL function does nothing, but without
// metric a validation that needs one fails.
typedef struct fts_scheduler_callbacks {
  size_t struct_size;
  const void* next;
  void* user_data;
  // Called exactly once with user_data when it is no longer needed, also when
  // fts_scheduler_create fails. May be NULL.
  void (*destroy)(void* user_data);
  fts_phase_fn thaw;               // the phase's params begin to train
  fts_phase_fn freeze;             // what the phase freezes stops
  fts_phase_fn add_group;          // optimizer groups of the phase, after thaw
  fts_phase_fn replace_optimizer;  // the phase's new_optimizer, before thaw
  fts_phase_fn replace_lr_scheduler;  // its new_lr_scheduler, after add_group
  fts_best_fn save_best;              // keep weights and optimizer state
  fts_best_fn restore_best;           // bring them back
  fts_metric_fn metric;               // a value of the validation just ended
} fts_scheduler_callbacks;

#define FTS_SCHEDULER_CALLBACKS_INIT                                           \
  {                                                                            \
    sizeof(fts_scheduler_callbacks), NULL, NULL, NULL, NULL, NULL, NULL, NULL, \
        NULL, NULL, NULL, NULL                                                 \
  }

// options and callbacks may be NULL. The number of epochs is the schedule's;
// it or max_steps must be set. out_diagnostics may be NULL.
// Errors: INVALID_ARGUMENT.
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_scheduler_create(
    const fts_schedule* schedule, const fts_scheduler_options* options,
    const fts_scheduler_callbacks* callbacks, fts_diagnostics** out_diagnostics,
    fts_scheduler** out) FTS_NOEXCEPT;
// \since 1.0
FTS_API void fts_scheduler_retain(fts_scheduler* scheduler) FTS_NOEXCEPT;
// \since 1.0
FTS_API void fts_scheduler_release(fts_scheduler* scheduler) FTS_NOEXCEPT;

// The events. out may be NULL where the outcome is not wanted. Epochs and steps
// count from 0 over the run; epoch -1 is a baseline validation. tokens and
// seconds are those of the run so far. Errors: FAILED_PRECONDITION (out of
// order), INVALID_ARGUMENT, and those of callbacks.
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_scheduler_run_start(
    fts_scheduler* scheduler, fts_outcome** out) FTS_NOEXCEPT;
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_scheduler_epoch_start(
    fts_scheduler* scheduler, int64_t epoch, fts_outcome** out) FTS_NOEXCEPT;
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_scheduler_step_start(
    fts_scheduler* scheduler, int64_t step, int64_t tokens, double seconds,
    fts_outcome** out) FTS_NOEXCEPT;
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_scheduler_step_end(
    fts_scheduler* scheduler, int64_t step, fts_outcome** out) FTS_NOEXCEPT;
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_scheduler_validation_end(
    fts_scheduler* scheduler, int64_t epoch, fts_outcome** out) FTS_NOEXCEPT;
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_scheduler_epoch_end(
    fts_scheduler* scheduler, int64_t epoch, fts_outcome** out) FTS_NOEXCEPT;

// The phase in force; -1 for NULL.
// \since 1.0
FTS_API int32_t fts_scheduler_phase(const fts_scheduler* scheduler)
    FTS_NOEXCEPT;
// 1 when the run is over.
// \since 1.0
FTS_API int32_t fts_scheduler_finished(const fts_scheduler* scheduler)
    FTS_NOEXCEPT;
// All that the scheduler remembers, as JSON, and back: resume before run_start,
// with the engines in the state that belongs to it.
// Errors: INVALID_ARGUMENT, FAILED_PRECONDITION.
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_scheduler_state_to_json(
    const fts_scheduler* scheduler, fts_buffer** out) FTS_NOEXCEPT;
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_scheduler_resume(
    fts_scheduler* scheduler, fts_string state_json) FTS_NOEXCEPT;

typedef int32_t fts_effect_kind;
enum {
  FTS_EFFECT_UNSPECIFIED = 0,
  FTS_EFFECT_RESTORE_BEST = 1,
  FTS_EFFECT_FREEZE = 2,
  FTS_EFFECT_REPLACE_OPTIMIZER = 3,
  FTS_EFFECT_THAW = 4,
  FTS_EFFECT_ADD_GROUP = 5,
  FTS_EFFECT_REPLACE_LR_SCHEDULER = 6,
  FTS_EFFECT_PHASE = 7,  // phase is in force; text says why
  FTS_EFFECT_SAVE_BEST = 8,
  FTS_EFFECT_END_EPOCH = 9,  // take no more steps in this epoch
  FTS_EFFECT_NOTE = 10,      // text is for the log
  FTS_EFFECT_FINISH = 11     // the run is over; text says why
};

typedef struct fts_effect {
  fts_effect_kind kind;
  int32_t phase;     // FREEZE to PHASE; else -1
  int32_t has_lr;    // ADD_GROUP
  int32_t has_best;  // RESTORE_BEST, SAVE_BEST
  double lr;
  double best_metric;
  int64_t best_epoch;
  int32_t best_phase;
  fts_string cause;  // FINISH: "max_epochs", "early_stopping", ...
  fts_string text;
} fts_effect;

// \since 1.0
FTS_API void fts_outcome_retain(fts_outcome* outcome) FTS_NOEXCEPT;
// \since 1.0
FTS_API void fts_outcome_release(fts_outcome* outcome) FTS_NOEXCEPT;
// In order, those that callbacks were called for included. 0 for NULL.
// \since 1.0
FTS_API size_t fts_outcome_size(const fts_outcome* outcome) FTS_NOEXCEPT;
// Errors: OUT_OF_RANGE.
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_outcome_get(const fts_outcome* outcome,
                                                  size_t i,
                                                  fts_effect* out) FTS_NOEXCEPT;

FTS_EXTERN_C_END

#endif  // FTS_CAPI_SCHEDULER_H_
