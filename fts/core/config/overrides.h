// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Changes to a config from the command line: `key.path=value`,
// `key.path+=value`,
// `--key.path value`, `--key.path=value`. A key with dots is quoted:
// `fsdp_plan."model.output".reshard_after_forward=false`. The value is YAML.
// Threads: no state.
#ifndef FTS_CORE_CONFIG_OVERRIDES_H_
#define FTS_CORE_CONFIG_OVERRIDES_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"

namespace fts {

struct Override {
  std::vector<std::string> path;  // not empty
  YamlNode value;                 // without a place
  bool append = false;            // `+=`
  std::string text;               // as typed, for messages
};

// Reads the arguments in order. Errors: bad_override, naming the argument.
absl::StatusOr<std::vector<Override>> ParseOverrides(
    const std::vector<std::string>& args, Diagnostics* diags);

// "a.b" from {"a", "b"}, quoting what needs it.
std::string JoinKeyPath(const std::vector<std::string>& path);

// {"a", "b.c"} from `a."b.c"`; nullopt when it is no key path.
std::optional<std::vector<std::string>> SplitKeyPath(const std::string& text);

}  // namespace fts

#endif  // FTS_CORE_CONFIG_OVERRIDES_H_
