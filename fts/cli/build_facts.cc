// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/cli/build_facts.h"

#include "fts/cli/nccl_version.h"
#include "fts/cli/stamp.h"
#include "fts/core/base/version.h"

namespace fts::cli {

BuildFacts ThisBuild() {
  BuildFacts facts;
  facts.version = kVersion;
  facts.commit = kStampedCommit;
  // Given by the BUILD file, from the torch found and the flags used.
  facts.mode = FTS_BUILD_MODE;
  facts.torch = FTS_TORCH_VERSION;
  const std::string cuda = FTS_CUDA_VERSION;
  if (!cuda.empty()) facts.cuda = cuda;
  const std::string nccl = NcclVersion();
  if (!nccl.empty()) facts.nccl = nccl;
  facts.gloo = FTS_HAS_GLOO;
  return facts;
}

}  // namespace fts::cli
