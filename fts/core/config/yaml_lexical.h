// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Looks at the text behind yaml-cpp's events, for what the events do not say.
// Internal to the YAML reader. Threads: no state.
#ifndef FTS_CORE_CONFIG_YAML_LEXICAL_H_
#define FTS_CORE_CONFIG_YAML_LEXICAL_H_

#include <cstddef>
#include <string>

#include "fts/core/config/yaml.h"

namespace fts::yaml_internal {

// Where the value that starts at `pos` really starts: past its tag and anchor.
size_t SkipProperties(const std::string& text, size_t pos);

// The position after the quoted scalar that opens at `pos`; npos when it is
// never closed.
size_t QuoteEnd(const std::string& text, size_t pos);

// True when the block-style key that starts at `start` is followed by its ':'
// or was announced by a '?'. yaml-cpp takes a key without either for a key with
// a null value, which hides a forgotten colon.
bool KeyHasColon(const std::string& text, size_t start, const YamlNode& key);

// yaml-cpp makes the escapes "\N" and "\_" single Latin-1 bytes; returns UTF-8.
std::string RepairEscapes(const std::string& value);

}  // namespace fts::yaml_internal

#endif  // FTS_CORE_CONFIG_YAML_LEXICAL_H_
