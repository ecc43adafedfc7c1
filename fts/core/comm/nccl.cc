// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/nccl.h"

#include <c10/core/DeviceGuard.h>
#include <c10/cuda/CUDAFunctions.h>

#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"
#include "fts/core/comm/c10d_communicator.h"

namespace fts::comm {

bool NcclCompiled() { return true; }

absl::Status NcclUsable() {
  if (c10::cuda::device_count() > 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "nccl: this machine has no usable GPU (no device, or no driver that fits "
      "the CUDA of this build); use the CPU, or check nvidia-smi and "
      "CUDA_VISIBLE_DEVICES");
}

absl::StatusOr<CommunicatorPtr> MakeNccl(StorePtr store, int rank, int size,
                                         const NcclOptions& options) {
  FTS_RETURN_IF_ERROR(NcclUsable());
  const int devices = c10::cuda::device_count();
  if (options.device_index < 0 || options.device_index >= devices) {
    return absl::InvalidArgumentError(
        absl::StrCat("nccl: device_index is ", options.device_index,
                     " but this machine has ", devices,
                     " usable GPUs; start at most that many ranks on it"));
  }
  C10dJob::Settings settings;
  settings.backend = "nccl";
  settings.device = at::kCUDA;
  settings.timeout = options.timeout;
  settings.factory = [options](const c10::intrusive_ptr<c10d::Store>& part,
                               int group_rank, int group_size) {
    // Not CUDAGuard: that would have us link the CUDA runtime ourselves.
    const c10::DeviceGuard guard(c10::Device(
        c10::kCUDA, static_cast<c10::DeviceIndex>(options.device_index)));
    auto group_options = c10d::ProcessGroupNCCL::Options::create();
    group_options->timeout = options.timeout;
    auto group = c10::make_intrusive<c10d::ProcessGroupNCCL>(
        part, group_rank, group_size, group_options);
    c10d::ProcessGroupNCCL* raw = group.get();
    C10dGroup made;
    made.backend = std::move(group);
    made.close = [raw] { raw->abort(); };
    return made;
  };
  return MakeC10dCommunicator(std::move(store), rank, size, options.name,
                              std::move(settings));
}

}  // namespace fts::comm
