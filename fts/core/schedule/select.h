// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// From the entries of each phase's `params` and `freeze` to parameter names:
// exact name, else pattern; tied aliases pruned. Follows the phases: a name is
// thawed at most once, unless a phase between froze it.
// Threads: confined to the resolution that owns it.
#ifndef FTS_CORE_SCHEDULE_SELECT_H_
#define FTS_CORE_SCHEDULE_SELECT_H_

#include <string>
#include <unordered_map>
#include <vector>

#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"
#include "fts/core/match/model_description.h"
#include "fts/core/match/name_matcher.h"

namespace fts {

class ParameterSelector {
 public:
  // Keeps pointers to `model` and `diags`, which must outlive it.
  ParameterSelector(const ModelDescription& model, MatchRule rule,
                    Diagnostics* diags);

  // The names that the list `entries`, the freeze key of phase `label` ("phase
  // 1"), selects among those that are trainable by now. Call it before
  // Select(params) of the same phase. Entries that select nothing of the sort
  // are reported (not_thawed) and freeze nothing.
  std::vector<std::string> Freeze(const YamlNode& entries,
                                  const std::string& label);

  // The names that `params` of phase `label` selects, in the order of the
  // entries. Problems are recorded; their entries select nothing. A name that
  // is trainable already, or that this phase freezes, is reported
  // (phases_not_disjoint) and left out.
  std::vector<std::string> Select(const YamlNode& params,
                                  const std::string& label);

  // How many parameters the phases so far leave trainable.
  int num_trainable() const { return num_trainable_; }

 private:
  enum class Use { kUnused, kThawed, kFrozen };
  struct Owner {
    Use use = Use::kUnused;
    int entry = -1;  // the last that thawed or froze the name
  };
  struct Entry {
    std::string label;
    std::string text;  // "entry 'a.*'" or "freeze entry 'a.*'"
    SourceLocation where;
  };
  using Names = std::vector<std::string>;

  // The items of a list of entries; empty, with the problem recorded, when
  // `entries` is none. `key` is params or freeze.
  const std::vector<YamlNode>& Items(const YamlNode& entries, const char* key,
                                     const std::string& label);
  // What one entry matches among all names, with all problems recorded.
  NameMatch Match(const YamlNode& entry, const char* key,
                  const std::string& label);
  void ReportNoMatch(const std::string& entry, const std::string& what,
                     const SourceLocation& where);
  // What the new last entry of entries_ does with its matches.
  void Take(const NameMatch& match, Names* out);
  void FreezeMatch(const NameMatch& match, Names* out);
  // "already selected by phase 1, entry 'a.*' (s.yaml:3:5)"
  std::string ShowOwner(const char* verb, int entry) const;

  NameMatcher names_;
  NameMatcher aliases_;
  std::unordered_map<std::string, std::string> alias_owner_;
  MatchRule rule_;
  Diagnostics* diags_;
  std::vector<Owner> owners_;  // parallel to names_
  std::vector<Entry> entries_;
  int num_trainable_ = 0;
  int suggestions_left_ = 20;  // each costs a pass over all names
};

}  // namespace fts

#endif  // FTS_CORE_SCHEDULE_SELECT_H_
