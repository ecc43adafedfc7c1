// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Diagnostic codes of comm. See docs/diagnostics.md.
#ifndef FTS_CORE_COMM_CODES_H_
#define FTS_CORE_COMM_CODES_H_

namespace fts::codes {

inline constexpr char kLaunchEnvironment[] = "launch_environment";

}  // namespace fts::codes

#endif  // FTS_CORE_COMM_CODES_H_
