// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Bytes that a function made and that no other handle owns.
// Handle: immutable.

#ifndef FTS_CAPI_BUFFER_H_
#define FTS_CAPI_BUFFER_H_

#include "fts/capi/base.h"

FTS_EXTERN_C_BEGIN

typedef struct fts_buffer fts_buffer;

// \since 1.0
FTS_API void fts_buffer_retain(fts_buffer* buffer) FTS_NOEXCEPT;
// \since 1.0
FTS_API void fts_buffer_release(fts_buffer* buffer) FTS_NOEXCEPT;
// The contents, followed by a zero byte; empty for NULL.
// \since 1.0
FTS_API fts_string fts_buffer_view(const fts_buffer* buffer) FTS_NOEXCEPT;

FTS_EXTERN_C_END

#endif  // FTS_CAPI_BUFFER_H_
