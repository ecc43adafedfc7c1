// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The arguments of programs that take a run config: `--config FILE` (repeated),
// the command's own flags, and overrides in all their forms. Read by hand, as
// an override may look like any option. Threads: no state.
#ifndef FTS_CORE_CONFIG_CONFIG_ARGS_H_
#define FTS_CORE_CONFIG_CONFIG_ARGS_H_

#include <set>
#include <string>
#include <vector>

#include "fts/core/base/diagnostics.h"

namespace fts {

struct ConfigArgs {
  std::vector<std::string> files;      // as typed
  std::vector<std::string> overrides;  // for ParseOverrides
  std::set<std::string> flags;         // those of `known_flags` that were given
};

// "--config a.yaml", "--config=a.yaml" and "-c a.yaml"; words of `known_flags`
// ("--json"); --help and -h count as the flag "--help"; the rest is overrides.
// Errors: usage, when --config has no file or was not given at all (except with
// --help).
ConfigArgs ReadConfigArgs(const std::vector<std::string>& args,
                          const std::set<std::string>& known_flags,
                          Diagnostics* diags);

}  // namespace fts

#endif  // FTS_CORE_CONFIG_CONFIG_ARGS_H_
