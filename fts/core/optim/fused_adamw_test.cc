// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The one-pass update against PyTorch's fused kernel, bit for bit.
#include "fts/core/optim/fused_adamw.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/Version.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <utility>
#include <vector>

namespace fts::optim {
namespace {

struct Case {
  int64_t n;
  int ranks;
  double beta1;
  double weight_decay;
  bool swapped = false;  // a mistake on purpose: ranks in another order
};

// Twenty steps of both; the number of elements that differ at the end.
int64_t Differences(const Case& c) {
  at::set_num_threads(1);
  at::Generator gen = at::detail::createCPUGenerator(7);
  const auto make = [&] { return at::randn({c.n}, gen); };
  at::Tensor value = make(), moment = at::zeros({c.n}),
             square = at::zeros({c.n});
  at::Tensor value2 = value.clone(), moment2 = moment.clone(),
             square2 = square.clone();
  for (int step = 1; step <= 20; ++step) {
    std::vector<at::Tensor> parts;
    std::vector<const float*> data;
    at::Tensor sum;
    for (int rank = 0; rank < c.ranks; ++rank) {
      parts.push_back(make() * std::pow(10.0, rank));
      sum = rank == 0 ? parts[0].clone() : sum + parts[rank];
    }
    for (const at::Tensor& part : parts) data.push_back(part.data_ptr<float>());
    if (c.swapped) std::swap(data.front(), data.back());
    AdamWStep options;
    options.lr = 1e-3 / step;
    options.beta1 = c.beta1;
    options.beta2 = 0.999;
    options.eps = 1e-8;
    options.weight_decay = c.weight_decay;
    options.step = step;
    const double squares = SumAndAdamW(
        data.data(), c.ranks, value.data_ptr<float>(), moment.data_ptr<float>(),
        square.data_ptr<float>(), c.n, options);
    const double expected = sum.to(at::kDouble).square().sum().item<double>();
    EXPECT_NEAR(squares, expected, 1e-5 * expected);
    at::_fused_adamw_(
        {value2}, {sum}, {moment2}, {square2}, {},
        {at::scalar_tensor(static_cast<double>(step), at::kFloat)}, options.lr,
        options.beta1, options.beta2, options.weight_decay, options.eps, false,
        false);
  }
  const auto differ = [](const at::Tensor& a, const at::Tensor& b) {
    return (a.view(at::kInt) != b.view(at::kInt)).sum().item<int64_t>();
  };
  return differ(value, value2) + differ(moment, moment2) +
         differ(square, square2);
}

TEST(FusedAdamWTest, HasTheBitsOfSummingFirst) {
  if (!CanFuseAdamW()) GTEST_SKIP() << "this processor has no fused add";
  for (const int64_t n : {1, 7, 8, 16, 31, 1000, 1024, 4099, 65536}) {
    for (const int ranks : {1, 2, 3, 4}) {
      for (const double beta1 : {0.9, 0.3}) {
        for (const double decay : {0.0, 0.1}) {
          EXPECT_EQ(Differences({n, ranks, beta1, decay}), 0)
              << n << " elements, " << ranks << " ranks, beta1 " << beta1
              << ", decay " << decay;
        }
      }
    }
  }
}

TEST(FusedAdamWTest, TheOrderOfRanksMatters) {
  EXPECT_GT(Differences({1000, 3, 0.9, 0.1, /*swapped=*/true}), 0);
}

}  // namespace
}  // namespace fts::optim
