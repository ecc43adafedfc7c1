// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/shard/tensor_util.h"

#include <ATen/ops/empty.h>
#include <c10/core/StorageImpl.h>

#include "absl/strings/str_cat.h"

namespace fts::shard {

void FreeStorage(const at::Tensor& flat) {
  c10::StorageImpl* impl = flat.storage().unsafeGetStorageImpl();
  impl->set_data_ptr_noswap(at::DataPtr(nullptr, impl->device()));
  impl->set_nbytes(size_t{0});
}

void AllocateStorage(const at::Tensor& flat) {
  c10::StorageImpl* impl = flat.storage().unsafeGetStorageImpl();
  const size_t bytes = flat.numel() * flat.element_size();
  impl->set_data_ptr_noswap(impl->allocator()->allocate(bytes));
  impl->set_nbytes(bytes);
}

at::Tensor EmptyFlat(int64_t numel, at::ScalarType dtype, at::Device device,
                     bool pinned) {
  return at::empty(
      {numel},
      at::TensorOptions().dtype(dtype).device(device).pinned_memory(pinned));
}

int64_t Bytes(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.numel() * tensor.element_size() : 0;
}

absl::StatusOr<at::ScalarType> DtypeFromName(const std::string& name) {
  if (name == "float32") return at::kFloat;
  if (name == "bfloat16") return at::kBFloat16;
  if (name == "float16") return at::kHalf;
  if (name == "float64") return at::kDouble;
  return absl::InvalidArgumentError(absl::StrCat(
      "dtype '", name,
      "' is not a parameter dtype; use float32, bfloat16, float16 or float64"));
}

std::string DtypeName(at::ScalarType dtype) {
  switch (dtype) {
    case at::kBFloat16:
      return "bfloat16";
    case at::kHalf:
      return "float16";
    case at::kDouble:
      return "float64";
    default:
      return "float32";
  }
}

}  // namespace fts::shard
