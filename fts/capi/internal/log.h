// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Sends to the callback of log.h what a function would otherwise drop.
// Threads: safe from any thread; no lock of the caller's that a callback could
// want may be held.

#ifndef FTS_CAPI_INTERNAL_LOG_H_
#define FTS_CAPI_INTERNAL_LOG_H_

#include <string_view>

#include "fts/capi/log.h"
#include "fts/core/base/diagnostics.h"

namespace fts::capi {

// Whether anybody listens at that level: before making a text.
bool Listens(fts_log_level level) noexcept;

// `code` is one of internal/codes.h or of the core's. Drops the entry when
// memory runs out.
void Log(fts_log_level level, std::string_view code,
         std::string_view message) noexcept;

// The warnings of `diags`, with their places.
void LogWarnings(const Diagnostics& diags) noexcept;

}  // namespace fts::capi

#endif  // FTS_CAPI_INTERNAL_LOG_H_
