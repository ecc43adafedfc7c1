// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Reads typed values out of one mapping, recording what is wrong with them.
// Threads: confined to one thread.
#ifndef FTS_MODELS_LLAMA_YAML_FIELDS_H_
#define FTS_MODELS_LLAMA_YAML_FIELDS_H_

#include <cstdint>
#include <string>

#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"

namespace fts::llama {

class Fields {
 public:
  enum Need {
    kRequired,  // absent or null: missing_key
    kOptional,  // absent or null: the value stays as it is
  };

  // `owner` names the mapping in messages.
  Fields(std::string owner, const YamlNode& node, Diagnostics* diags);

  // Each returns true when it set *value. Errors: missing_key, bad_type.
  bool Int(const std::string& key, Need need, int64_t* value);
  // Integers, floats, and text such as 1e-05 that Python reads as a float.
  bool Number(const std::string& key, Need need, double* value);
  bool Bool(const std::string& key, Need need, bool* value);
  bool String(const std::string& key, Need need, std::string* value);

  // The value unless absent or null.
  const YamlNode* Find(const std::string& key) const;
  const YamlNode& node() const { return node_; }

 private:
  const YamlNode* Get(const std::string& key, Need need);
  bool BadType(const std::string& key, const YamlNode& value,
               const char* wanted);

  std::string owner_;
  YamlNode node_;
  Diagnostics* diags_;
};

}  // namespace fts::llama

#endif  // FTS_MODELS_LLAMA_YAML_FIELDS_H_
