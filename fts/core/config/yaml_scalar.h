// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What a scalar means, as PyYAML's SafeLoader decides it.
// Internal to the YAML reader and writer. Threads: no state.
#ifndef FTS_CORE_CONFIG_YAML_SCALAR_H_
#define FTS_CORE_CONFIG_YAML_SCALAR_H_

#include <cstdint>
#include <optional>
#include <string>

#include "fts/core/config/yaml.h"

namespace fts::yaml_internal {

struct Scalar {
  YamlNode::Kind kind = YamlNode::Kind::kString;
  bool b = false;
  int64_t i = 0;
  double d = 0;
  // Not empty: PyYAML refuses this scalar, or it does not fit; why, and what to
  // do.
  std::string error;
};

// The implicit type of a plain scalar.
Scalar ResolvePlain(const std::string& text);

// A scalar under an explicit core tag ("bool", "int", "float", "null", "str").
Scalar ConstructTagged(const std::string& tag, const std::string& text);

// Python's float(text).
std::optional<double> PythonFloat(const std::string& text);

// The shortest decimal text that reads back as `value` and is a float to
// PyYAML.
std::string FloatText(double value);

}  // namespace fts::yaml_internal

#endif  // FTS_CORE_CONFIG_YAML_SCALAR_H_
