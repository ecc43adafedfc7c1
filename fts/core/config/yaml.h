// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// YAML with places: a value type for what a file says, where every node knows
// its file, line and column; a reader; and a writer.
//
// Scalars follow PyYAML's SafeLoader (YAML 1.1): `1e-06` is a string, `yes` a
// boolean, `010` octal, `1:30` sexagesimal; timestamps stay strings. Duplicate
// keys, `<<`, complex keys, further documents and tags outside the core set are
// errors. Hostile input ends in an error, never in a crash: file size, depth,
// nodes and alias expansion are bounded.
// Threads: nodes are immutable and may be shared freely; functions have no
// state.
#ifndef FTS_CORE_CONFIG_YAML_H_
#define FTS_CORE_CONFIG_YAML_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/base/source_location.h"

namespace fts {

// One value and its place. Copies are cheap: they share the content.
class YamlNode {
 public:
  enum class Kind { kNull, kBool, kInt, kFloat, kString, kSequence, kMapping };
  struct Entry;  // {YamlNode key; YamlNode value;}

  // Null, without a place.
  YamlNode();

  // Builders, for generated configs and tests.
  static YamlNode Null(SourceLocation where = {});
  static YamlNode Bool(bool value, SourceLocation where = {});
  static YamlNode Int(int64_t value, SourceLocation where = {});
  static YamlNode Float(double value, SourceLocation where = {});
  static YamlNode String(std::string value, SourceLocation where = {});
  static YamlNode Sequence(std::vector<YamlNode> items,
                           SourceLocation where = {});
  static YamlNode Mapping(std::vector<Entry> entries,
                          SourceLocation where = {});
  // A mapping with string keys.
  static YamlNode Mapping(std::vector<std::pair<std::string, YamlNode>> entries,
                          SourceLocation where = {});

  // The scalar `text` as a plain (unquoted) YAML scalar would read; nullopt
  // when it is no valid one (`<<`, `=`, integers beyond 64 bits).
  static std::optional<YamlNode> Plain(std::string text,
                                       SourceLocation where = {});

  // The same content at another place.
  YamlNode At(SourceLocation where) const;

  Kind kind() const;
  // "null", "boolean", "integer", "float", "string", "list" or "mapping".
  const char* kind_name() const;
  bool is_null() const { return kind() == Kind::kNull; }
  bool is_bool() const { return kind() == Kind::kBool; }
  bool is_int() const { return kind() == Kind::kInt; }
  bool is_float() const { return kind() == Kind::kFloat; }
  bool is_string() const { return kind() == Kind::kString; }
  bool is_sequence() const { return kind() == Kind::kSequence; }
  bool is_mapping() const { return kind() == Kind::kMapping; }
  bool is_scalar() const { return !is_sequence() && !is_mapping(); }

  // A scalar's text as written (for strings: the value); "null" for null, ""
  // for lists and mappings.
  const std::string& text() const;
  // True for quoted and block scalars.
  bool quoted() const;

  // Precondition: the kind is the one named.
  bool as_bool() const;
  int64_t as_int() const;
  double as_double() const;  // integers too

  // The value of an integer or float, or of a string that Python's float()
  // takes ("1e-06", " 1_0.5 ", "-inf").
  std::optional<double> ToNumber() const;

  // A sequence's items; empty for other kinds.
  const std::vector<YamlNode>& items() const;
  // A mapping's entries in the order written; empty for other kinds.
  const std::vector<Entry>& entries() const;
  // The value under the key with this text; nullptr when absent or no mapping.
  const YamlNode* Find(const std::string& key) const;
  // The place of that key itself, or an unknown place.
  SourceLocation KeyWhere(const std::string& key) const;
  // The keys' texts, in order.
  std::vector<std::string> Keys() const;

  const SourceLocation& where() const { return where_; }

  // For messages: the value in flow style on one line, cut to about 60
  // characters, strings in single quotes.
  std::string Show() const;

 private:
  friend class YamlNodeFactory;
  struct Rep;
  YamlNode(std::shared_ptr<const Rep> rep, SourceLocation where);

  std::shared_ptr<const Rep> rep_;
  SourceLocation where_;
};

struct YamlNode::Entry {
  YamlNode key;
  YamlNode value;
};

// Equal in kind and value, deeply; places, texts of values and key order aside
// (keys agree in text too). NaN equals NaN.
bool YamlEqual(const YamlNode& a, const YamlNode& b);

// "boolean true", "string 'abc'", "mapping {a: 1}": what was seen, for
// messages.
std::string DescribeYaml(const YamlNode& node);

struct YamlLimits {
  int64_t max_bytes = 16 << 20;
  int64_t max_nodes = 1'000'000;  // aliases count as what they stand for
  int max_depth = 100;
};

// Reads a file. An empty file is null.
// Errors: all problems found go to *diags; the result is diags->status().
absl::StatusOr<YamlNode> ReadYamlFile(const std::string& path,
                                      Diagnostics* diags,
                                      const YamlLimits& limits = {});

// Parses `text`; `name` stands for the file in places ("" = no places).
absl::StatusOr<YamlNode> ParseYaml(const std::string& text,
                                   const std::string& name, Diagnostics* diags,
                                   const YamlLimits& limits = {});

// Whether `text` may stand in a YAML file: printable UTF-8.
bool IsYamlText(const std::string& text);

struct EmitOptions {
  bool places = false;   // a trailing "# file:line" on each line with a value
  std::string no_place;  // stands for the place of values that have none
};

// Block-style YAML that reads back equal (YamlEqual), ending in a newline.
// Numbers keep the text they were written with.
std::string EmitYaml(const YamlNode& node, const EmitOptions& options = {});

}  // namespace fts

#endif  // FTS_CORE_CONFIG_YAML_H_
