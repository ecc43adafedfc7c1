// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A chain of equal units for tests of order and memory: unit i is "u<i>", holds
// one square matrix and computes tanh(x W). Testing only.
// Threads: confined.
#ifndef FTS_CORE_SHARD_CHAIN_NET_TESTUTIL_H_
#define FTS_CORE_SHARD_CHAIN_NET_TESTUTIL_H_

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/tanh.h>
#include <c10/core/GradMode.h>
#include <c10/util/accumulate.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fts/core/comm/fake.h"
#include "fts/core/comm/testing/rank_threads.h"
#include "fts/core/shard/engine.h"
#include "fts/core/shard/shard_group.h"
#include "fts/core/shard/tensor_util.h"

namespace fts::shard::testing {

inline constexpr int64_t kChainWidth = 8;
// Bytes of one unit, gathered: 64 floats need no padding over up to 4 ranks.
inline constexpr int64_t kUnitBytes = kChainWidth * kChainWidth * 4;

inline at::Tensor Wave(double start, at::IntArrayRef shape) {
  const int64_t n = c10::multiply_integers(shape);
  return at::sin(at::arange(n) * 7.3 + start).mul(0.5).view(shape);
}

inline at::Tensor ChainInput(int rank, int k) {
  return Wave(10 * rank + k + 0.25, {3, kChainWidth});
}

inline std::string UnitName(int i) { return "u" + std::to_string(i); }

// Unit i thaws in phase `phases[i]`.
inline Plan ChainPlan(const std::vector<int>& phases, bool reshard = true) {
  Plan plan;
  for (size_t i = 0; i < phases.size(); ++i) {
    UnitSpec unit;
    unit.module = UnitName(static_cast<int>(i));
    unit.reshard = reshard;
    SegmentSpec segment;
    segment.phase = phases[i];
    segment.dtype = "float32";
    segment.parameters = {unit.module + ".w"};
    segment.numel = segment.decay_numel = kChainWidth * kChainWidth;
    unit.segments = {segment};
    plan.units.push_back(unit);
  }
  return plan;
}

struct Chain {
  std::vector<NamedLeaf> leaves;
  std::unique_ptr<ShardEngine> engine;  // null: plain

  explicit Chain(int units) {
    for (int i = 0; i < units; ++i) {
      leaves.push_back(
          {UnitName(i) + ".w", Wave(i, {kChainWidth, kChainWidth})});
    }
  }
  Chain(const Plan& plan, std::shared_ptr<comm::Communicator> gather,
        std::shared_ptr<comm::Communicator> reduce, const Dtypes& dtypes = {},
        std::shared_ptr<const ShardGroup> group = nullptr)
      : Chain(static_cast<int>(plan.units.size())) {
    EngineOptions options;
    options.dtypes = dtypes;
    options.group = std::move(group);
    auto made = ShardEngine::Create(plan, leaves, std::move(gather),
                                    std::move(reduce), options);
    EXPECT_TRUE(made.ok()) << made.status();
    engine = *std::move(made);
    std::map<std::string, at::Tensor> values;
    for (const NamedLeaf& leaf : Chain(size()).leaves) {
      values[leaf.name] = leaf.tensor;
    }
    EXPECT_TRUE(engine
                    ->Load([&](const std::string& name, int64_t begin,
                               int64_t end, at::Tensor dst) {
                      dst.copy_(values[name].flatten().slice(0, begin, end));
                      return absl::OkStatus();
                    })
                    .ok());
  }

  int size() const { return static_cast<int>(leaves.size()); }

  // As session's interceptor does it: no graph where nothing needs one.
  at::Tensor Run(int i, const at::Tensor& x,
                 const std::function<void()>& inside = nullptr) {
    const at::Tensor& w = leaves[i].tensor;
    Unit* const unit =
        engine == nullptr ? nullptr : engine->FindUnit(UnitName(i));
    c10::AutoGradMode mode(c10::GradMode::is_enabled() &&
                           (x.requires_grad() || w.requires_grad()));
    if (unit != nullptr) {
      EXPECT_EQ(unit->PreForward({x}), absl::OkStatus());
    }
    if (inside != nullptr) inside();
    const at::Tensor y = at::tanh(at::mm(x, w));
    if (unit != nullptr) {
      EXPECT_EQ(unit->PostForward({y}), absl::OkStatus());
    }
    return y;
  }
  at::Tensor Forward(at::Tensor x) {
    for (int i = 0; i < size(); ++i) x = Run(i, x);
    return x;
  }
  at::Tensor Loss(const at::Tensor& x) { return Forward(x).square().sum(); }

  absl::StatusOr<StepSummary> Synchronize(double loss = 0) {
    const absl::Status status = engine->CompleteGradients();
    if (!status.ok()) return status;
    return engine->Synchronize(loss, 0);
  }
  // One whole step without an update; the events of it.
  std::vector<std::string> Step(int rank = 0, int k = 0) {
    engine->trace().Enable(true);
    engine->trace().Take();
    engine->BeginMicroStep(/*last=*/true);
    Loss(ChainInput(rank, k)).backward();
    const auto summary = Synchronize();
    EXPECT_TRUE(summary.ok()) << summary.status();
    engine->FinishStep();
    engine->trace().Enable(false);
    return engine->trace().Take();
  }
};

// One rank of `world` that has no peers.
inline Chain FakeChain(const Plan& plan, int world = 2) {
  comm::FakeOptions options;
  options.size = world;
  const auto gather = comm::MakeFake(options);
  const auto reduce = comm::MakeFake(options);
  EXPECT_TRUE(gather.ok() && reduce.ok());
  return Chain(plan, *gather, *reduce);
}

// Only the gathers, releases and reductions of events, "all_gather" shortened
// to "+u1", a prefetched one "*u1", "reshard" to "-u1", a reduction "!u1".
inline std::string Brief(const std::vector<std::string>& events) {
  std::string out;
  for (const std::string& event : events) {
    const size_t space = event.find(' ');
    const std::string op = event.substr(0, space);
    std::string what = event.substr(space + 1);
    const size_t ahead = what.find(" (prefetch)");
    const bool prefetch = ahead != std::string::npos;
    if (prefetch) what.resize(ahead);
    std::string mark;
    if (op == "all_gather") mark = prefetch ? "*" : "+";
    if (op == "reshard") mark = "-";
    if (op == "reduce_scatter") mark = "!";
    if (op == "pre_backward") mark = "<";
    if (mark.empty()) continue;
    if (!out.empty()) out += " ";
    out += mark + what;
  }
  return out;
}

}  // namespace fts::shard::testing

#endif  // FTS_CORE_SHARD_CHAIN_NET_TESTUTIL_H_
