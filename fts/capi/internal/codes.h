// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Codes of what the C interface itself sends to the log; listed in
// docs/diagnostics.md.

#ifndef FTS_CAPI_INTERNAL_CODES_H_
#define FTS_CAPI_INTERNAL_CODES_H_

namespace fts::codes {

inline constexpr char kSchedulerPhase[] = "scheduler_phase";
inline constexpr char kSchedulerNote[] = "scheduler_note";
inline constexpr char kSchedulerFinish[] = "scheduler_finish";
inline constexpr char kReleasedHandle[] = "released_handle";
inline constexpr char kCallbackThrew[] = "callback_threw";

}  // namespace fts::codes

#endif  // FTS_CAPI_INTERNAL_CODES_H_
