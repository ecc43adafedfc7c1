// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The argument rules of communicator.h, checked in one place, so that every
// backend refuses the same calls with the same words.
// Only comm's own backends use this.
//
// Threads: pure functions.
#ifndef FTS_CORE_COMM_ARGUMENTS_H_
#define FTS_CORE_COMM_ARGUMENTS_H_

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "fts/core/comm/communicator.h"

namespace fts::comm {

// "all_gather 'model.layers.0' on world (rank 0 of 2)", for error texts.
std::string DescribeCall(const Communicator& comm, const char* op);
std::string DescribeCall(const std::string& label, const std::string& name,
                         int rank, int size, const char* op);

// Each returns OK or INVALID_ARGUMENT. Sizes are in [Note: collective calls].
absl::Status CheckAllGather(const Communicator& comm, at::DeviceType device,
                            const at::Tensor& full);
absl::Status CheckReduceScatter(const Communicator& comm, at::DeviceType device,
                                const at::Tensor& input,
                                const at::Tensor& output);
absl::Status CheckAllReduce(const Communicator& comm, at::DeviceType device,
                            const at::Tensor& tensor);
absl::Status CheckBroadcast(const Communicator& comm, at::DeviceType device,
                            const at::Tensor& tensor, int root);
absl::Status CheckAllToAll(const Communicator& comm, at::DeviceType device,
                           const at::Tensor& input, const at::Tensor& output);
absl::Status CheckSplit(const Communicator& comm, const std::vector<int>& ranks,
                        const std::string& name);

// Place of comm.rank() in `ranks`, -1 if it is not there.
int PlaceIn(const std::vector<int>& ranks, int rank);

// The tensor itself, or its data when it requires grad.
at::Tensor DataOf(const at::Tensor& tensor);

// This rank's slice of a tensor shared equally by all ranks.
at::Tensor SliceOf(const at::Tensor& full, int rank, int size);

}  // namespace fts::comm

#endif  // FTS_CORE_COMM_ARGUMENTS_H_
