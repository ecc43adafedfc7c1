// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/shard/leaf.h"

#include <c10/core/CPUAllocator.h>
#include <c10/core/StorageImpl.h>

#include <utility>

#include "fts/core/shard/tensor_util.h"

namespace fts::shard {
namespace {

c10::Storage MakePoison(const at::Tensor& like, const std::string& message) {
  c10::StorageImpl* real = like.storage().unsafeGetStorageImpl();
  at::Allocator* allocator = real->allocator();
  if (allocator == nullptr) allocator = c10::GetCPUAllocator();
  auto impl = c10::make_intrusive<c10::StorageImpl>(
      c10::StorageImpl::use_byte_size_t(), real->nbytes(),
      allocator->allocate(0), allocator, /*resizable=*/false);
  impl->release_data_and_set_meta_custom_data_ptr_error_msg_(message);
  return c10::Storage(std::move(impl));
}

}  // namespace

Leaf::Leaf(std::string name, at::Tensor tensor, int64_t offset, int index,
           bool decay)
    : name_(std::move(name)),
      tensor_(std::move(tensor)),
      offset_(offset),
      numel_(tensor_.numel()),
      index_(index),
      decay_(decay) {}

at::Tensor Leaf::RangeOf(const at::Tensor& flat) const {
  return flat.narrow(0, offset_, numel_).view(tensor_.sizes());
}

void Leaf::Adopt(const at::Tensor& flat, const std::string& unit) {
  {
    SilentWrites guard;
    tensor_.set_data(RangeOf(flat));
  }
  real_ = flat.storage();
  poison_ = MakePoison(
      flat, "parameter '" + name_ + "' was accessed while its unit '" + unit +
                "' is resharded: its values are not in memory. Use it inside "
                "the unit's forward, or read full copies with ForEachFull. A "
                "model written without fts::nn must call the unit through its "
                "nn::Mirror (docs/attach.md).");
  poisoned_ = false;
}

void Leaf::Expose() {
  if (!poisoned_) return;
  tensor_.unsafeGetTensorImpl()->set_storage_keep_dtype(real_);
  poisoned_ = false;
}

void Leaf::Poison() {
  if (poisoned_) return;
  tensor_.unsafeGetTensorImpl()->set_storage_keep_dtype(poison_);
  poisoned_ = true;
}

bool Leaf::in_place() const {
  const c10::Storage& own = poisoned_ ? poison_ : real_;
  const c10::Storage& now = tensor_.unsafeGetTensorImpl()->unsafe_storage();
  return now.unsafeGetStorageImpl() == own.unsafeGetStorageImpl();
}

}  // namespace fts::shard
