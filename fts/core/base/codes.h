// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Diagnostic codes that several modules share. Each module's own codes stand in
// its own codes.h; all are listed in docs/diagnostics.md.
#ifndef FTS_CORE_BASE_CODES_H_
#define FTS_CORE_BASE_CODES_H_

namespace fts::codes {

inline constexpr char kMissingFile[] = "missing_file";
inline constexpr char kUnreadableFile[] = "unreadable_file";
inline constexpr char kBadType[] = "bad_type";
inline constexpr char kBadValue[] = "bad_value";
inline constexpr char kOutOfRange[] = "out_of_range";
inline constexpr char kUnknownKey[] = "unknown_key";
inline constexpr char kMissingKey[] = "missing_key";
inline constexpr char kNotAvailable[] = "not_available";
inline constexpr char kUsage[] = "usage";

}  // namespace fts::codes

#endif  // FTS_CORE_BASE_CODES_H_
