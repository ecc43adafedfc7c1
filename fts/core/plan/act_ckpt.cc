// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/act_ckpt.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fts/core/base/codes.h"
#include "fts/core/base/did_you_mean.h"
#include "fts/core/plan/codes.h"

namespace fts {
namespace {

constexpr char kComposable[] = "composable";
constexpr char kWrappedOffload[] = "wrapped_offload";

const std::vector<std::string>& Modes() {
  static const auto* const modes =
      new std::vector<std::string>{kComposable, "wrapped", kWrappedOffload};
  return *modes;
}

// Keywords of the non-reentrant checkpoint, and ours for selective
// checkpointing.
const std::vector<std::string>& Keywords() {
  static const auto* const keywords = new std::vector<std::string>{
      "use_reentrant", "preserve_rng_state", "context_fn", "determinism_check",
      "debug",         "early_stop",         "every",      "save"};
  return *keywords;
}

bool Contains(const std::vector<std::string>& list, const std::string& x) {
  return std::find(list.begin(), list.end(), x) != list.end();
}

class Checker {
 public:
  Checker(const std::string& owner, Diagnostics* diags)
      : owner_(owner), diags_(diags) {}

  std::optional<YamlNode> Check(const YamlNode& value) {
    if (value.is_null() || (value.is_bool() && !value.as_bool())) {
      return YamlNode::Null(value.where());
    }
    if (value.is_string()) return Build(value, YamlNode(), value);
    if (value.is_sequence()) return CheckList(value);
    if (value.is_mapping()) return CheckMapping(value);
    Error(codes::kBadType,
          absl::StrCat("is ", DescribeYaml(value),
                       "; it must be a mode, [mode], [mode, {keyword: value}], "
                       "{mode: m, kwargs: {...}}, or null for off"),
          value);
    return std::nullopt;
  }

 private:
  void Error(const char* code, const std::string& what, const YamlNode& at) {
    diags_->Error(code, absl::StrCat(owner_, ": act_ckpt ", what), at.where());
    good_ = false;
  }

  std::optional<YamlNode> CheckList(const YamlNode& value) {
    const std::vector<YamlNode>& items = value.items();
    if (items.empty()) {
      Error(codes::kBadType,
            "is an empty list, which names no mode; use null to switch it off",
            value);
      return std::nullopt;
    }
    if (items.size() > 2) {
      Error(codes::kBadType,
            absl::StrCat("is a list of ", items.size(),
                         "; it takes [mode] or [mode, {keyword: value}]"),
            value);
      return std::nullopt;
    }
    return Build(items[0], items.size() > 1 ? items[1] : YamlNode(), value);
  }

  std::optional<YamlNode> CheckMapping(const YamlNode& value) {
    const std::vector<std::string> known = {"mode", "kwargs"};
    for (const YamlNode::Entry& entry : value.entries()) {
      if (Contains(known, entry.key.text())) continue;
      Error(codes::kUnknownKey,
            absl::StrCat("has no key '", entry.key.text(),
                         "'; it takes mode and kwargs",
                         DidYouMean(entry.key.text(), known)),
            entry.key);
    }
    const YamlNode* mode = value.Find("mode");
    if (mode == nullptr) {
      Error(codes::kMissingKey,
            absl::StrCat("lacks 'mode'; it is one of ", ModeList()), value);
      return std::nullopt;
    }
    const YamlNode* kwargs = value.Find("kwargs");
    return Build(*mode, kwargs ? *kwargs : YamlNode(), value);
  }

  std::optional<YamlNode> Build(const YamlNode& mode, const YamlNode& kwargs,
                                const YamlNode& at) {
    if (!mode.is_string()) {
      Error(codes::kBadType,
            absl::StrCat("mode is ", DescribeYaml(mode), "; it must be one of ",
                         ModeList()),
            mode);
      return std::nullopt;
    }
    std::string name = mode.text();
    if (!Contains(Modes(), name)) {
      diags_->Warning(
          codes::kUnknownActCkptMode,
          absl::StrCat(owner_, ": act_ckpt mode '", name,
                       "' is unknown, so composable is used; modes are ",
                       ModeList(), DidYouMean(name, Modes())),
          mode.where());
      name = kComposable;
    }
    std::vector<YamlNode::Entry> checked;
    if (!kwargs.is_null() && !kwargs.is_mapping()) {
      Error(codes::kBadType,
            absl::StrCat("keywords are ", DescribeYaml(kwargs),
                         "; they must be a mapping {keyword: value}"),
            kwargs);
    }
    for (const YamlNode::Entry& entry : kwargs.entries()) {
      CheckKeyword(name, entry);
      checked.push_back(entry);
    }
    if (!good_) return std::nullopt;
    return YamlNode::Mapping(
        std::vector<std::pair<std::string, YamlNode>>{
            {"mode", YamlNode::String(name, mode.where())},
            {"kwargs", YamlNode::Mapping(std::move(checked), kwargs.where())}},
        at.where());
  }

  void CheckKeyword(const std::string& mode, const YamlNode::Entry& entry) {
    const std::string& key = entry.key.text();
    const YamlNode& value = entry.value;
    if (mode == kWrappedOffload) {
      Error(codes::kUnknownKey,
            absl::StrCat("mode wrapped_offload takes no keywords; remove '",
                         key, "'"),
            entry.key);
    } else if (!Contains(Keywords(), key)) {
      Error(codes::kUnknownKey,
            absl::StrCat("mode ", mode, " has no keyword '", key, "'",
                         DidYouMean(key, Keywords())),
            entry.key);
    } else if (key == "context_fn") {
      if (value.is_null()) return;
      Error(codes::kBadType,
            "keyword context_fn takes a function, which a file cannot hold; "
            "remove it",
            value);
    } else if (key == "determinism_check") {
      if (value.is_string() &&
          (value.text() == "default" || value.text() == "none")) {
        return;
      }
      Error(codes::kBadValue,
            absl::StrCat("keyword determinism_check is ", DescribeYaml(value),
                         "; it must be 'default' or 'none'"),
            value);
    } else if (key == "every") {
      if (value.is_int() && value.as_int() >= 1) return;
      Error(value.is_int() ? codes::kOutOfRange : codes::kBadType,
            absl::StrCat("keyword every is ", DescribeYaml(value),
                         "; it must be a whole number from 1: every n-th "
                         "module of the entry is checkpointed"),
            value);
    } else if (key == "save") {
      CheckSave(value);
    } else if (!value.is_bool()) {
      Error(codes::kBadType,
            absl::StrCat("keyword ", key, " is ", DescribeYaml(value),
                         "; it must be true or false"),
            value);
    } else if (key == "use_reentrant" && value.as_bool() &&
               mode == kComposable) {
      Error(codes::kBadValue,
            "mode composable is never reentrant; remove use_reentrant or set "
            "it to false",
            value);
    } else if (key == "use_reentrant" && value.as_bool()) {
      diags_->Warning(
          codes::kNotAvailable,
          absl::StrCat(owner_,
                       ": act_ckpt keyword use_reentrant: the non-reentrant "
                       "checkpoint is used, which gives the same gradients; "
                       "remove it or set it to false"),
          value.where());
    }
  }

  void CheckSave(const YamlNode& value) {
    static const auto* const kinds =
        new std::vector<std::string>{"matmul", "attention"};
    if (!value.is_sequence()) {
      Error(codes::kBadType,
            absl::StrCat("keyword save is ", DescribeYaml(value),
                         "; it must be a list of matmul and attention"),
            value);
    }
    for (const YamlNode& kind : value.items()) {
      if (kind.is_string() && Contains(*kinds, kind.text())) continue;
      Error(codes::kBadValue,
            absl::StrCat("keyword save names ", DescribeYaml(kind),
                         "; it may name matmul and attention",
                         DidYouMean(kind.text(), *kinds)),
            kind);
    }
  }

  static std::string ModeList() {
    return "composable, wrapped, wrapped_offload";
  }

  const std::string& owner_;
  Diagnostics* const diags_;
  bool good_ = true;
};

}  // namespace

std::optional<YamlNode> CheckActCkpt(const YamlNode& value,
                                     const std::string& owner,
                                     Diagnostics* diags) {
  return Checker(owner, diags).Check(value);
}

}  // namespace fts
