// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Small helpers on at::Tensor that the sharding engine needs: freeing and
// refilling a storage in place, and writing without autograd noticing.
// Threads: as the tensors passed in.

#ifndef FTS_CORE_SHARD_TENSOR_UTIL_H_
#define FTS_CORE_SHARD_TENSOR_UTIL_H_

#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/Tensor.h>
#include <c10/core/GradMode.h>

#include <string>

#include "absl/status/statusor.h"

namespace fts::shard {

// While alive, writes neither record a graph nor bump version counters: views
// that autograd saved stay valid, because the engine itself guarantees that
// their values are the same again when they are read.
class SilentWrites {
  c10::AutoGradMode no_grad_{false};
  at::AutoDispatchBelowADInplaceOrView below_{};
};

// Frees the memory behind `flat`; StorageImpl, sizes and aliases stay.
void FreeStorage(const at::Tensor& flat);

// Gives `flat`'s StorageImpl fresh uninitialised memory for all of `flat`.
void AllocateStorage(const at::Tensor& flat);

// Uninitialised 1-D tensor with a storage of its own.
// `pinned`: on the host, in memory that devices copy from and to by themselves.
at::Tensor EmptyFlat(int64_t numel, at::ScalarType dtype, at::Device device,
                     bool pinned = false);

int64_t Bytes(const at::Tensor& tensor);

// "float32" -> at::kFloat and so on; the names of fts-model/1.
absl::StatusOr<at::ScalarType> DtypeFromName(const std::string& name);
// The other way. Precondition: one of those four.
std::string DtypeName(at::ScalarType dtype);

}  // namespace fts::shard

#endif  // FTS_CORE_SHARD_TENSOR_UTIL_H_
