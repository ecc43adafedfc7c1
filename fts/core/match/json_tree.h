// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// JSON text as a tree in which every value knows its line and column, within
// budgets for depth and size. nlohmann-json does the parsing (as events).
// Part of the model.json reader; nothing else uses it.
// Threads: values.
#ifndef FTS_CORE_MATCH_JSON_TREE_H_
#define FTS_CORE_MATCH_JSON_TREE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/base/source_location.h"

namespace fts::match_internal {

struct JsonValue {
  enum Kind { kNull, kBool, kInteger, kNumber, kString, kList, kMapping };
  Kind kind = kNull;
  bool boolean = false;
  int64_t integer = 0;  // kInteger; kNumber when it is no int64
  std::string string;
  std::vector<JsonValue> items;   // a list's items, a mapping's values
  std::vector<std::string> keys;  // of a mapping, parallel to `items`
  SourceLocation where;

  const char* kind_name() const;
  const JsonValue* Find(const std::string& key) const;
};

// Errors: bad_json, duplicate_name (a key twice in one mapping), out_of_range
// (nested deeper than 32, more than 8 million values).
absl::StatusOr<JsonValue> ParseJsonTree(const std::string& text,
                                        const std::string& name,
                                        Diagnostics* diags);

}  // namespace fts::match_internal

#endif  // FTS_CORE_MATCH_JSON_TREE_H_
