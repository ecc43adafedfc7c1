// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/entry_modules.h"

#include "absl/strings/str_cat.h"
#include "fts/core/base/did_you_mean.h"
#include "fts/core/plan/codes.h"

namespace fts {

bool CheckEntryKey(const YamlNode::Entry& entry, const std::string& plan,
                   Diagnostics* diags) {
  if (entry.key.is_string()) return true;
  const std::string& key = entry.key.text();
  diags->Error(
      codes::kPlanKey,
      absl::StrCat(plan, " key ", key, " is read as ", entry.key.kind_name(),
                   ", not as a name; put it in quotes: '", key, "'"),
      entry.key.where());
  return false;
}

std::optional<std::vector<int>> FindEntryModules(const YamlNode::Entry& entry,
                                                 const std::string& owner,
                                                 const NameMatcher& matcher,
                                                 Diagnostics* diags) {
  const std::string& key = entry.key.text();
  const auto match = matcher.Find(key);
  if (!match.ok()) {
    diags->Error(NameMatcher::CodeOf(match.status()),
                 absl::StrCat(owner, ": ", match.status().message()),
                 entry.key.where());
    return std::nullopt;
  }
  if (match->indices.empty()) {
    diags->Error(codes::kUnmatchedModule,
                 absl::StrCat(owner, " matches no module",
                              DidYouMean(key, matcher.names())),
                 entry.key.where());
    return std::nullopt;
  }
  return match->indices;
}

}  // namespace fts
