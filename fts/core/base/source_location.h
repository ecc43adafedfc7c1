// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A place in a file that a user wrote: file, line, column.
// Cheap to copy; the file name is shared. Threads: immutable value.
#ifndef FTS_CORE_BASE_SOURCE_LOCATION_H_
#define FTS_CORE_BASE_SOURCE_LOCATION_H_

#include <memory>
#include <string>

namespace fts {

// Lines and columns count from 1. Line 0 means "the file as a whole"; no file
// means no place at all.
struct SourceLocation {
  std::shared_ptr<const std::string> file;
  int line = 0;
  int column = 0;

  bool known() const { return file != nullptr; }

  // "f.yaml:3:5", "f.yaml" when the line is not known, "" when nothing is.
  std::string ToString() const;
};

// A place from its parts, for one-off uses and tests.
SourceLocation MakeLocation(std::string file, int line = 0, int column = 0);

bool operator==(const SourceLocation& a, const SourceLocation& b);
inline bool operator!=(const SourceLocation& a, const SourceLocation& b) {
  return !(a == b);
}

}  // namespace fts

#endif  // FTS_CORE_BASE_SOURCE_LOCATION_H_
