// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/schedule/select.h"

#include <map>
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

std::vector<std::string> AliasNames(const ModelDescription& model) {
  std::vector<std::string> out;
  for (const ParameterInfo& parameter : model.parameters) {
    if (parameter.shared_with) out.push_back(parameter.name);
  }
  return out;
}

}  // namespace

ParameterSelector::ParameterSelector(const ModelDescription& model,
                                     MatchRule rule, Diagnostics* diags)
    : names_(model.CanonicalNames()),
      aliases_(AliasNames(model)),
      rule_(rule),
      diags_(diags) {
  for (const ParameterInfo& parameter : model.parameters) {
    if (!parameter.shared_with) continue;
    alias_owner_.emplace(parameter.name, *parameter.shared_with);
  }
  owners_.resize(names_.names().size());
}

const std::vector<YamlNode>& ParameterSelector::Items(
    const YamlNode& entries, const char* key, const std::string& label) {
  const bool params = std::string(key) == "params";
  if (entries.is_null()) {
    diags_->Error(codes::kBadType,
                  label + ": " + key + " is null; " +
                      (params ? "write params: [] for a phase that thaws "
                                "nothing"
                              : "leave the key out instead"),
                  entries.where());
  } else if (!entries.is_sequence()) {
    diags_->Error(
        codes::kBadType,
        label + ": " + key + " must be a list of names or patterns, got " +
            DescribeYaml(entries) +
            (entries.is_string() ? "; write [" + entries.Show() + "]" : ""),
        entries.where());
  }
  return entries.items();
}

std::vector<std::string> ParameterSelector::Select(const YamlNode& params,
                                                   const std::string& label) {
  Names out;
  for (const YamlNode& entry : Items(params, "params", label)) {
    entries_.push_back({label, "entry " + entry.Show(), entry.where()});
    Take(Match(entry, "params", label), &out);
  }
  return out;
}

std::vector<std::string> ParameterSelector::Freeze(const YamlNode& entries,
                                                   const std::string& label) {
  Names out;
  for (const YamlNode& entry : Items(entries, "freeze", label)) {
    entries_.push_back({label, "freeze entry " + entry.Show(), entry.where()});
    FreezeMatch(Match(entry, "freeze", label), &out);
  }
  return out;
}

NameMatch ParameterSelector::Match(const YamlNode& entry, const char* key,
                                   const std::string& label) {
  const bool params = std::string(key) == "params";
  if (!entry.is_string()) {
    diags_->Error(
        codes::kBadType,
        label + ": an entry of " + key + " must be a name or pattern, got " +
            DescribeYaml(entry) +
            (entry.is_scalar() && !entry.is_null()
                 ? "; write '" + entry.text() + "' if that is the name"
                 : "; write one string per entry"),
        entry.where());
    return {};
  }
  const std::string& text = entry.text();
  const std::string what =
      label + (params ? ", entry " : ", freeze entry ") + entry.Show();
  if (text.empty()) {
    diags_->Error(codes::kEmptyEntry,
                  label + ": an entry of " + key +
                      " is empty and would select everything; write '.*' if "
                      "that is meant",
                  entry.where());
    return {};
  }
  const auto match = names_.Find(text, rule_);
  const auto alias = alias_owner_.find(text);
  const bool nothing = !match.ok() || match->indices.empty();
  if (nothing && alias != alias_owner_.end()) {
    diags_->Warning(
        codes::kSharedAlias,
        what + " is a tied alias of '" + alias->second +
            "' and is dropped; name '" + alias->second +
            (params ? "' in the phase that should thaw it" : "' instead"),
        entry.where());
    return {};
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
    return {};
  }
  if (nothing) {
    ReportNoMatch(text, what, entry.where());
    return {};
  }
  if (alias != alias_owner_.end() && !match->exact) {
    diags_->Warning(codes::kAliasAsPattern,
                    what + " is a tied alias of '" + alias->second +
                        "', but as a pattern it selects " +
                        names_.names()[match->indices[0]] +
                        "; name what is meant",
                    entry.where());
  }
  return *match;
}

void ParameterSelector::ReportNoMatch(const std::string& entry,
                                      const std::string& what,
                                      const SourceLocation& where) {
  std::string hint;
  const auto aliases = aliases_.Find(entry, rule_);
  if (aliases.ok() && !aliases->indices.empty()) {
    const std::string& alias = aliases_.names()[aliases->indices[0]];
    hint = "; it matches only the tied alias '" + alias + "': name '" +
           alias_owner_[alias] + "' instead";
  } else if (suggestions_left_ > 0) {
    --suggestions_left_;
    for (const std::string& name : names_.names()) {
      if (name.find(entry) == name.npos) continue;
      hint = rule_ == MatchRule::kFull
                 ? "; patterns must match the whole name: '" + name +
                       "' only contains it, write '.*" + entry + ".*'"
                 : "; patterns match from the start of the name: '" + name +
                       "' only contains it, write '.*" + entry + "'";
      break;
    }
    if (hint.empty()) hint = DidYouMean(entry, names_.names());
  }
  const char* rule = rule_ == MatchRule::kFull ? " (full match)" : "";
  diags_->Error(codes::kUnmatchedEntry,
                what + " did not match any parameter" + rule + hint, where);
}

std::string ParameterSelector::ShowOwner(const char* verb, int entry) const {
  const Entry& owner = entries_[entry];
  const std::string place = owner.where.ToString();
  return std::string(verb) + " by " + owner.label + ", " + owner.text +
         (place.empty() ? "" : " (" + place + ")");
}

void ParameterSelector::Take(const NameMatch& match, Names* out) {
  const int self = static_cast<int>(entries_.size()) - 1;
  const Entry& by = entries_[self];
  std::map<int, Names> refused;  // names that may not be taken, by their owner
  for (int index : match.indices) {
    Owner& owner = owners_[index];
    const bool free =
        owner.use == Use::kUnused ||
        (owner.use == Use::kFrozen && entries_[owner.entry].label != by.label);
    if (!free) {
      refused[owner.entry].push_back(names_.names()[index]);
      continue;
    }
    owner = {Use::kThawed, self};
    out->push_back(names_.names()[index]);
    ++num_trainable_;
  }
  for (const auto& [entry, names] : refused) {
    const bool frozen = entries_[entry].text.rfind("freeze", 0) == 0;
    diags_->Error(
        codes::kPhasesNotDisjoint,
        by.label + ", " + by.text + " selects " + ShowNames(names) + ", " +
            ShowOwner(frozen ? "frozen in the same phase" : "already selected",
                      entry) +
            "; phases must be disjoint, keep one of the two",
        by.where);
  }
}

void ParameterSelector::FreezeMatch(const NameMatch& match, Names* out) {
  if (match.indices.empty()) return;  // reported before
  const int self = static_cast<int>(entries_.size()) - 1;
  const Entry& by = entries_[self];
  Names again;  // frozen by another entry of this phase
  Names idle;   // not trainable for other reasons
  int again_by = -1;
  int idle_by = -1;  // what froze one of them; -1 = never thawed
  for (int index : match.indices) {
    Owner& owner = owners_[index];
    const std::string& name = names_.names()[index];
    if (owner.use == Use::kThawed) {
      owner = {Use::kFrozen, self};
      out->push_back(name);
      --num_trainable_;
    } else if (owner.use == Use::kFrozen &&
               entries_[owner.entry].label == by.label) {
      again.push_back(name);
      again_by = owner.entry;
    } else {
      idle.push_back(name);
      if (owner.use == Use::kFrozen) idle_by = owner.entry;
    }
  }
  if (!again.empty()) {
    diags_->Error(codes::kPhasesNotDisjoint,
                  by.label + ", " + by.text + " selects " + ShowNames(again) +
                      ", " + ShowOwner("already frozen", again_by) +
                      "; keep one of the two",
                  by.where);
  } else if (idle.size() == match.indices.size()) {
    diags_->Error(
        codes::kNotThawed,
        by.label + ", " + by.text +
            " selects only what is not trainable when the phase begins: " +
            ShowNames(idle) + ", " +
            (idle_by < 0 ? "which no earlier phase thaws"
                         : ShowOwner("frozen", idle_by)) +
            "; remove the entry",
        by.where);
  }
}

}  // namespace fts
