// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What schedules and plans know of a model: module names, and parameters with
// shape, dtype and ties. No weights.
// Handle: immutable.

#ifndef FTS_CAPI_MODEL_H_
#define FTS_CAPI_MODEL_H_

#include "fts/capi/base.h"
#include "fts/capi/buffer.h"
#include "fts/capi/diagnostics.h"
#include "fts/capi/status.h"

FTS_EXTERN_C_BEGIN

typedef struct fts_model fts_model;

typedef struct fts_module_info {
  fts_string name;        // "" for the root
  fts_string class_name;  // as its framework prints it
  int32_t container;      // 1: a list or mapping of modules, never called
} fts_module_info;

typedef struct fts_parameter_info {
  fts_string name;
  const int64_t* shape;  // rank numbers; a scalar has none
  size_t rank;
  fts_string dtype;        // "float32", "bfloat16", ...
  fts_string shared_with;  // the first name of a tied alias; else empty
} fts_parameter_info;

// Reads a description (JSON, format fts-model/1: docs/README.md says where it
// is described). name stands for the file in messages. out_diagnostics may be
// NULL; it is written on failure too. Errors: INVALID_ARGUMENT.
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_model_parse(
    fts_string json, fts_string name, fts_diagnostics** out_diagnostics,
    fts_model** out) FTS_NOEXCEPT;
// \since 1.0
FTS_API void fts_model_retain(fts_model* model) FTS_NOEXCEPT;
// \since 1.0
FTS_API void fts_model_release(fts_model* model) FTS_NOEXCEPT;

// Modules, parents before children. 0 for NULL.
// \since 1.0
FTS_API size_t fts_model_num_modules(const fts_model* model) FTS_NOEXCEPT;
// Errors: OUT_OF_RANGE.
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_model_get_module(
    const fts_model* model, size_t i, fts_module_info* out) FTS_NOEXCEPT;
// Parameters in registration order, tied aliases included. 0 for NULL.
// \since 1.0
FTS_API size_t fts_model_num_parameters(const fts_model* model) FTS_NOEXCEPT;
// Errors: OUT_OF_RANGE.
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_model_get_parameter(
    const fts_model* model, size_t i, fts_parameter_info* out) FTS_NOEXCEPT;
// The description as JSON; fts_model_parse reads it back equal.
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_model_to_json(
    const fts_model* model, fts_buffer** out) FTS_NOEXCEPT;

FTS_EXTERN_C_END

#endif  // FTS_CAPI_MODEL_H_
