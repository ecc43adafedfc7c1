// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/cli/nccl_version.h"

namespace fts::cli {

std::string NcclVersion() { return ""; }

}  // namespace fts::cli
