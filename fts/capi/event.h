// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Work in flight: poll it, wait for it, or be called when it has ended.
// Handle: synchronized.

#ifndef FTS_CAPI_EVENT_H_
#define FTS_CAPI_EVENT_H_

#include "fts/capi/base.h"
#include "fts/capi/status.h"

FTS_EXTERN_C_BEGIN

typedef struct fts_event fts_event;

// Releasing an event does not stop its work.
// \since 1.1
FTS_API void fts_event_retain(fts_event* event) FTS_NOEXCEPT;
// \since 1.1
FTS_API void fts_event_release(fts_event* event) FTS_NOEXCEPT;
// 1 when the work has ended, well or not; 1 for NULL.
// \since 1.1
FTS_API int32_t fts_event_is_ready(const fts_event* event) FTS_NOEXCEPT;
// Waits at most that long; a negative number: for ever. Returns how the work
// ended, the same to every caller. Errors: DEADLINE_EXCEEDED when it has not,
// which changes nothing about the work; those of the work.
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_event_wait(
    const fts_event* event, int64_t timeout_ns) FTS_NOEXCEPT;

// Calls fn(status, user_data), once, then destroy(user_data), when the work has
// ended: on the calling thread when it has already, else on a thread of the
// library's, no locks held. status is NULL for success and lives during the
// call. destroy may be NULL; it is called, and fn is not, when the call fails.
// Errors: INVALID_ARGUMENT.
typedef void (*fts_event_fn)(const fts_status* status, void* user_data);
// \since 1.1
FTS_NODISCARD FTS_API fts_status* fts_event_on_ready(
    const fts_event* event, fts_event_fn fn, void* user_data,
    void (*destroy)(void* user_data)) FTS_NOEXCEPT;

FTS_EXTERN_C_END

#endif  // FTS_CAPI_EVENT_H_
