// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Which interface and which library a program found at run time.
// Threads: any.

#ifndef FTS_CAPI_VERSION_H_
#define FTS_CAPI_VERSION_H_

#include "fts/capi/base.h"

FTS_EXTERN_C_BEGIN

// FTS_API_MAJOR and FTS_API_MINOR of the library. A caller needs an equal major
// and a minor that is not smaller than its own. NULL parameters are left alone.
// \since 1.0
FTS_API void fts_api_version(int32_t* major, int32_t* minor) FTS_NOEXCEPT;

// The SDK's version, such as "0.1.0". Lives for ever.
// \since 1.0
FTS_API fts_string fts_version(void) FTS_NOEXCEPT;

FTS_EXTERN_C_END

#endif  // FTS_CAPI_VERSION_H_
