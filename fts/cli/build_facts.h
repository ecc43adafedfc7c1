// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The facts that only the build knows: commit, mode, and what LibTorch has.
// Threads: pure.
#ifndef FTS_CLI_BUILD_FACTS_H_
#define FTS_CLI_BUILD_FACTS_H_

#include "fts/cli/version.h"

namespace fts::cli {

BuildFacts ThisBuild();

}  // namespace fts::cli

#endif  // FTS_CLI_BUILD_FACTS_H_
