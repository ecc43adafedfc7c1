// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Reads model.safetensors.index.json: which shard holds which tensor.
//
// Shard names are plain file names beside the index; anything that could lead
// out of its directory is refused.
// Threads: pure functions.
#ifndef FTS_CORE_SAFETENSORS_INDEX_H_
#define FTS_CORE_SAFETENSORS_INDEX_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"

namespace fts::safetensors {

struct Index {
  std::map<std::string, std::string> weight_map;  // tensor -> shard file name
};

// `text` is the file's content, `path` its name in messages.
// Errors: bad_safetensors_index.
absl::StatusOr<Index> ParseIndex(const std::string& text,
                                 const std::string& path, Diagnostics* diags);

// Reads and parses the file. Errors: also missing_file.
absl::StatusOr<Index> ReadIndex(const std::string& path, Diagnostics* diags);

}  // namespace fts::safetensors

#endif  // FTS_CORE_SAFETENSORS_INDEX_H_
