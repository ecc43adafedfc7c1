// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/safetensors/index.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fts/core/base/codes.h"
#include "fts/core/safetensors/codes.h"
#include "fts/core/safetensors/header_json.h"

namespace fts::safetensors {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxBytes = 100'000'000;
constexpr int kMaxDepth = 8;

SourceLocation LocationOf(const std::string& text, size_t byte,
                          const std::string& path) {
  SourceLocation where;
  where.file = std::make_shared<const std::string>(path);
  where.line = 1;
  where.column = 1;
  for (size_t i = 0; i + 1 < byte && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++where.line;
      where.column = 1;
    } else {
      ++where.column;
    }
  }
  return where;
}

// A plain file name of a safetensors file, nothing that leaves the directory.
bool IsShardName(const std::string& name) {
  return absl::EndsWith(name, ".safetensors") && name[0] != '.' &&
         name.find('/') == std::string::npos &&
         name.find('\\') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

}  // namespace

absl::StatusOr<Index> ParseIndex(const std::string& text,
                                 const std::string& path, Diagnostics* diags) {
  const int errors_before = diags->num_errors();
  auto error = [&](const std::string& message) {
    diags->Error(codes::kBadSafetensorsIndex,
                 absl::StrCat(path, ": ", message));
  };
  // The DOM keeps the last of two equal keys and takes any depth, so both are
  // watched while it is built.
  std::set<std::string> seen;
  bool too_deep = false;
  const Json::parser_callback_t watch =
      [&](int depth, Json::parse_event_t event, Json& value) {
        if (depth > kMaxDepth) too_deep = true;
        if (event == Json::parse_event_t::key && depth == 2) {
          const std::string key = value.get<std::string>();
          if (!seen.insert(key).second) {
            error(absl::StrCat("'", Printable(key), "' appears twice"));
          }
        }
        if (event == Json::parse_event_t::object_start && depth == 1) {
          seen.clear();
        }
        return !too_deep;
      };
  Json root;
  try {
    root = Json::parse(text, watch);
  } catch (const Json::parse_error& e) {
    std::string what = e.what();
    const size_t colon = what.find(": ");
    if (colon != std::string::npos) what = what.substr(colon + 2);
    diags->Error(codes::kBadSafetensorsIndex,
                 absl::StrCat("not valid JSON: ", Printable(what)),
                 LocationOf(text, e.byte, path));
    return diags->status();
  }
  if (too_deep) {
    error(absl::StrCat("nested deeper than ", kMaxDepth, " levels"));
    return diags->status();
  }
  if (!root.is_object() || root.find("weight_map") == root.end() ||
      !root["weight_map"].is_object()) {
    error("has no 'weight_map' object (tensor name: shard file)");
    return diags->status();
  }
  Index index;
  for (const auto& [tensor, shard] : root["weight_map"].items()) {
    if (!shard.is_string()) {
      error(absl::StrCat("the shard of tensor '", Printable(tensor), "' is ",
                         shard.type_name(), "; expected a file name"));
      continue;
    }
    const std::string name = shard.get<std::string>();
    if (!IsShardName(name)) {
      error(absl::StrCat("tensor '", Printable(tensor), "' is in '",
                         Printable(name),
                         "'; a shard must be a .safetensors file beside the "
                         "index, without a path"));
      continue;
    }
    index.weight_map[tensor] = name;
  }
  if (diags->num_errors() > errors_before) return diags->status();
  return index;
}

absl::StatusOr<Index> ReadIndex(const std::string& path, Diagnostics* diags) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    diags->Error(codes::kMissingFile, absl::StrCat("cannot open '", path, "'"));
    return diags->status();
  }
  std::string text(kMaxBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  if (text.size() > kMaxBytes) {
    diags->Error(codes::kBadSafetensorsIndex,
                 absl::StrCat(path, ": larger than ", kMaxBytes, " bytes"));
    return diags->status();
  }
  return ParseIndex(text, path, diags);
}

}  // namespace fts::safetensors
