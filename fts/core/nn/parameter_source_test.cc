// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/nn/parameter_source.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <map>

#include "fts/core/nn/linear.h"

namespace fts::nn {
namespace {

// Element i of every parameter is i.
class Counting : public ParameterSource {
 public:
  explicit Counting(std::map<std::string, Info> infos)
      : infos_(std::move(infos)) {}

  const Info* Find(const std::string& name) const override {
    const auto found = infos_.find(name);
    return found == infos_.end() ? nullptr : &found->second;
  }
  absl::Status CopyRange(const std::string& name, int64_t begin, int64_t end,
                         at::Tensor dst) const override {
    const absl::Status checked = CheckRange(name, begin, end, dst);
    if (checked.ok()) dst.copy_(at::arange(begin, end));
    return checked;
  }

 private:
  std::map<std::string, Info> infos_;
};

TEST(ParameterSourceTest, FillsEveryParameter) {
  Linear linear(3, 2, /*bias=*/true);
  const absl::Status loaded =
      LoadParameters(linear, Counting({{"weight", {{2, 3}}}, {"bias", {{2}}}}));
  ASSERT_TRUE(loaded.ok()) << loaded;
  EXPECT_TRUE(at::equal(linear.weight(), at::arange(6.0f).view({2, 3})));
  EXPECT_TRUE(linear.weight().requires_grad());
}

TEST(ParameterSourceTest, NamesWhatDoesNotFit) {
  Linear linear(3, 2, /*bias=*/true);
  EXPECT_EQ(
      std::string(
          LoadParameters(linear, Counting({{"weight", {{2, 3}}}})).message()),
      "parameter 'bias' is not in the source of initial values");
  EXPECT_EQ(
      std::string(
          LoadParameters(linear, Counting({{"weight", {{3, 2}}}})).message()),
      "parameter 'weight' has shape [2, 3], its source has [3, 2]");
}

}  // namespace
}  // namespace fts::nn
