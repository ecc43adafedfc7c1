// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The key of a plan's entry, a module's name or a pattern over all of them: the
// same rule and messages for fsdp_plan and tp_plan.
// Threads: pure functions.
#ifndef FTS_CORE_PLAN_ENTRY_MODULES_H_
#define FTS_CORE_PLAN_ENTRY_MODULES_H_

#include <optional>
#include <string>
#include <vector>

#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"
#include "fts/core/match/name_matcher.h"

namespace fts {

// Whether the key is a text. Errors: plan_key. `plan`: "fsdp_plan".
bool CheckEntryKey(const YamlNode::Entry& entry, const std::string& plan,
                   Diagnostics* diags);

// Indices of the modules that the key selects, none empty. Errors: those of
// NameMatcher::Find, unmatched_module. `owner`: "fsdp_plan entry 'KEY'".
std::optional<std::vector<int>> FindEntryModules(const YamlNode::Entry& entry,
                                                 const std::string& owner,
                                                 const NameMatcher& matcher,
                                                 Diagnostics* diags);

}  // namespace fts

#endif  // FTS_CORE_PLAN_ENTRY_MODULES_H_
