// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Diagnostic codes of the safetensors reader, listed in docs/diagnostics.md.
#ifndef FTS_CORE_SAFETENSORS_CODES_H_
#define FTS_CORE_SAFETENSORS_CODES_H_

namespace fts::codes {

// The file is no safetensors file, is cut short, or breaks the format.
inline constexpr char kBadSafetensors[] = "bad_safetensors";
// A sharded checkpoint's index file is malformed or disagrees with its shards.
inline constexpr char kBadSafetensorsIndex[] = "bad_safetensors_index";

}  // namespace fts::codes

#endif  // FTS_CORE_SAFETENSORS_CODES_H_
