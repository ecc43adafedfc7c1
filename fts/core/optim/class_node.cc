// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/class_node.h"

#include <algorithm>
#include <utility>

#include "fts/core/base/codes.h"
#include "fts/core/base/did_you_mean.h"

namespace fts::optim {
namespace {

bool Fail(const char* code, const std::string& message,
          const SourceLocation& where, Diagnostics* diags) {
  diags->Error(code, message, where);
  return false;
}

bool ReadName(const YamlNode& name, const std::string& what, Diagnostics* diags,
              std::string* out) {
  if (!name.is_string() || name.text().empty()) {
    return Fail(codes::kBadType,
                what + " is " + DescribeYaml(name) +
                    "; it must be a class's name or class path",
                name.where(), diags);
  }
  *out = name.text();
  return true;
}

}  // namespace

bool ReadClassNode(const YamlNode& node, const std::string& what,
                   ClassNode* out, Diagnostics* diags) {
  const YamlNode* path = node.Find("class_path");
  const YamlNode* name = node.Find("name");
  if (!node.is_mapping() || (path == nullptr && name == nullptr)) {
    return Fail(node.is_mapping() ? codes::kMissingKey : codes::kBadType,
                what + " is " + DescribeYaml(node) +
                    "; write {class_path: ..., init_args: {...}} or {name: "
                    "..., keywords}",
                node.where(), diags);
  }
  if (path != nullptr) {
    if (!ReadName(*path, what + ".class_path", diags, &out->name)) return false;
    const std::vector<std::string> known = {"class_path", "init_args"};
    bool good = true;
    for (const YamlNode::Entry& entry : node.entries()) {
      const std::string& key = entry.key.text();
      if (std::find(known.begin(), known.end(), key) != known.end()) continue;
      good =
          Fail(codes::kUnknownKey,
               what + ": unknown key '" + key + "'" + DidYouMean(key, known) +
                   "; keywords of the class stand in init_args",
               entry.key.where(), diags);
    }
    const YamlNode* args = node.Find("init_args");
    if (args == nullptr || args->is_null()) {
      out->args =
          YamlNode::Mapping(std::vector<YamlNode::Entry>{}, path->where());
      return good;
    }
    if (!args->is_mapping()) {
      return Fail(codes::kBadType,
                  what + ".init_args is " + DescribeYaml(*args) +
                      "; it must be a mapping",
                  args->where(), diags);
    }
    out->args = args->At(path->where());
    return good;
  }
  if (!ReadName(*name, what + ".name", diags, &out->name)) return false;
  std::vector<YamlNode::Entry> args;
  for (const YamlNode::Entry& entry : node.entries()) {
    if (entry.key.text() != "name") args.push_back(entry);
  }
  out->args = YamlNode::Mapping(std::move(args), name->where());
  return true;
}

std::string ResolveClass(const std::string& what, const char* code,
                         const std::string& name,
                         const std::vector<ClassNames>& known,
                         const std::vector<std::string>& others,
                         const SourceLocation& where, Diagnostics* diags) {
  const bool path = name.rfind("torch.optim.", 0) == 0;
  const size_t last_part = path ? name.rfind('.') + 1 : 0;
  const std::string wanted = name.substr(last_part);
  std::vector<std::string> spellings;
  for (const ClassNames& entry : known) {
    if (wanted == entry.short_name || wanted == entry.class_name) {
      return entry.class_name;
    }
    // Suggest in the spelling that was used.
    spellings.push_back(path ? name.substr(0, last_part) + entry.class_name
                             : entry.short_name);
    if (!path) spellings.push_back(entry.class_name);
  }
  if (std::find(others.begin(), others.end(), wanted) != others.end()) {
    diags->Error(codes::kNotAvailable,
                 what + " '" + name + "' is not available in this version",
                 where);
  } else {
    diags->Error(
        code,
        "unknown " + what + " '" + name + "'" + DidYouMean(name, spellings),
        where);
  }
  return "";
}

}  // namespace fts::optim
