// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A fine-tuning schedule resolved against a model: which parameters train in
// which phase. The format and its rules: docs/schedules.md.
// Handle: immutable.

#ifndef FTS_CAPI_SCHEDULE_H_
#define FTS_CAPI_SCHEDULE_H_

#include "fts/capi/base.h"
#include "fts/capi/buffer.h"
#include "fts/capi/diagnostics.h"
#include "fts/capi/model.h"
#include "fts/capi/status.h"

FTS_EXTERN_C_BEGIN

typedef struct fts_schedule fts_schedule;

// How an entry that is no exact name selects parameters.
typedef int32_t fts_match;
enum {
  FTS_MATCH_UNSPECIFIED = 0,  // FTS_MATCH_PREFIX
  FTS_MATCH_PREFIX = 1,       // as Python's re.match
  FTS_MATCH_FULL = 2          // as Python's re.fullmatch
};

typedef struct fts_schedule_options {
  size_t struct_size;
  const void* next;
  // Phases end by their max_transition_* keys alone.
  int32_t epoch_transitions_only;
  int32_t max_depth;  // index of the last phase to run; -1: all
  // Learning rate of later phases that set none; without it they are errors.
  int32_t has_base_max_lr;
  fts_match match;
  double base_max_lr;
  int64_t max_epochs;  // the trainer's; -1: not given
} fts_schedule_options;

#define FTS_SCHEDULE_OPTIONS_INIT                                              \
  {                                                                            \
    sizeof(fts_schedule_options), NULL, 0, -1, 1, FTS_MATCH_UNSPECIFIED, 1e-5, \
        -1                                                                     \
  }

typedef struct fts_phase_info {
  int32_t index;
  int32_t has_lr;  // 0 in phase 0, whose rate is the optimizer's own
  double lr;
  int64_t max_transition_epoch;  // negative: none
  size_t num_params;             // names that begin to train
  size_t num_freeze;             // names that stop
} fts_phase_info;

// Resolves a schedule as written: YAML text, name for the file in messages.
// options NULL means the defaults of FTS_SCHEDULE_OPTIONS_INIT.
// out_diagnostics may be NULL; it is written on failure too and then holds
// every problem found. Errors: INVALID_ARGUMENT. \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_schedule_resolve(
    const fts_model* model, fts_string yaml, fts_string name,
    const fts_schedule_options* options, fts_diagnostics** out_diagnostics,
    fts_schedule** out) FTS_NOEXCEPT;

// Ways to make a schedule from a model.
typedef int32_t fts_generate_by;
enum {
  FTS_GENERATE_BY_UNSPECIFIED = 0,  // FTS_GENERATE_BY_PAIRS
  FTS_GENERATE_BY_PAIRS = 1,        // FTS's implicit schedule
  FTS_GENERATE_BY_BLOCKS = 2,       // phases aligned with the model's layers
  FTS_GENERATE_BY_DEPTH = 3         // a phase per layer
};

// Schedule text (commented YAML). phases counts for FTS_GENERATE_BY_BLOCKS
// alone. Errors: INVALID_ARGUMENT (more phases than the model allows).
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_schedule_generate(
    const fts_model* model, fts_generate_by by, int32_t phases,
    fts_buffer** out) FTS_NOEXCEPT;

// \since 1.0
FTS_API void fts_schedule_retain(fts_schedule* schedule) FTS_NOEXCEPT;
// \since 1.0
FTS_API void fts_schedule_release(fts_schedule* schedule) FTS_NOEXCEPT;

// All phases, those that never run included. 0 for NULL.
// \since 1.0
FTS_API size_t fts_schedule_num_phases(const fts_schedule* schedule)
    FTS_NOEXCEPT;
// Index of the last phase that runs; -1 for NULL.
// \since 1.0
FTS_API int32_t fts_schedule_max_depth(const fts_schedule* schedule)
    FTS_NOEXCEPT;
// Epochs of the run, as given or as the schedule raised them; -1: not given.
// \since 1.0
FTS_API int64_t fts_schedule_max_epochs(const fts_schedule* schedule)
    FTS_NOEXCEPT;
// Errors: OUT_OF_RANGE.
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_schedule_get_phase(
    const fts_schedule* schedule, size_t phase,
    fts_phase_info* out) FTS_NOEXCEPT;
// Name i of those that begin to train in a phase. Errors: OUT_OF_RANGE.
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_schedule_get_param(
    const fts_schedule* schedule, size_t phase, size_t i,
    fts_string* out) FTS_NOEXCEPT;
// Name i of those that stop training in a phase. Errors: OUT_OF_RANGE.
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_schedule_get_freeze(
    const fts_schedule* schedule, size_t phase, size_t i,
    fts_string* out) FTS_NOEXCEPT;
// All of one phase as JSON, for whoever applies it: {"phase", "params",
// "freeze", "lr", "weight_decay", "clip_grad_norm", "groups": [{"name",
// "lr_scale", "params"}], "new_optimizer", "new_lr_scheduler"}, null for what
// it does not set, the last two as written. Errors: OUT_OF_RANGE.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_schedule_phase_to_json(
    const fts_schedule* schedule, size_t phase, fts_buffer** out) FTS_NOEXCEPT;
// The object of the command fts schedule resolve --json.
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_schedule_to_json(
    const fts_schedule* schedule, fts_buffer** out) FTS_NOEXCEPT;
// YAML that resolves to the same schedule again.
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_schedule_to_yaml(
    const fts_schedule* schedule, fts_buffer** out) FTS_NOEXCEPT;

FTS_EXTERN_C_END

#endif  // FTS_CAPI_SCHEDULE_H_
