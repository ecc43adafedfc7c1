// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/base/source_location.h"

#include <utility>

namespace fts {

std::string SourceLocation::ToString() const {
  if (file == nullptr) return "";
  std::string out = *file;
  if (line > 0) {
    out += ":" + std::to_string(line);
    if (column > 0) out += ":" + std::to_string(column);
  }
  return out;
}

SourceLocation MakeLocation(std::string file, int line, int column) {
  SourceLocation where;
  where.file = std::make_shared<const std::string>(std::move(file));
  where.line = line;
  where.column = column;
  return where;
}

bool operator==(const SourceLocation& a, const SourceLocation& b) {
  if (a.known() != b.known()) return false;
  if (!a.known()) return true;
  return *a.file == *b.file && a.line == b.line && a.column == b.column;
}

}  // namespace fts
