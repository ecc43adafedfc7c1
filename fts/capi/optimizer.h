// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Our own optimizers over a session's shards, fused, with the learning rates of
// its phases: for loops that have none, or want ours. At most one a session.
// Handle: confined, together with its session.

#ifndef FTS_CAPI_OPTIMIZER_H_
#define FTS_CAPI_OPTIMIZER_H_

#include "fts/capi/base.h"
#include "fts/capi/diagnostics.h"
#include "fts/capi/session.h"
#include "fts/capi/status.h"

FTS_EXTERN_C_BEGIN

typedef struct fts_optimizer fts_optimizer;

// yaml: a mapping with any of the keys optimizer, lr_scheduler (as in a run
// config: docs/optimizers.md), clip_grad_norm, apply_lambdas_new_pgs and
// enforce_phase0_params; empty: AdamW. Before the scheduler's run_start. name
// stands for the file in messages. Errors: INVALID_ARGUMENT,
// FAILED_PRECONDITION (the session has one).
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_optimizer_create(
    fts_session* session, fts_string yaml, fts_string name,
    fts_diagnostics** out_diagnostics, fts_optimizer** out) FTS_NOEXCEPT;
// \since 1.1
FTS_API void fts_optimizer_retain(fts_optimizer* optimizer) FTS_NOEXCEPT;
// The session keeps its optimizer.
// \since 1.1
FTS_API void fts_optimizer_release(fts_optimizer* optimizer) FTS_NOEXCEPT;

// Groups as a scheduler asks for them; fts_session_get_callbacks calls these.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_optimizer_add_groups(
    fts_optimizer* optimizer, int32_t phase, int32_t has_lr,
    double lr) FTS_NOEXCEPT;
// The phase's new_optimizer, and its new_lr_scheduler.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_optimizer_replace(
    fts_optimizer* optimizer, int32_t phase) FTS_NOEXCEPT;
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_optimizer_replace_lr_scheduler(
    fts_optimizer* optimizer, int32_t phase) FTS_NOEXCEPT;

// One whole update: completes gradients (args and out as
// fts_session_complete_gradients), clips them as the phase or the YAML says,
// updates and finishes. Blocks.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_optimizer_step(
    fts_optimizer* optimizer, int32_t phase, const fts_step_args* args,
    fts_step_info* out) FTS_NOEXCEPT;

// PyTorch's class name. Lives until the optimizer is replaced.
// \since 1.1
FTS_API fts_string fts_optimizer_name(const fts_optimizer* optimizer)
    FTS_NOEXCEPT;
// 0 for NULL.
// \since 1.1
FTS_API size_t fts_optimizer_num_groups(const fts_optimizer* optimizer)
    FTS_NOEXCEPT;

typedef struct fts_group_info {
  fts_string name;
  double lr;  // of the next update
  double initial_lr;
  double weight_decay;
} fts_group_info;
// Errors: OUT_OF_RANGE.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_optimizer_get_group(
    const fts_optimizer* optimizer, size_t i, fts_group_info* out) FTS_NOEXCEPT;
// Rates of the caller's own; with an lr_scheduler it will be overwritten.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_optimizer_set_lr(fts_optimizer* optimizer,
                                                       size_t i,
                                                       double lr) FTS_NOEXCEPT;

// Advance the learning-rate scheduler where one is due then: after each step
// (counted from 0 in its epoch), after each epoch, and after a validation with
// the monitored metric (ReduceLROnPlateau). No-ops without one.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_optimizer_after_step(
    fts_optimizer* optimizer, int64_t step_in_epoch) FTS_NOEXCEPT;
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_optimizer_after_epoch(
    fts_optimizer* optimizer, int64_t epoch) FTS_NOEXCEPT;
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_optimizer_after_validation(
    fts_optimizer* optimizer, int64_t epoch, double metric) FTS_NOEXCEPT;

FTS_EXTERN_C_END

#endif  // FTS_CAPI_OPTIMIZER_H_
