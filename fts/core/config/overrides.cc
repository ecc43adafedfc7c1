// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/config/overrides.h"

#include <cstddef>
#include <utility>

#include "fts/core/config/codes.h"

namespace fts {
namespace {

// The position of the '=' that ends the key: the first one outside quotes.
size_t FindEquals(const std::string& text) {
  char quote = '\0';
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '=') {
      return i;
    }
  }
  return std::string::npos;
}

bool ParseValue(const std::string& text, YamlNode* value,
                const std::string& argument, Diagnostics* diags) {
  Diagnostics inner;
  auto node = ParseYaml(text, "", &inner);
  if (node.ok()) {
    *value = std::move(node).value();
    return true;
  }
  diags->Error(codes::kBadOverride,
               "the value in '" + argument +
                   "' is not valid YAML: " + inner.errors().front().message);
  return false;
}

}  // namespace

std::optional<std::vector<std::string>> SplitKeyPath(const std::string& text) {
  std::vector<std::string> path;
  size_t i = 0;
  while (true) {
    std::string key;
    if (i < text.size() && (text[i] == '"' || text[i] == '\'')) {
      const size_t close = text.find(text[i], i + 1);
      if (close == std::string::npos) return std::nullopt;
      key = text.substr(i + 1, close - i - 1);
      i = close + 1;
    } else {
      while (i < text.size() && text[i] != '.') key.push_back(text[i++]);
      if (key.empty()) return std::nullopt;
    }
    path.push_back(std::move(key));
    if (i == text.size()) return path;
    if (text[i] != '.') return std::nullopt;
    ++i;
  }
}

std::string JoinKeyPath(const std::vector<std::string>& path) {
  std::string out;
  for (const std::string& key : path) {
    if (!out.empty()) out += ".";
    const bool plain =
        !key.empty() && key.find_first_of(".\"' ") == std::string::npos;
    out += plain ? key : "\"" + key + "\"";
  }
  return out;
}

absl::StatusOr<std::vector<Override>> ParseOverrides(
    const std::vector<std::string>& args, Diagnostics* diags) {
  const int errors_before = diags->num_errors();
  std::vector<Override> out;
  for (size_t i = 0; i < args.size(); ++i) {
    Override item;
    item.text = args[i];
    const bool dashes = item.text.rfind("--", 0) == 0;
    const std::string body = dashes ? item.text.substr(2) : item.text;
    size_t equals = FindEquals(body);
    std::string key = body.substr(0, equals);
    std::string value;
    if (equals != std::string::npos) {
      value = body.substr(equals + 1);
      if (!key.empty() && key.back() == '+') {
        item.append = true;
        key.pop_back();
      }
    } else if (dashes) {
      if (i + 1 == args.size() || args[i + 1].rfind("--", 0) == 0) {
        diags->Error(codes::kBadOverride, "'" + item.text +
                                              "' has no value; write '" +
                                              item.text + " VALUE'");
        continue;
      }
      value = args[++i];
      item.text += " " + value;
    } else {
      diags->Error(codes::kBadOverride,
                   "'" + item.text +
                       "' is no override; write key.path=value or "
                       "--key.path value");
      continue;
    }
    if (!IsYamlText(key)) {
      diags->Error(codes::kBadOverride, "the key in '" + item.text +
                                            "' is not printable UTF-8; write "
                                            "the key as it stands in the file");
      continue;
    }
    const auto path = SplitKeyPath(key);
    if (!path) {
      diags->Error(codes::kBadOverride,
                   "'" + key + "' in '" + item.text +
                       "' is no key path; join keys with '.', and quote a key "
                       "that holds dots: a.\"b.c\".d");
      continue;
    }
    item.path = *path;
    if (!ParseValue(value, &item.value, item.text, diags)) continue;
    out.push_back(std::move(item));
  }
  if (diags->num_errors() > errors_before) return diags->status();
  return out;
}

}  // namespace fts
