// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/config/yaml_text.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>

#include "fts/core/config/codes.h"

namespace fts::yaml_internal {
namespace {

// What PyYAML's reader takes.
bool Printable(uint32_t c) {
  return c == 0x09 || c == 0x0A || c == 0x0D || (c >= 0x20 && c <= 0x7E) ||
         c == 0x85 || (c >= 0xA0 && c <= 0xD7FF) ||
         (c >= 0xE000 && c <= 0xFFFD) || (c >= 0x10000 && c <= 0x10FFFF);
}

}  // namespace

int DecodeUtf8(const std::string& text, size_t pos, uint32_t* code_point) {
  const auto byte = [&text](size_t i) -> uint32_t {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const uint32_t lead = byte(pos);
  int length = 0;
  uint32_t smallest = 0;
  if (lead < 0x80) {
    *code_point = lead;
    return 1;
  } else if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2, smallest = 0x80, *code_point = lead & 0x1F;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3, smallest = 0x800, *code_point = lead & 0x0F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4, smallest = 0x10000, *code_point = lead & 0x07;
  } else {
    return 0;
  }
  for (int i = 1; i < length; ++i) {
    if ((byte(pos + i) & 0xC0) != 0x80) return 0;
    *code_point = (*code_point << 6) | (byte(pos + i) & 0x3F);
  }
  const bool surrogate = *code_point >= 0xD800 && *code_point <= 0xDFFF;
  if (*code_point < smallest || *code_point > 0x10FFFF || surrogate) return 0;
  return length;
}

std::optional<YamlText> YamlText::Make(const std::string& raw,
                                       const std::string& name,
                                       Diagnostics* diags) {
  YamlText out;
  if (!name.empty()) out.file_ = std::make_shared<const std::string>(name);
  out.line_starts_.push_back(0);
  out.text_.reserve(raw.size() + 1);
  size_t pos = raw.rfind("\xEF\xBB\xBF", 0) == 0 ? 3 : 0;
  while (pos < raw.size()) {
    uint32_t c = 0;
    const int length = DecodeUtf8(raw, pos, &c);
    if (length == 0 || !Printable(c)) {
      const int line = static_cast<int>(out.line_starts_.size()) - 1;
      const SourceLocation where = out.Where(
          line, static_cast<int>(out.text_.size() - out.line_starts_.back()));
      char what[96];
      if (length == 0) {
        std::snprintf(what, sizeof(what), "byte 0x%02X is not valid UTF-8",
                      static_cast<unsigned char>(raw[pos]));
        diags->Error(codes::kYamlEncoding,
                     std::string(what) + "; save the file as UTF-8", where);
      } else {
        std::snprintf(what, sizeof(what),
                      "character U+%04X is not allowed in YAML", c);
        diags->Error(codes::kYamlEncoding,
                     std::string(what) +
                         "; remove it, or write it as an escape in a "
                         "double-quoted string",
                     where);
      }
      return std::nullopt;
    }
    if (c == '\r') {
      if (pos + 1 < raw.size() && raw[pos + 1] == '\n') ++pos;
      out.text_.push_back('\n');
    } else {
      out.text_.append(raw, pos, length);
    }
    pos += length;
    if (out.text_.back() == '\n') out.line_starts_.push_back(out.text_.size());
  }
  // yaml-cpp takes an unfinished line at the end of its input for a key.
  if (!out.text_.empty() && out.text_.back() != '\n') out.text_.push_back('\n');
  return out;
}

size_t YamlText::Offset(int line, int byte_column) const {
  if (line < 0) return 0;
  if (line >= static_cast<int>(line_starts_.size())) return text_.size();
  return std::min(
      text_.size(),
      line_starts_[line] + static_cast<size_t>(std::max(0, byte_column)));
}

SourceLocation YamlText::Where(int line, int byte_column) const {
  SourceLocation where;
  if (file_ == nullptr) return where;
  where.file = file_;
  if (line < 0) return where;
  where.line = line + 1;
  const size_t end = Offset(line, byte_column);
  if (line != cached_line_ || end < cached_offset_) {
    cached_line_ = line;
    cached_offset_ = Offset(line, 0);
    cached_column_ = 1;
  }
  for (; cached_offset_ < end; ++cached_offset_) {
    const auto byte = static_cast<unsigned char>(text_[cached_offset_]);
    if ((byte & 0xC0) != 0x80) ++cached_column_;
  }
  where.column = cached_column_;
  return where;
}

}  // namespace fts::yaml_internal
