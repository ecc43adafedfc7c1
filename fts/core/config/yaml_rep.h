// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The shared content behind a YamlNode, and the way to build one with a text
// that differs from its value. Internal to the YAML files.
// Threads: a Rep is immutable once a node holds it.
#ifndef FTS_CORE_CONFIG_YAML_REP_H_
#define FTS_CORE_CONFIG_YAML_REP_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fts/core/config/yaml.h"
#include "fts/core/config/yaml_scalar.h"

namespace fts {

struct YamlNode::Rep {
  yaml_internal::Scalar scalar;  // its kind is the node's kind
  std::string text;
  bool quoted = false;
  std::vector<YamlNode> items;
  std::vector<Entry> entries;
  int64_t size = 1;  // nodes in this tree, shared ones counted each time
};

class YamlNodeFactory {
 public:
  static YamlNode Scalar(yaml_internal::Scalar scalar, std::string text,
                         bool quoted, SourceLocation where);
  static int64_t Size(const YamlNode& node);
};

}  // namespace fts

#endif  // FTS_CORE_CONFIG_YAML_REP_H_
