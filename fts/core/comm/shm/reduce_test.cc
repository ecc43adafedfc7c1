// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/reduce.h"

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace fts::comm::shm {
namespace {

constexpr int64_t kNumel = 2500;  // more than two blocks

// Runs it over `count` sources, of which `in_place` (if any) is the output.
template <typename T>
std::vector<T> Run(at::ScalarType dtype, ReduceOp op, int count,
                   int in_place = -1, HalfSums half = HalfSums::kFloat32) {
  std::vector<std::vector<T>> data;
  for (int source = 0; source < count; ++source) {
    data.emplace_back();
    for (int64_t i = 0; i < kNumel; ++i) {
      data.back().push_back(static_cast<T>((i * 7 + source * 3) % 11));
    }
  }
  std::vector<const void*> sources;
  for (const auto& numbers : data) sources.push_back(numbers.data());
  std::vector<T> out(kNumel, static_cast<T>(99));
  T* target = in_place < 0 ? out.data() : data[in_place].data();
  FindReduce(dtype, op, half)(sources.data(), count, target, kNumel);
  return in_place < 0 ? out : data[in_place];
}

template <typename T>
void ExpectRight(at::ScalarType dtype) {
  for (const ReduceOp op : {ReduceOp::kSum, ReduceOp::kMax}) {
    for (int count = 1; count <= 4; ++count) {
      for (int in_place = -1; in_place < count; ++in_place) {
        const std::vector<T> result = Run<T>(dtype, op, count, in_place);
        for (int64_t i = 0; i < kNumel; ++i) {
          int64_t expected = 0;
          for (int source = 0; source < count; ++source) {
            const int64_t value = (i * 7 + source * 3) % 11;
            expected = op == ReduceOp::kSum ? expected + value
                                            : std::max(expected, value);
          }
          ASSERT_EQ(static_cast<double>(result[i]),
                    static_cast<double>(expected))
              << dtype << " " << ReduceOpName(op) << " " << count << " "
              << in_place << " " << i;
        }
      }
    }
  }
}

TEST(ReduceTest, AddsAndComparesEveryTypeAlsoInPlace) {
  ExpectRight<float>(at::kFloat);
  ExpectRight<double>(at::kDouble);
  ExpectRight<c10::BFloat16>(at::kBFloat16);
  ExpectRight<c10::Half>(at::kHalf);
  ExpectRight<int8_t>(at::kChar);
  ExpectRight<uint8_t>(at::kByte);
  ExpectRight<int32_t>(at::kInt);
  ExpectRight<int64_t>(at::kLong);
}

template <typename T>
T Combine(at::ScalarType dtype, std::vector<T> values,
          HalfSums half = HalfSums::kFloat32) {
  std::vector<const void*> sources;
  for (const T& value : values) sources.push_back(&value);
  T out = static_cast<T>(0);
  FindReduce(dtype, ReduceOp::kSum, half)(
      sources.data(), static_cast<int>(values.size()), &out, 1);
  return out;
}

TEST(ReduceTest, SumsAreFormedInTheOrderOfTheSources) {
  EXPECT_EQ(Combine<float>(at::kFloat, {1e8f, 1.0f, -1e8f}), 0.0f);
  EXPECT_EQ(Combine<float>(at::kFloat, {1e8f, -1e8f, 1.0f}), 1.0f);
}

TEST(ReduceTest, HalfTypesAreRoundedOnceOrAtEachStep) {
  // 256 + 1 + 1: bfloat16 holds 256 and 258, not 257.
  EXPECT_EQ(Combine<c10::BFloat16>(at::kBFloat16, {256, 1, 1}), 258.0f);
  EXPECT_EQ(Combine<c10::BFloat16>(at::kBFloat16, {256, 1, 1},
                                   HalfSums::kOwnPrecision),
            256.0f);
  EXPECT_EQ(Combine<c10::Half>(at::kHalf, {2048, 1, 1}), 2050.0f);
  EXPECT_EQ(
      Combine<c10::Half>(at::kHalf, {2048, 1, 1}, HalfSums::kOwnPrecision),
      2048.0f);
}

TEST(ReduceTest, IntegersWrapAround) {
  EXPECT_EQ(Combine<uint8_t>(at::kByte, {200, 100}), 44);
  EXPECT_EQ(Combine<int8_t>(at::kChar, {100, 100}), -56);
  EXPECT_EQ(Combine<int32_t>(at::kInt, {2000000000, 2000000000}), -294967296);
  const int64_t most = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(Combine<int64_t>(at::kLong, {most, 1}),
            std::numeric_limits<int64_t>::min());
}

}  // namespace
}  // namespace fts::comm::shm
