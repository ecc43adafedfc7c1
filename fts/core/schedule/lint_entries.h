// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The part of the linter that looks at one entry of params or freeze: does it
// take in more than it says? Internal to lint.
// Threads: pure functions.
#ifndef FTS_CORE_SCHEDULE_LINT_ENTRIES_H_
#define FTS_CORE_SCHEDULE_LINT_ENTRIES_H_

#include <string>
#include <vector>

#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"

namespace fts::schedule_internal {

// `list`: params or freeze as written, of phase `label` ("phase 1");
// `selected`: the names that it gave. Warning: prefix_match.
void LintEntries(const YamlNode& list, const std::string& label,
                 const std::vector<std::string>& selected, Diagnostics* diags);

}  // namespace fts::schedule_internal

#endif  // FTS_CORE_SCHEDULE_LINT_ENTRIES_H_
