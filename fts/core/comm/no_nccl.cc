// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Stands in for nccl.cc where LibTorch has no NCCL or --define=fts_cuda=off
// leaves it out.
#include "fts/core/comm/nccl.h"

namespace fts::comm {

bool NcclCompiled() { return false; }

absl::Status NcclUsable() {
  return absl::FailedPreconditionError(
      "nccl: this build has no NCCL; build with a CUDA LibTorch and without "
      "--define=fts_cuda=off, or use the CPU");
}

absl::StatusOr<CommunicatorPtr> MakeNccl(StorePtr, int, int,
                                         const NcclOptions&) {
  return NcclUsable();
}

}  // namespace fts::comm
