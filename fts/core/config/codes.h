// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Diagnostic codes of the configuration reader; listed in docs/diagnostics.md.
#ifndef FTS_CORE_CONFIG_CODES_H_
#define FTS_CORE_CONFIG_CODES_H_

namespace fts::codes {

inline constexpr char kYamlSyntax[] = "yaml_syntax";
inline constexpr char kYamlEncoding[] = "yaml_encoding";
inline constexpr char kYamlLimit[] = "yaml_limit";
inline constexpr char kYamlTag[] = "yaml_tag";
inline constexpr char kYamlAlias[] = "yaml_alias";
inline constexpr char kYamlMergeKey[] = "yaml_merge_key";
inline constexpr char kYamlSecondDocument[] = "yaml_second_document";
inline constexpr char kDuplicateKey[] = "duplicate_key";
inline constexpr char kComplexKey[] = "complex_key";
inline constexpr char kBadOverride[] = "bad_override";
inline constexpr char kConfigCycle[] = "config_cycle";

}  // namespace fts::codes

#endif  // FTS_CORE_CONFIG_CODES_H_
