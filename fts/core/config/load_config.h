// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// From config files and overrides to one mapping: files merge in order, a later
// one wins; a string where a mapping is expected names a file; overrides come
// last. Knows which keys hold mappings, nothing else of what they mean.
// Threads: no state.
#ifndef FTS_CORE_CONFIG_LOAD_CONFIG_H_
#define FTS_CORE_CONFIG_LOAD_CONFIG_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/config/overrides.h"
#include "fts/core/config/yaml.h"

namespace fts {

// Mappings merge deeply, everything else is replaced; a key keeps its first
// position, new keys come last.
YamlNode MergeYaml(const YamlNode& base, const YamlNode& later);

// `files` are as the user typed them (UserPath applies). Named files are read,
// relative to the file that names them; reserved words (`implicit`, `llama`,
// `auto`) stay strings. A later string that names a file replaces the earlier
// mapping whole. Errors: those of ReadYamlFile; bad_type for a file that holds
// no mapping; config_cycle; bad_override.
absl::StatusOr<YamlNode> LoadConfig(const std::vector<std::string>& files,
                                    const std::vector<Override>& overrides,
                                    Diagnostics* diags);

// The same of configs that were read already: each null or a mapping.
absl::StatusOr<YamlNode> MergeConfig(const std::vector<YamlNode>& parts,
                                     const std::vector<Override>& overrides,
                                     Diagnostics* diags);

// True for keys where a string names a file ("schedule", "data.train", …).
bool NamesAFile(const std::string& dotted_path);

}  // namespace fts

#endif  // FTS_CORE_CONFIG_LOAD_CONFIG_H_
