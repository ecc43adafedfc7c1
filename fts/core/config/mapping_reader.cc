// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/config/mapping_reader.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "fts/core/base/codes.h"
#include "fts/core/base/did_you_mean.h"

namespace fts {
namespace {

std::string NumberText(double value) {
  if (std::nearbyint(value) == value && std::fabs(value) < 1e15) {
    return std::to_string(static_cast<int64_t>(value));
  }
  return YamlNode::Float(value).text();
}

std::string JoinChoices(const std::vector<std::string>& choices) {
  std::string out;
  for (size_t i = 0; i < choices.size(); ++i) {
    if (i > 0) out += i + 1 == choices.size() ? " or " : ", ";
    out += choices[i];
  }
  return out;
}

}  // namespace

MappingReader::MappingReader(const YamlNode& node, std::string name,
                             Diagnostics* diags)
    : node_(node), name_(std::move(name)), diags_(diags) {
  if (!node.is_mapping() && !node.is_null()) {
    diags_->Error(codes::kBadType,
                  (name_.empty() ? "the config" : name_) + " is " +
                      DescribeYaml(node) + "; it must be a mapping",
                  node.where());
  }
}

const YamlNode* MappingReader::Take(const std::string& key) {
  known_.push_back(key);
  return node_.Find(key);
}

bool MappingReader::Has(const std::string& key) const {
  return node_.Find(key) != nullptr;
}

std::string MappingReader::Name(const std::string& key) const {
  return name_.empty() ? key : name_ + "." + key;
}

SourceLocation MappingReader::Where(const std::string& key) const {
  const YamlNode* value = node_.Find(key);
  if (value == nullptr) return node_.where();
  return value->where().known() ? value->where() : node_.KeyWhere(key);
}

void MappingReader::BadType(const std::string& key, const YamlNode& seen,
                            const std::string& wanted) {
  diags_->Error(
      codes::kBadType,
      Name(key) + " is " + DescribeYaml(seen) + "; it must be " + wanted,
      Where(key));
}

bool MappingReader::Bool(const std::string& key, bool* out) {
  const YamlNode* value = Take(key);
  if (value == nullptr) return false;
  if (!value->is_bool()) {
    BadType(key, *value, "true or false");
    return false;
  }
  *out = value->as_bool();
  return true;
}

bool MappingReader::Int(const std::string& key, int64_t* out, int64_t min) {
  const YamlNode* value = Take(key);
  if (value == nullptr) return false;
  if (!value->is_int()) {
    BadType(key, *value, "an integer");
    return false;
  }
  if (value->as_int() < min) {
    diags_->Error(codes::kOutOfRange,
                  Name(key) + " is " + value->text() +
                      "; it must be at least " + std::to_string(min),
                  Where(key));
    return false;
  }
  *out = value->as_int();
  return true;
}

bool MappingReader::Double(const std::string& key, double* out, double min,
                           bool open_min) {
  const YamlNode* value = Take(key);
  if (value == nullptr) return false;
  const std::optional<double> number = value->ToNumber();
  if (!number) {
    BadType(key, *value, "a number");
    return false;
  }
  const bool low = open_min ? !(*number > min) : !(*number >= min);
  if (!std::isfinite(*number) || low) {
    diags_->Error(
        codes::kOutOfRange,
        Name(key) + " is " + value->text() + "; it must be finite" +
            (std::isfinite(min)
                 ? std::string(open_min ? " and above " : " and at least ") +
                       NumberText(min)
                 : std::string()),
        Where(key));
    return false;
  }
  *out = *number;
  return true;
}

bool MappingReader::String(const std::string& key, std::string* out) {
  const YamlNode* value = Take(key);
  if (value == nullptr) return false;
  if (!value->is_string() || value->text().empty()) {
    BadType(key, *value, "a string that is not empty");
    return false;
  }
  *out = value->text();
  return true;
}

bool MappingReader::StringList(const std::string& key,
                               std::vector<std::string>* out) {
  const YamlNode* value = Take(key);
  if (value == nullptr) return false;
  bool good = value->is_sequence();
  for (const YamlNode& item : value->items()) {
    good = good && item.is_string() && !item.text().empty();
  }
  if (!good) {
    BadType(key, *value, "a list of strings that are not empty");
    return false;
  }
  out->clear();
  for (const YamlNode& item : value->items()) out->push_back(item.text());
  return true;
}

bool MappingReader::Choice(const std::string& key,
                           const std::vector<std::string>& choices,
                           size_t* out) {
  const YamlNode* value = Take(key);
  if (value == nullptr) return false;
  const auto found = std::find(choices.begin(), choices.end(), value->text());
  if (!value->is_string() || found == choices.end()) {
    diags_->Error(codes::kBadValue,
                  Name(key) + " is " + DescribeYaml(*value) + "; it must be " +
                      JoinChoices(choices) +
                      (value->is_string() ? DidYouMean(value->text(), choices)
                                          : std::string()),
                  Where(key));
    return false;
  }
  *out = static_cast<size_t>(found - choices.begin());
  return true;
}

bool MappingReader::OptionalInt(const std::string& key,
                                std::optional<int64_t>* out, int64_t min) {
  const YamlNode* value = Take(key);
  if (value == nullptr) return false;
  if (value->is_null()) {
    out->reset();
    return true;
  }
  int64_t number = 0;
  if (!Int(key, &number, min)) return false;
  *out = number;
  return true;
}

bool MappingReader::OptionalDouble(const std::string& key,
                                   std::optional<double>* out, double min,
                                   bool open_min) {
  const YamlNode* value = Take(key);
  if (value == nullptr) return false;
  if (value->is_null()) {
    out->reset();
    return true;
  }
  double number = 0;
  if (!Double(key, &number, min, open_min)) return false;
  *out = number;
  return true;
}

void MappingReader::NotAvailable(const std::string& key,
                                 const std::string& what, bool null_is_off) {
  const YamlNode* value = Take(key);
  if (value == nullptr || (null_is_off && value->is_null())) return;
  diags_->Error(codes::kNotAvailable,
                Name(key) + what +
                    " is not available in this version; remove "
                    "it",
                Where(key));
}

void MappingReader::Done() {
  for (const YamlNode::Entry& e : node_.entries()) {
    if (std::find(known_.begin(), known_.end(), e.key.text()) != known_.end()) {
      continue;
    }
    diags_->Error(codes::kUnknownKey,
                  "unknown key '" + Name(e.key.text()) + "'" +
                      DidYouMean(e.key.text(), known_),
                  e.key.where());
  }
}

}  // namespace fts
