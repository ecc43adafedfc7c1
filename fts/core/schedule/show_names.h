// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Many parameter names in few words, for messages. Internal to lint.
// Threads: pure functions.
#ifndef FTS_CORE_SCHEDULE_SHOW_NAMES_H_
#define FTS_CORE_SCHEDULE_SHOW_NAMES_H_

#include <string>
#include <vector>

namespace fts::schedule_internal {

// "model.layers.10" for "model.layers.10.wq": up to the first number in the
// name, else the module that holds the parameter, else the name.
std::string BlockOf(const std::string& name);

// "a, b and 3 more"
std::string ShowSome(const std::vector<std::string>& names);

// "model.layers.0 to 2 (27), model.norm (1)": the blocks of `names` in order,
// runs of numbered siblings as one, with the number of names.
std::string ShowBlocks(const std::vector<std::string>& names);

}  // namespace fts::schedule_internal

#endif  // FTS_CORE_SCHEDULE_SHOW_NAMES_H_
