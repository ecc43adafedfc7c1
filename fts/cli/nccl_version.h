// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The NCCL that the build was made against.
// Threads: pure.
#ifndef FTS_CLI_NCCL_VERSION_H_
#define FTS_CLI_NCCL_VERSION_H_

#include <string>

namespace fts::cli {

// "2.28.9", or "" when NCCL is not built in.
std::string NcclVersion();

}  // namespace fts::cli

#endif  // FTS_CLI_NCCL_VERSION_H_
