// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A YAML text prepared for parsing: checked to be printable UTF-8, line breaks
// made '\n', and lines indexed so that byte positions become places.
// Internal to the YAML reader. Threads: confined to one thread (Where caches).
#ifndef FTS_CORE_CONFIG_YAML_TEXT_H_
#define FTS_CORE_CONFIG_YAML_TEXT_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fts/core/base/diagnostics.h"
#include "fts/core/base/source_location.h"

namespace fts::yaml_internal {

class YamlText {
 public:
  // nullopt after an error, which names the bad byte or character.
  static std::optional<YamlText> Make(const std::string& raw,
                                      const std::string& name,
                                      Diagnostics* diags);

  const std::string& text() const { return text_; }

  // The place of a 0-based line and byte column; characters count, not bytes.
  SourceLocation Where(int line, int byte_column) const;
  size_t Offset(int line, int byte_column) const;

 private:
  std::string text_;
  std::vector<size_t> line_starts_;
  std::shared_ptr<const std::string> file_;
  // The last place asked for: marks mostly move forward, and a line may be as
  // long as the file.
  mutable int cached_line_ = -1;
  mutable size_t cached_offset_ = 0;
  mutable int cached_column_ = 1;
};

// The length of the valid UTF-8 sequence at `pos`, with its code point; 0 when
// the bytes there are no valid UTF-8.
int DecodeUtf8(const std::string& text, size_t pos, uint32_t* code_point);

}  // namespace fts::yaml_internal

#endif  // FTS_CORE_CONFIG_YAML_TEXT_H_
