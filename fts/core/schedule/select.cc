// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/schedule/select.h"

#include <utility>

#include "fts/core/base/codes.h"
#include "fts/core/base/did_you_mean.h"
#include "fts/core/schedule/codes.h"

namespace fts {
namespace {

// "a, b and 3 more"
std::string ShowNames(const std::vector<std::string>& names) {
  constexpr size_t kShown = 6;
  std::string out;
  for (size_t i = 0; i < names.size() && i < kShown; ++i) {
    if (i > 0) out += ", ";
    out += names[i];
  }
  if (names.size() > kShown) {
    out += " and " + std::to_string(names.size() - kShown) + " more";
  }
  return out;
}

}  // namespace

ParameterSelector::ParameterSelector(const ModelDescription& model,
                                     MatchRule rule, Diagnostics* diags)
    : names_(model.CanonicalNames()), rule_(rule), diags_(diags) {
  for (const ParameterInfo& parameter : model.parameters) {
    if (!parameter.shared_with) continue;
    alias_names_.push_back(parameter.name);
    alias_owner_.emplace(parameter.name, *parameter.shared_with);
  }
  owners_.resize(names_.names().size());
}

std::vector<std::string> ParameterSelector::Select(const YamlNode& params,
                                                   const std::string& label) {
  std::vector<std::string> out;
  if (params.is_null()) {
    diags_->Error(codes::kBadType,
                  label +
                      ": params is null; write params: [] for a phase "
                      "that thaws nothing",
                  params.where());
    return out;
  }
  if (!params.is_sequence()) {
    const bool string = params.is_string();
    diags_->Error(codes::kBadType,
                  label + ": params must be a list of names or patterns, got " +
                      DescribeYaml(params) +
                      (string ? "; write [" + params.Show() + "]" : ""),
                  params.where());
    return out;
  }
  for (const YamlNode& entry : params.items()) {
    SelectEntry(entry, label, &out);
  }
  return out;
}

void ParameterSelector::SelectEntry(const YamlNode& entry,
                                    const std::string& label,
                                    std::vector<std::string>* out) {
  if (!entry.is_string()) {
    diags_->Error(
        codes::kBadType,
        label + ": an entry of params must be a name or pattern, got " +
            DescribeYaml(entry) +
            (entry.is_scalar() && !entry.is_null()
                 ? "; write '" + entry.text() + "' if that is the name"
                 : "; write one string per entry"),
        entry.where());
    return;
  }
  const std::string& text = entry.text();
  const std::string what = label + ", entry " + entry.Show();
  if (text.empty()) {
    diags_->Error(codes::kEmptyEntry,
                  label +
                      ": an entry of params is empty and would select "
                      "everything; write '.*' if that is meant",
                  entry.where());
    return;
  }
  const auto match = names_.Find(text, rule_);
  const auto alias = alias_owner_.find(text);
  const bool nothing = !match.ok() || match->indices.empty();
  if (nothing && alias != alias_owner_.end()) {
    diags_->Warning(codes::kSharedAlias,
                    what + " is a tied alias of '" + alias->second +
                        "' and is dropped; name '" + alias->second +
                        "' in the phase that should thaw it",
                    entry.where());
    return;
  }
  if (!match.ok()) {
    const bool invalid = absl::IsInvalidArgument(match.status());
    diags_->Error(
        NameMatcher::CodeOf(match.status()),
        what +
            (invalid ? " is no parameter's name and no valid pattern: "
                     : ": ") +
            std::string(match.status().message()),
        entry.where());
    return;
  }
  if (nothing) {
    ReportNoMatch(text, what, entry.where());
    return;
  }
  if (alias != alias_owner_.end() && !match->exact) {
    diags_->Warning(codes::kAliasAsPattern,
                    what + " is a tied alias of '" + alias->second +
                        "', but as a pattern it selects " +
                        names_.names()[match->indices[0]] +
                        "; name what is meant",
                    entry.where());
  }
  Take(*match, {label, entry.Show(), entry.where(), true}, out);
}

void ParameterSelector::ReportNoMatch(const std::string& entry,
                                      const std::string& what,
                                      const SourceLocation& where) {
  std::string hint;
  const auto aliases = NameMatcher(alias_names_).Find(entry, rule_);
  if (aliases.ok() && !aliases->indices.empty()) {
    const std::string& alias = alias_names_[aliases->indices[0]];
    hint = "; it matches only the tied alias '" + alias + "': name '" +
           alias_owner_[alias] + "' instead";
  } else if (suggestions_left_ > 0) {
    --suggestions_left_;
    for (const std::string& name : names_.names()) {
      if (name.find(entry) == name.npos) continue;
      hint = "; patterns match from the start of the name: '" + name +
             "' only contains it, write '.*" + entry + "'";
      break;
    }
    if (hint.empty()) hint = DidYouMean(entry, names_.names());
  }
  const char* rule = rule_ == MatchRule::kFull ? " (full match)" : "";
  diags_->Error(codes::kUnmatchedEntry,
                what + " did not match any parameter" + rule + hint, where);
}

void ParameterSelector::Take(const NameMatch& match, const Owner& by,
                             std::vector<std::string>* out) {
  // Names taken before, by the entry that took them.
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> again;
  std::map<std::pair<std::string, std::string>, SourceLocation> places;
  for (int index : match.indices) {
    Owner& owner = owners_[index];
    const std::string& name = names_.names()[index];
    if (!owner.taken) {
      owner = by;
      out->push_back(name);
      continue;
    }
    const auto key = std::make_pair(owner.label, owner.entry);
    again[key].push_back(name);
    places[key] = owner.where;
  }
  for (const auto& [key, names] : again) {
    const std::string place = places[key].ToString();
    diags_->Error(codes::kPhasesNotDisjoint,
                  by.label + ", entry " + by.entry + " selects " +
                      ShowNames(names) + ", already selected by " + key.first +
                      ", entry " + key.second +
                      (place.empty() ? "" : " (" + place + ")") +
                      "; phases must be disjoint, keep one of the two",
                  by.where);
  }
}

}  // namespace fts
