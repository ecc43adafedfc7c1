// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// All that was found in some input, errors and warnings, each with a code and a
// place.
// Handle: immutable.

#ifndef FTS_CAPI_DIAGNOSTICS_H_
#define FTS_CAPI_DIAGNOSTICS_H_

#include "fts/capi/base.h"
#include "fts/capi/buffer.h"
#include "fts/capi/status.h"

FTS_EXTERN_C_BEGIN

typedef struct fts_diagnostics fts_diagnostics;

typedef int32_t fts_severity;
enum {
  FTS_SEVERITY_UNSPECIFIED = 0,
  FTS_SEVERITY_WARNING = 1,
  FTS_SEVERITY_ERROR = 2
};

typedef struct fts_diagnostic {
  fts_severity severity;
  fts_string code;     // docs/diagnostics.md
  fts_string message;  // object, value, fix
  fts_string file;     // empty when there is no place
  int32_t line;        // from 1; 0 for a file as a whole
  int32_t column;
} fts_diagnostic;

// \since 1.0
FTS_API void fts_diagnostics_retain(fts_diagnostics* diagnostics) FTS_NOEXCEPT;
// \since 1.0
FTS_API void fts_diagnostics_release(fts_diagnostics* diagnostics) FTS_NOEXCEPT;
// 0 for NULL.
// \since 1.0
FTS_API size_t fts_diagnostics_size(const fts_diagnostics* diagnostics)
    FTS_NOEXCEPT;
// In the order found. Errors: OUT_OF_RANGE.
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_diagnostics_get(
    const fts_diagnostics* diagnostics, size_t i,
    fts_diagnostic* out) FTS_NOEXCEPT;
// One a line, as the command line prints them:
// "file:line:column: error: message [code]".
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_diagnostics_to_text(
    const fts_diagnostics* diagnostics, fts_buffer** out) FTS_NOEXCEPT;

FTS_EXTERN_C_END

#endif  // FTS_CAPI_DIAGNOSTICS_H_
