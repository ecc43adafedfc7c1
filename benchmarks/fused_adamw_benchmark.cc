// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Summing two ranks' gradients and AdamW in one pass, against summing first and
// at::_fused_adamw_ after it, on one thread:
//   tools/bazel run --config=opt //benchmarks:fused_adamw_benchmark [-- --json]
// Prints the least time of several rounds and what goes through memory per
// second: per element two gradients, and value and moments read and written.
#include <ATen/Parallel.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/add.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <limits>

#include "benchmarks/opt_mode.h"
#include "fts/core/optim/fused_adamw.h"

namespace fts {
namespace {

constexpr int kRounds = 15;
constexpr int kBytesPerElement = 4 * (2 + 3 * 2);

double LeastSeconds(const std::function<void()>& body) {
  double least = std::numeric_limits<double>::infinity();
  for (int round = 0; round < kRounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    body();
    least = std::min(least, std::chrono::duration<double>(
                                std::chrono::steady_clock::now() - start)
                                .count());
  }
  return least;
}

void Measure(int64_t megabytes, bool json) {
  const int64_t n = megabytes * 1024 * 1024 / 4;
  const at::Tensor a = at::randn({n}), b = at::randn({n});
  const at::Tensor value = at::randn({n}), moment = at::zeros({n}),
                   square = at::zeros({n});
  at::Tensor sum = at::empty_like(a);
  const float* const parts[] = {a.const_data_ptr<float>(),
                                b.const_data_ptr<float>()};
  optim::AdamWStep step;
  step.lr = 1e-3;
  step.beta1 = 0.9;
  step.beta2 = 0.999;
  step.eps = 1e-8;
  step.weight_decay = 0.01;
  const double fused = LeastSeconds([&] {
    optim::SumAndAdamW(parts, 2, value.data_ptr<float>(),
                       moment.data_ptr<float>(), square.data_ptr<float>(), n,
                       step);
  });
  const at::Tensor number = at::scalar_tensor(1.0, at::kFloat);
  const double apart = LeastSeconds([&] {
    at::add_out(sum, a, b);
    at::_fused_adamw_({value}, {sum}, {moment}, {square}, {}, {number}, step.lr,
                      step.beta1, step.beta2, step.weight_decay, step.eps,
                      false, false);
  });
  const double rate = static_cast<double>(n) * kBytesPerElement / fused / 1e9;
  std::printf(json ? "{\"mb\": %lld, \"fused_ms\": %.3f, \"apart_ms\": %.3f, "
                     "\"ratio\": %.2f, \"gb_per_s\": %.1f}\n"
                   : "%6lld  %10.3f  %10.3f  %6.2f  %8.1f\n",
              static_cast<long long>(megabytes), fused * 1e3, apart * 1e3,
              apart / fused, rate);
}

}  // namespace
}  // namespace fts

int main(int argc, char** argv) {
  if (!fts::benchmarks::MayPrintNumbers()) return 1;
  const bool json = argc > 1 && std::strcmp(argv[1], "--json") == 0;
  at::set_num_threads(1);
  const c10::NoGradGuard no_grad;
  if (!json) {
    std::printf("%6s  %10s  %10s  %6s  %8s\n", "MB", "one pass", "apart (ms)",
                "ratio", "GB/s");
  }
  for (const int64_t megabytes : {1, 4, 16, 64}) {
    fts::Measure(megabytes, json);
  }
  return 0;
}
