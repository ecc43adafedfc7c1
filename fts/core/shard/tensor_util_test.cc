// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/shard/tensor_util.h"

#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

namespace fts::shard {
namespace {

TEST(TensorUtilTest, StorageComesBackUnderTheSameImpl) {
  at::Tensor flat = EmptyFlat(8, at::kFloat, at::kCPU);
  EXPECT_EQ(Bytes(flat), 32);
  EXPECT_EQ(Bytes(at::Tensor()), 0);
  const at::Tensor view = flat.narrow(0, 2, 3);
  const auto* impl = flat.storage().unsafeGetStorageImpl();
  FreeStorage(flat);
  EXPECT_EQ(flat.storage().nbytes(), 0u);
  EXPECT_EQ(flat.numel(), 8);
  AllocateStorage(flat);
  EXPECT_EQ(flat.storage().unsafeGetStorageImpl(), impl);
  EXPECT_EQ(flat.storage().nbytes(), 32u);
  flat.fill_(3);
  EXPECT_EQ(view.sum().item<float>(), 9);
}

TEST(TensorUtilTest, SilentWritesKeepTheVersion) {
  at::Tensor t = EmptyFlat(4, at::kFloat, at::kCPU);
  const auto before = t._version();
  {
    SilentWrites guard;
    t.fill_(1);
    EXPECT_FALSE(c10::GradMode::is_enabled());
  }
  EXPECT_EQ(t._version(), before);
  t.fill_(2);
  EXPECT_GT(t._version(), before);
}

TEST(TensorUtilTest, DtypeNamesAreThoseOfModelDescriptions) {
  EXPECT_EQ(*DtypeFromName("float32"), at::kFloat);
  EXPECT_EQ(*DtypeFromName("bfloat16"), at::kBFloat16);
  EXPECT_EQ(*DtypeFromName("float16"), at::kHalf);
  EXPECT_EQ(*DtypeFromName("float64"), at::kDouble);
  EXPECT_EQ(DtypeFromName("int8").status().message(),
            "dtype 'int8' is not a parameter dtype; use float32, bfloat16, "
            "float16 or float64");
}

}  // namespace
}  // namespace fts::shard
