// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Descriptions of tensors with anything in them: DLPack's, and of host memory.
// Each is taken or refused, and its owner is told exactly once, by whoever has
// it then. See fuzz_mutator.h for the environment.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "fts/capi/debug.h"
#include "fts/capi/fuzz_mutator.h"
#include "fts/capi/tensor.h"

// dlpack.h, version 1, as a caller has it.
extern "C" {
struct DLPackVersion {
  uint32_t major, minor;
};
struct DLTensor {
  void* data;
  fts_device device;
  int32_t ndim;
  fts_dtype dtype;
  int64_t* shape;
  int64_t* strides;
  uint64_t byte_offset;
};
struct DLManagedTensorVersioned {
  DLPackVersion version;
  void* manager_ctx;
  void (*deleter)(DLManagedTensorVersioned*);
  uint64_t flags;
  DLTensor dl_tensor;
};
}

namespace {

using fts_fuzz::FromEnvironment;
using fts_fuzz::Mutator;

constexpr int kDims = 8;

fts_dtype AnyDtype(Mutator& m) {
  static constexpr fts_dtype kKnown[] = {
      FTS_DTYPE_FLOAT32, {2, 64, 1}, {2, 16, 1}, {4, 16, 1},
      {0, 64, 1},        {1, 8, 1},  {6, 8, 1},  {5, 64, 1}};
  if (m.OneIn(3)) {
    return {static_cast<uint8_t>(m.Below(20)),
            static_cast<uint8_t>(m.Below(3) * m.Number()),
            static_cast<uint16_t>(m.Below(3))};
  }
  return kKnown[m.Below(std::size(kKnown))];
}

// Reads what may be read of a tensor that was taken.
void Look(const fts_tensor* tensor, bool in_buffer) {
  fts_tensor_info info;
  fts_status* status = fts_tensor_get_info(tensor, &info);
  ASSERT_EQ(status, nullptr) << fts_status_message(status).data;
  EXPECT_GE(info.num_elements, 0);
  char copy[512];
  const size_t size = static_cast<size_t>(info.num_elements) *
                      ((info.dtype.bits * info.dtype.lanes + 7u) / 8);
  if (in_buffer && info.num_elements <= 16 && size <= sizeof copy) {
    status = fts_tensor_read(tensor, copy, size);
    EXPECT_EQ(status, nullptr) << fts_status_message(status).data;
    fts_status_release(status);
  }
  status = fts_tensor_read(tensor, copy, size + 1);
  EXPECT_NE(status, nullptr);
  fts_status_release(status);
}

TEST(FuzzTensor, DlpackDescriptors) {
  Mutator m({""});
  const int64_t live = fts_live_handles();
  int taken = 0, refused = 0;
  alignas(64) char memory[1024] = {};
  for (int64_t i = FromEnvironment("FTS_FUZZ_ROUNDS", 20000); i > 0; --i) {
    int64_t shape[kDims], strides[kDims];
    for (int64_t& s : shape) {
      s = m.OneIn(6) ? m.Number() : static_cast<int64_t>(m.Below(4));
    }
    for (int64_t& s : strides) {
      s = m.OneIn(6) ? m.Number() : static_cast<int64_t>(m.Below(4));
    }
    int deleted = 0;
    DLManagedTensorVersioned managed = {};
    managed.version = {1, static_cast<uint32_t>(m.Below(3))};
    managed.manager_ctx = &deleted;
    managed.deleter = [](DLManagedTensorVersioned* self) {
      ++*static_cast<int*>(self->manager_ctx);
    };
    DLTensor& dl = managed.dl_tensor;
    dl.data = m.OneIn(8) ? nullptr : memory;
    dl.device = {m.OneIn(6) ? static_cast<int32_t>(m.Number()) : 1,
                 m.OneIn(6) ? static_cast<int32_t>(m.Number()) : 0};
    // Memory of the host that is said to be a device's would be believed.
    if (dl.device.type == FTS_DEVICE_TYPE_CUDA) dl.device.id = 1000;
    dl.ndim = static_cast<int32_t>(m.OneIn(8) ? -1 - m.Below(9) : m.Below(5));
    dl.dtype = AnyDtype(m);
    dl.shape = m.OneIn(12) ? nullptr : shape;
    const bool strided = m.OneIn(3);
    dl.strides = strided ? strides : nullptr;
    dl.byte_offset = m.OneIn(4) ? 8 * m.Below(16) : 0;
    if (m.OneIn(8)) managed.flags = m.Bits();
    if (m.OneIn(8)) {
      // Of another major version nothing else may be looked at.
      managed.version.major = static_cast<uint32_t>(m.OneIn(2) ? 0 : m.Bits());
      if (managed.version.major == 1) managed.version.major = 2;
      dl.shape = reinterpret_cast<int64_t*>(16);
      dl.ndim = 3;
    }
    fts_tensor* tensor = nullptr;
    fts_status* status = fts_tensor_from_dlpack(&managed, &tensor);
    EXPECT_EQ(status == nullptr, tensor != nullptr);
    EXPECT_EQ(deleted, 0);  // ours until it is taken, then the tensor's
    if (tensor != nullptr) {
      ++taken;
      Look(tensor, !strided && dl.data != nullptr);
      fts_tensor_retain(tensor);
      fts_tensor_release(tensor);
      EXPECT_EQ(deleted, 0);
      fts_tensor_release(tensor);
      EXPECT_EQ(deleted, 1);
    } else {
      ++refused;
      EXPECT_GT(fts_status_message(status).size, 0u);
      EXPECT_NE(fts_status_code(status), FTS_CODE_INTERNAL)
          << fts_status_message(status).data;
    }
    fts_status_release(status);
    if (HasFailure()) {
      FAIL() << "round " << i << ": ndim " << dl.ndim << ", shape "
             << testing::PrintToString(shape) << ", strides "
             << testing::PrintToString(strides) << ", dtype "
             << int{dl.dtype.code} << "/" << int{dl.dtype.bits} << "/"
             << dl.dtype.lanes << ", device " << dl.device.type << ":"
             << dl.device.id;
    }
  }
  EXPECT_GT(taken, 0);
  EXPECT_GT(refused, 0);
  EXPECT_EQ(fts_live_handles(), live);
}

TEST(FuzzTensor, HostMemory) {
  Mutator m({""});
  const int64_t live = fts_live_handles();
  int taken = 0, refused = 0;
  alignas(64) char memory[1024] = {};
  for (int64_t i = FromEnvironment("FTS_FUZZ_ROUNDS", 20000); i > 0; --i) {
    int64_t shape[kDims];
    for (int64_t& s : shape) {
      s = m.OneIn(8) ? m.Number() : static_cast<int64_t>(m.Below(4));
    }
    int destroyed = 0;
    fts_tensor* tensor = nullptr;
    fts_status* status = fts_tensor_from_host(
        m.OneIn(8) ? nullptr : memory, m.OneIn(12) ? nullptr : shape,
        m.Below(5), AnyDtype(m), [](void* data) { ++*static_cast<int*>(data); },
        &destroyed, &tensor);
    EXPECT_EQ(status == nullptr, tensor != nullptr);
    if (tensor != nullptr) {
      ++taken;
      EXPECT_EQ(destroyed, 0);
      Look(tensor, true);
      fts_tensor_release(tensor);
    } else {
      ++refused;
      EXPECT_GT(fts_status_message(status).size, 0u);
      EXPECT_NE(fts_status_code(status), FTS_CODE_INTERNAL)
          << fts_status_message(status).data;
    }
    EXPECT_EQ(destroyed, 1);
    fts_status_release(status);
    ASSERT_FALSE(HasFailure()) << testing::PrintToString(shape);
  }
  EXPECT_GT(taken, 0);
  EXPECT_GT(refused, 0);
  EXPECT_EQ(fts_live_handles(), live);
}

}  // namespace
