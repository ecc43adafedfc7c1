// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// From the entries of each phase's `params` to parameter names: exact name,
// else pattern; tied aliases pruned; every name in at most one phase.
// Threads: confined to the resolution that owns it.
#ifndef FTS_CORE_SCHEDULE_SELECT_H_
#define FTS_CORE_SCHEDULE_SELECT_H_

#include <map>
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

  // The names that `params` of phase `label` ("phase 1") selects, in the order
  // of the entries. Problems are recorded; their entries select nothing. A name
  // that an earlier call gave out is reported (phases_not_disjoint) and left
  // out.
  std::vector<std::string> Select(const YamlNode& params,
                                  const std::string& label);

 private:
  // Which entry took a name.
  struct Owner {
    std::string label;
    std::string entry;
    SourceLocation where;
    bool taken = false;
  };

  void SelectEntry(const YamlNode& entry, const std::string& label,
                   std::vector<std::string>* out);
  void ReportNoMatch(const std::string& entry, const std::string& what,
                     const SourceLocation& where);
  void Take(const NameMatch& match, const Owner& by,
            std::vector<std::string>* out);

  NameMatcher names_;
  std::vector<std::string> alias_names_;
  std::unordered_map<std::string, std::string> alias_owner_;
  MatchRule rule_;
  Diagnostics* diags_;
  std::vector<Owner> owners_;  // parallel to names_
  int suggestions_left_ = 20;  // each costs a pass over all names
};

}  // namespace fts

#endif  // FTS_CORE_SCHEDULE_SELECT_H_
