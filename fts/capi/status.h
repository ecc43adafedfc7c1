// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// How a call failed: a code, a text that names the object, the value, the place
// and the fix, and details by key.
// Handle: immutable.

#ifndef FTS_CAPI_STATUS_H_
#define FTS_CAPI_STATUS_H_

#include "fts/capi/base.h"

FTS_EXTERN_C_BEGIN

// Codes, numbered as in absl and gRPC; the numbers never change. A later
// version may add some.
typedef int32_t fts_code;
enum {
  FTS_CODE_OK = 0,
  FTS_CODE_CANCELLED = 1,
  FTS_CODE_UNKNOWN = 2,
  FTS_CODE_INVALID_ARGUMENT = 3,
  FTS_CODE_DEADLINE_EXCEEDED = 4,
  FTS_CODE_NOT_FOUND = 5,
  FTS_CODE_ALREADY_EXISTS = 6,
  FTS_CODE_PERMISSION_DENIED = 7,
  FTS_CODE_RESOURCE_EXHAUSTED = 8,
  FTS_CODE_FAILED_PRECONDITION = 9,
  FTS_CODE_ABORTED = 10,
  FTS_CODE_OUT_OF_RANGE = 11,
  FTS_CODE_UNIMPLEMENTED = 12,
  FTS_CODE_INTERNAL = 13,
  FTS_CODE_UNAVAILABLE = 14,
  FTS_CODE_DATA_LOSS = 15,
  FTS_CODE_UNAUTHENTICATED = 16
};

typedef struct fts_status fts_status;

// For callbacks that must report an error. code 0 and numbers outside the list
// become FTS_CODE_UNKNOWN. Never NULL: out of memory, it returns a status that
// says so.
// \since 1.0
FTS_NODISCARD FTS_API fts_status* fts_status_create(
    fts_code code, fts_string message) FTS_NOEXCEPT;
// \since 1.0
FTS_API void fts_status_retain(fts_status* status) FTS_NOEXCEPT;
// \since 1.0
FTS_API void fts_status_release(fts_status* status) FTS_NOEXCEPT;

// FTS_CODE_OK for NULL.
// \since 1.0
FTS_API fts_code fts_status_code(const fts_status* status) FTS_NOEXCEPT;
// "INVALID_ARGUMENT"; "OK" for NULL. Lives for ever.
// \since 1.0
FTS_API fts_string fts_status_code_name(const fts_status* status) FTS_NOEXCEPT;
// Empty for NULL.
// \since 1.0
FTS_API fts_string fts_status_message(const fts_status* status) FTS_NOEXCEPT;

// Facts about the error by key, for programs. Of wrong input, the first error:
// "code" (docs/diagnostics.md), "file", "line", "column"; what has no place has
// no such keys.
// \since 1.0
FTS_API size_t fts_status_num_details(const fts_status* status) FTS_NOEXCEPT;
// Empty when i is not below the number.
// \since 1.0
FTS_API fts_string fts_status_detail_key(const fts_status* status,
                                         size_t i) FTS_NOEXCEPT;
// \since 1.0
FTS_API fts_string fts_status_detail_value(const fts_status* status,
                                           size_t i) FTS_NOEXCEPT;

FTS_EXTERN_C_END

#endif  // FTS_CAPI_STATUS_H_
