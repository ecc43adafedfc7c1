// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// `fts fit`: trains as the merged config says.
// Threads: none here.
#ifndef FTS_CLI_FIT_H_
#define FTS_CLI_FIT_H_

#include "fts/cli/command.h"

namespace fts::cli {

Command FitCommand();

}  // namespace fts::cli

#endif  // FTS_CLI_FIT_H_
