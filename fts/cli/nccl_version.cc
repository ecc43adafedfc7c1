// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/cli/nccl_version.h"

#include <nccl.h>

namespace fts::cli {

std::string NcclVersion() {
  return std::to_string(NCCL_MAJOR) + "." + std::to_string(NCCL_MINOR) + "." +
         std::to_string(NCCL_PATCH);
}

}  // namespace fts::cli
