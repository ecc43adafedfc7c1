// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/models/llama/yaml_fields.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/codes.h"

namespace fts::llama {

Fields::Fields(std::string owner, const YamlNode& node, Diagnostics* diags)
    : owner_(std::move(owner)), node_(node), diags_(diags) {}

const YamlNode* Fields::Find(const std::string& key) const {
  const YamlNode* value = node_.Find(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

const YamlNode* Fields::Get(const std::string& key, Need need) {
  const YamlNode* value = Find(key);
  if (value == nullptr && need == kRequired) {
    diags_->Error(codes::kMissingKey,
                  absl::StrCat(owner_, " needs the key '", key, "'"),
                  node_.where());
  }
  return value;
}

bool Fields::BadType(const std::string& key, const YamlNode& value,
                     const char* wanted) {
  diags_->Error(codes::kBadType,
                absl::StrCat(owner_, ": '", key, "' is ", DescribeYaml(value),
                             "; expected ", wanted),
                value.where());
  return false;
}

bool Fields::Int(const std::string& key, Need need, int64_t* value) {
  const YamlNode* found = Get(key, need);
  if (found == nullptr) return false;
  if (!found->is_int()) return BadType(key, *found, "an integer");
  *value = found->as_int();
  return true;
}

bool Fields::Number(const std::string& key, Need need, double* value) {
  const YamlNode* found = Get(key, need);
  if (found == nullptr) return false;
  const std::optional<double> number = found->ToNumber();
  if (!number.has_value()) return BadType(key, *found, "a number");
  *value = *number;
  return true;
}

bool Fields::Bool(const std::string& key, Need need, bool* value) {
  const YamlNode* found = Get(key, need);
  if (found == nullptr) return false;
  if (!found->is_bool()) return BadType(key, *found, "true or false");
  *value = found->as_bool();
  return true;
}

bool Fields::String(const std::string& key, Need need, std::string* value) {
  const YamlNode* found = Get(key, need);
  if (found == nullptr) return false;
  if (!found->is_string()) return BadType(key, *found, "a string");
  *value = found->text();
  return true;
}

}  // namespace fts::llama
