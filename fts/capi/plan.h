// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A sharding plan resolved against a model: which modules become units, with
// which options, and what is left over.
// Handle: immutable.

#ifndef FTS_CAPI_PLAN_H_
#define FTS_CAPI_PLAN_H_

#include "fts/capi/base.h"
#include "fts/capi/buffer.h"
#include "fts/capi/diagnostics.h"
#include "fts/capi/model.h"
#include "fts/capi/schedule.h"
#include "fts/capi/status.h"

FTS_EXTERN_C_BEGIN

typedef struct fts_plan fts_plan;

typedef struct fts_unit_info {
  fts_string module;     // "" for the remainder
  int32_t is_root;       // 1: an ancestor of every other unit
  int32_t reshard;       // 1: released after its forward
  int64_t num_elements;  // of all its parameters
  size_t num_parameters;
} fts_unit_info;

typedef struct fts_plan_options {
  size_t struct_size;
  const void* next;
  int32_t tp;        // ranks of the mesh that share the work of layers
  int32_t reserved;  // 0
} fts_plan_options;

#define FTS_PLAN_OPTIONS_INIT \
  { sizeof(fts_plan_options), NULL, 1, 0 }

// Resolves the YAML of a strategy_adapter_cfg mapping (fsdp_plan,
// fsdp_default_kwargs, unplanned, tp_plan, loss_parallel); name stands for the
// file in messages. schedule may be NULL: then everything trains from the
// start. out_diagnostics may be NULL; it is written on failure too. Errors:
// INVALID_ARGUMENT. \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_plan_resolve(
    const fts_model* model, const fts_schedule* schedule, fts_string yaml,
    fts_string name, fts_diagnostics** out_diagnostics,
    fts_plan** out) FTS_NOEXCEPT;
// The same for a mesh of which the plan must know something. options may be
// NULL.
// \since 1.2
FTS_NODISCARD FTS_API fts_status* fts_plan_resolve_with(
    const fts_model* model, const fts_schedule* schedule, fts_string yaml,
    fts_string name, const fts_plan_options* options,
    fts_diagnostics** out_diagnostics, fts_plan** out) FTS_NOEXCEPT;
// \since 1.0
FTS_API void fts_plan_retain(fts_plan* plan) FTS_NOEXCEPT;
// \since 1.0
FTS_API void fts_plan_release(fts_plan* plan) FTS_NOEXCEPT;

// Units in the order they are applied, the remainder not among them.
// \since 1.0
FTS_API size_t fts_plan_num_units(const fts_plan* plan) FTS_NOEXCEPT;
// Unit i; i equal to the number of units is the remainder.
// Errors: OUT_OF_RANGE.
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_plan_get_unit(
    const fts_plan* plan, size_t i, fts_unit_info* out) FTS_NOEXCEPT;
// The object of the command fts plan resolve --json.
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_plan_to_json(
    const fts_plan* plan, fts_buffer** out) FTS_NOEXCEPT;
// The whole plan, format fts-plan/1, segments included.
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_plan_to_full_json(
    const fts_plan* plan, fts_buffer** out) FTS_NOEXCEPT;
// A table for people.
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_plan_to_text(
    const fts_plan* plan, fts_buffer** out) FTS_NOEXCEPT;

FTS_EXTERN_C_END

#endif  // FTS_CAPI_PLAN_H_
