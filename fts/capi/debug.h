// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What helps to find mistakes in a program that uses the library.
// Threads: any.

#ifndef FTS_CAPI_DEBUG_H_
#define FTS_CAPI_DEBUG_H_

#include "fts/capi/base.h"

FTS_EXTERN_C_BEGIN

// Handles of all kinds that this process holds, statuses included, those
// counted that the library holds for others: equal before and after a piece of
// a program that releases what it makes.
// \since 1.1
FTS_API int64_t fts_live_handles(void) FTS_NOEXCEPT;

FTS_EXTERN_C_END

#endif  // FTS_CAPI_DEBUG_H_
