// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// `fts version`: what this binary is and what it was built with.
// Threads: none here.
#ifndef FTS_CLI_VERSION_H_
#define FTS_CLI_VERSION_H_

#include <optional>
#include <string>

#include "fts/cli/command.h"

namespace fts::cli {

struct BuildFacts {
  std::string version;  // of fts
  std::string commit;   // of the checkout; "+changes" when it was not clean
  std::string mode;     // Bazel's compilation mode: opt, fastbuild, dbg
  std::string torch;    // the LibTorch that was linked
  std::optional<std::string> cuda;  // absent: built without
  std::optional<std::string> nccl;  // absent: built without
  bool gloo = false;
};

// {"version","commit","mode","torch","cuda","nccl","gloo"}; null for what is
// not built in.
std::string BuildFactsToJson(const BuildFacts& facts);

Command VersionCommand(const BuildFacts& facts);

}  // namespace fts::cli

#endif  // FTS_CLI_VERSION_H_
