// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/keyword_reader.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "fts/core/base/codes.h"
#include "fts/core/base/did_you_mean.h"

namespace fts::optim {

const NumberRule kAnyNumber = {[](double x) { return std::isfinite(x); },
                               "a finite number"};
const NumberRule kNotNegative = {
    [](double x) { return std::isfinite(x) && x >= 0; },
    "a number of at least 0"};
const NumberRule kPositive = {
    [](double x) { return std::isfinite(x) && x > 0; }, "a number above 0"};
const NumberRule kFraction = {[](double x) { return x >= 0 && x < 1; },
                              "a number of at least 0 and below 1"};
const NumberRule kPositiveFraction = {[](double x) { return x > 0 && x <= 1; },
                                      "a number above 0 and at most 1"};
const NumberRule kUnitInterval = {[](double x) { return x >= 0 && x <= 1; },
                                  "a number from 0 to 1"};

KeywordReader::KeywordReader(std::string owner, const YamlNode& args,
                             Diagnostics* diags)
    : owner_(std::move(owner)), args_(args), diags_(diags) {
  if (!args_.is_null() && !args_.is_mapping()) {
    Problem(
        codes::kBadType,
        "its keywords are " + DescribeYaml(args_) + "; they must be a mapping",
        args_.where());
  }
}

void KeywordReader::Problem(const char* code, const std::string& text,
                            const SourceLocation& where) {
  diags_->Error(code, owner_ + ": " + text, where);
}

const YamlNode* KeywordReader::Find(const std::string& key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
    known_.push_back(key);
  }
  return args_.Find(key);
}

double KeywordReader::Number(const std::string& key, double fallback,
                             const NumberRule& rule) {
  const YamlNode* node = Find(key);
  if (node == nullptr) return fallback;
  const std::optional<double> number = node->ToNumber();
  if (number.has_value() && rule.holds(*number)) return *number;
  Problem(
      number.has_value() ? codes::kOutOfRange : codes::kBadType,
      "'" + key + "' is " + DescribeYaml(*node) + "; it must be " + rule.text,
      node->where());
  return fallback;
}

int64_t KeywordReader::Int(const std::string& key, int64_t fallback,
                           int64_t least) {
  const YamlNode* node = Find(key);
  if (node == nullptr) return fallback;
  if (node->is_int() && node->as_int() >= least) return node->as_int();
  Problem(node->is_int() ? codes::kOutOfRange : codes::kBadType,
          "'" + key + "' is " + DescribeYaml(*node) +
              "; it must be an integer of at least " + std::to_string(least),
          node->where());
  return fallback;
}

bool KeywordReader::Bool(const std::string& key, bool fallback) {
  const YamlNode* node = Find(key);
  if (node == nullptr) return fallback;
  if (node->is_bool()) return node->as_bool();
  Problem(
      codes::kBadType,
      "'" + key + "' is " + DescribeYaml(*node) + "; it must be true or false",
      node->where());
  return fallback;
}

std::string KeywordReader::String(const std::string& key,
                                  const std::string& fallback) {
  const YamlNode* node = Find(key);
  if (node == nullptr || node->is_null()) return fallback;
  if (node->is_string()) return node->text();
  Problem(codes::kBadType,
          "'" + key + "' is " + DescribeYaml(*node) + "; it must be a string",
          node->where());
  return fallback;
}

size_t KeywordReader::Choice(const std::string& key,
                             const std::vector<std::string>& choices,
                             size_t fallback) {
  const YamlNode* node = Find(key);
  if (node == nullptr) return fallback;
  std::string list;
  for (size_t i = 0; i < choices.size(); ++i) {
    if (node->is_string() && node->text() == choices[i]) return i;
    list += (i == 0 ? "'" : " or '") + choices[i] + "'";
  }
  Problem(codes::kBadValue,
          "'" + key + "' is " + DescribeYaml(*node) + "; it must be " + list,
          node->where());
  return fallback;
}

std::vector<int64_t> KeywordReader::Ints(const std::string& key,
                                         int64_t least) {
  const YamlNode* node = Find(key);
  std::vector<int64_t> out;
  if (node == nullptr) return out;
  bool good = node->is_sequence();
  for (const YamlNode& item : node->items()) {
    if (item.is_int() && item.as_int() >= least) {
      out.push_back(item.as_int());
    } else {
      good = false;
    }
  }
  if (!good) {
    Problem(codes::kBadType,
            "'" + key + "' is " + DescribeYaml(*node) +
                "; it must be a list of integers of at least " +
                std::to_string(least),
            node->where());
  }
  return out;
}

std::vector<double> KeywordReader::Numbers(const std::string& key,
                                           std::vector<double> fallback,
                                           const NumberRule& rule) {
  const YamlNode* node = Find(key);
  if (node == nullptr) return fallback;
  std::vector<YamlNode> items;
  if (node->is_sequence()) {
    items = node->items();
  } else {
    items = {*node};
  }
  std::vector<double> out;
  for (const YamlNode& item : items) {
    const std::optional<double> number = item.ToNumber();
    if (number.has_value() && rule.holds(*number)) out.push_back(*number);
  }
  if (out.size() == items.size() && !out.empty()) return out;
  Problem(codes::kBadValue,
          "'" + key + "' is " + DescribeYaml(*node) + "; it must be " +
              rule.text + ", or a list of such",
          node->where());
  return fallback;
}

void KeywordReader::Require(const std::string& key) {
  if (Find(key) != nullptr) return;
  Problem(codes::kMissingKey, "'" + key + "' is missing", args_.where());
}

void KeywordReader::OnlyOff(const std::string& key) {
  const YamlNode* node = Find(key);
  if (node == nullptr || node->is_null()) return;
  if (node->is_bool() && !node->as_bool()) return;
  Problem(codes::kNotAvailable,
          "'" + key + "' is not available in this version; remove it",
          args_.KeyWhere(key));
}

void KeywordReader::Finish() {
  for (const auto& [key, value] : args_.entries()) {
    if (std::find(known_.begin(), known_.end(), key.text()) != known_.end()) {
      continue;
    }
    Problem(
        codes::kUnknownKey,
        "unknown keyword '" + key.text() + "'" + DidYouMean(key.text(), known_),
        key.where());
  }
}

}  // namespace fts::optim
