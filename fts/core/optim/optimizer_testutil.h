// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A flat parameter in memory with the values and gradients of
// testdata/optimizer_golden.py.
// Threads: as Optimizer.

#ifndef FTS_CORE_OPTIM_OPTIMIZER_TESTUTIL_H_
#define FTS_CORE_OPTIM_OPTIMIZER_TESTUTIL_H_

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "fts/core/optim/optimizer.h"

namespace fts::optim {

inline const std::vector<int64_t> kSizes = {5, 3, 7};
inline constexpr int kSteps = 6;

inline bool Unused(int parameter, int step) {
  return parameter == 1 && (step == 2 || step == 3);
}

inline float Grid(int parameter, int element, int step) {
  return static_cast<float>((element * 37 + step * 11 + parameter * 5) % 17 -
                            8) /
         8.0f;
}

class FakeFlat : public FlatParameter {
 public:
  // Parameters of these sizes one after another; the last has no decay.
  explicit FakeFlat(std::vector<int64_t> sizes = kSizes, int64_t padding = 1,
                    at::ScalarType dtype = at::kFloat) {
    int64_t end = 0;
    for (size_t p = 0; p < sizes.size(); ++p) {
      extents_.push_back(
          {end, end + sizes[p], static_cast<int>(p), p + 1 != sizes.size()});
      end += sizes[p];
    }
    value_ = at::zeros({end + padding}, dtype);
    grad_ = at::zeros({end + padding}, dtype);
    Fill(value_, 100);
  }

  void Fill(at::Tensor tensor, int step) {
    for (const Extent& extent : extents_) {
      for (int64_t i = extent.begin; i < extent.end; ++i) {
        tensor[i] =
            Grid(extent.param_index, static_cast<int>(i - extent.begin), step);
      }
    }
  }

  at::Tensor value() override { return value_; }
  at::Tensor grad() override { return grad_; }
  const std::vector<Extent>& extents() const override { return extents_; }

  at::Tensor value_, grad_;
  std::vector<Extent> extents_;
};

inline UsedMask UsedAt(int step) {
  UsedMask used;
  for (size_t p = 0; p < kSizes.size(); ++p) {
    used.push_back(!Unused(static_cast<int>(p), step));
  }
  return used;
}

inline void AddTwoGroups(Optimizer& optimizer, std::shared_ptr<FakeFlat> flat) {
  ASSERT_TRUE(
      optimizer.AddGroup({"decay", 0.01, 0.1, ExtentClass::kDecay}, {flat})
          .ok());
  ASSERT_TRUE(
      optimizer.AddGroup({"no_decay", 0.01, 0.0, ExtentClass::kNoDecay}, {flat})
          .ok());
}

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_OPTIMIZER_TESTUTIL_H_
