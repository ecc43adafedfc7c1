// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What the library found worth saying and nobody asked for: warnings of a call
// whose out_diagnostics is NULL, what a scheduler decided where its outcome is
// not taken, mistakes that have no status to stand in (a handle released too
// often). One callback a process; without one all of it is dropped. The library
// itself never prints. Errors that a call returns are not repeated here.
// Threads: synchronized.

#ifndef FTS_CAPI_LOG_H_
#define FTS_CAPI_LOG_H_

#include "fts/capi/base.h"
#include "fts/capi/status.h"

FTS_EXTERN_C_BEGIN

typedef int32_t fts_log_level;
enum {
  FTS_LOG_LEVEL_UNSPECIFIED = 0,  // FTS_LOG_LEVEL_NOTE
  FTS_LOG_LEVEL_NOTE = 1,         // what happened, as planned
  FTS_LOG_LEVEL_WARNING = 2,      // what may not be meant
  FTS_LOG_LEVEL_ERROR = 3         // a mistake in the calling program
};

// Views live during the call. Read only fields within struct_size.
typedef struct fts_log_entry {
  size_t struct_size;
  fts_log_level level;
  int32_t line;        // from 1; 0 for a file as a whole
  fts_string code;     // docs/diagnostics.md
  fts_string message;  // one line or more, without a break at the end
  fts_string file;     // empty when there is no place
  int32_t column;
  int32_t reserved;
} fts_log_entry;

typedef void (*fts_log_fn)(const fts_log_entry* entry, void* user_data);

// Sends entries of at least min_level to fn, in place of the one set before; fn
// NULL: to nobody. fn is called on the thread on which something was found, no
// locks of the library's held, by several threads at once if need be, and for
// the last time possibly just after it was replaced. It may call the library,
// save the handle whose call it is told from; what it causes is not logged, and
// it must not call this function. What it throws is dropped.
// destroy(user_data), if not NULL, is called exactly once, after the last call
// of fn: when the callback is replaced, on the thread that was last to use it,
// or at once when fn is NULL or this call fails. Not at the end of the process;
// a forked child keeps the callback.
// Errors: INVALID_ARGUMENT (an unknown level), FAILED_PRECONDITION (from
// within fn).
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_log_set_callback(
    fts_log_fn fn, fts_log_level min_level, void* user_data,
    void (*destroy)(void* user_data)) FTS_NOEXCEPT;

FTS_EXTERN_C_END

#endif  // FTS_CAPI_LOG_H_
