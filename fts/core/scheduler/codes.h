// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Diagnostic codes of the scheduler; all are listed in docs/diagnostics.md.
#ifndef FTS_CORE_SCHEDULER_CODES_H_
#define FTS_CORE_SCHEDULER_CODES_H_

namespace fts::codes {

inline constexpr char kEarlyStoppingIgnored[] = "early_stopping_ignored";
inline constexpr char kNeedsValidation[] = "needs_validation";

}  // namespace fts::codes

#endif  // FTS_CORE_SCHEDULER_CODES_H_
