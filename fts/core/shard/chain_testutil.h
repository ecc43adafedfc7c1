// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A chain of blocks of odd shapes, plain or under an engine, for the tests that
// mirror upstream's. Block i is tanh(sum over h of x W[h] + b) with W
// [2, in, out] and b [out]; a root parameter scales the input. Testing only.
// Threads: one rank is confined to one thread.

#ifndef FTS_CORE_SHARD_CHAIN_TESTUTIL_H_
#define FTS_CORE_SHARD_CHAIN_TESTUTIL_H_

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fts/core/comm/testing/rank_threads.h"
#include "fts/core/shard/engine.h"
#include "fts/core/shard/tensor_util.h"

namespace fts::shard {

using Values = std::map<std::string, at::Tensor>;

inline at::Tensor Spread(double start, at::IntArrayRef shape) {
  const int64_t n = c10::multiply_integers(shape);
  return at::sin(at::arange(n) * 7.3 + start).mul(0.5).view(shape);
}

struct Chain {
  std::vector<int64_t> widths;
  std::vector<NamedLeaf> leaves;
  ShardEngine* engine = nullptr;  // null: plain

  explicit Chain(std::vector<int64_t> widths) : widths(std::move(widths)) {
    leaves.push_back({"scale", Spread(0.1, {this->widths[0]})});
    for (int i = 0; i < blocks(); ++i) {
      const std::string name = std::to_string(i);
      leaves.push_back(
          {name + ".w", Spread(i, {2, this->widths[i], this->widths[i + 1]})});
      leaves.push_back({name + ".b", Spread(i + 0.5, {this->widths[i + 1]})});
    }
  }
  int blocks() const { return static_cast<int>(widths.size()) - 1; }
  at::Tensor w(int i) { return leaves[1 + 2 * i].tensor; }
  at::Tensor b(int i) { return leaves[2 + 2 * i].tensor; }

  // Runs `body` inside the unit of that module, where there is one.
  at::Tensor Inside(const std::string& module, const at::Tensor& x,
                    const std::function<at::Tensor(at::Tensor)>& body) {
    Unit* const unit = engine == nullptr ? nullptr : engine->FindUnit(module);
    if (unit == nullptr) return body(x);
    EXPECT_EQ(unit->PreForward({x}), absl::OkStatus());
    at::Tensor y = body(x);
    EXPECT_EQ(unit->PostForward({y}), absl::OkStatus());
    return y;
  }
  at::Tensor Block(int i, const at::Tensor& x) {
    return Inside(std::to_string(i), x, [&](const at::Tensor& in) {
      return at::tanh(at::matmul(in, w(i).sum(0)) + b(i));
    });
  }
  at::Tensor Hidden(const at::Tensor& x) {
    return Inside("", x, [&](at::Tensor y) {
      y = y * leaves[0].tensor;
      for (int i = 0; i < blocks(); ++i) y = Block(i, y);
      return y;
    });
  }
  at::Tensor Loss(const at::Tensor& x) { return Hidden(x).square().sum(); }
  at::Tensor Input(int rank, int step) const {
    return Spread(100 * rank + step, {3, widths[0]});
  }
  void TrainAll() {
    for (NamedLeaf& leaf : leaves) leaf.tensor.set_requires_grad(true);
  }
};

struct ChainPlan {
  bool reshard = true;
  // Of block i; -1: never trained. Empty: all thaw at phase 0.
  std::vector<int> phases;
  bool root = true;  // a root unit holds `scale`; else it is replicated
};

inline Plan PlanOf(const Chain& chain, const ChainPlan& options = {}) {
  Plan plan;
  const auto segment = [&](size_t first, size_t count, int phase) {
    SegmentSpec spec;
    spec.phase = phase;
    spec.dtype = "float32";
    for (size_t k = first; k < first + count; ++k) {
      spec.parameters.push_back(chain.leaves[k].name);
      spec.numel += chain.leaves[k].tensor.numel();
    }
    spec.decay_numel = spec.numel;
    return spec;
  };
  for (int i = 0; i < chain.blocks(); ++i) {
    UnitSpec unit;
    unit.module = std::to_string(i);
    unit.reshard = options.reshard;
    unit.segments = {
        segment(1 + 2 * i, 2, options.phases.empty() ? 0 : options.phases[i])};
    plan.units.push_back(unit);
  }
  const int last =
      options.phases.empty()
          ? 0
          : *std::max_element(options.phases.begin(), options.phases.end());
  if (options.root) {
    UnitSpec root;
    root.is_root = true;
    root.reshard = false;  // the root rule
    root.segments = {segment(0, 1, last)};
    plan.units.push_back(root);
  } else {
    plan.remainder.segments = {segment(0, 1, last)};
    plan.remainder.segments[0].replicated = true;
  }
  return plan;
}

// One rank that trains a chain.
struct ChainRank {
  Chain chain;
  std::unique_ptr<ShardEngine> engine;

  ChainRank(comm::testing::RankComms comms, const Chain& shape,
            const Plan& plan)
      : chain(shape.widths) {
    auto made =
        ShardEngine::Create(plan, chain.leaves, comms.first, comms.second, {});
    EXPECT_TRUE(made.ok()) << made.status();
    engine = *std::move(made);
    chain.engine = engine.get();
    const Chain values(shape.widths);
    EXPECT_EQ(engine->Load([&](const std::string& name, int64_t begin,
                               int64_t end, at::Tensor dst) {
      for (const NamedLeaf& leaf : values.leaves) {
        if (leaf.name == name) {
          dst.copy_(leaf.tensor.flatten().slice(0, begin, end));
        }
      }
      return absl::OkStatus();
    }),
              absl::OkStatus());
  }
  int rank() const { return engine->context().rank(); }
  void ThawAll() {
    for (int phase = 0; phase < 8; ++phase) engine->Thaw(phase);
  }
  // Whole gradients of everything that trains. Collective.
  Values Gradients() {
    Values out;
    EXPECT_EQ(engine->CompleteGradients(), absl::OkStatus());
    for (const auto& segment : engine->segments()) {
      if (!segment->trainable()) continue;
      at::Tensor full = segment->grad().clone();
      if (segment->sharded()) {
        full = at::zeros({segment->padded()});
        full.slice(0, segment->begin(),
                   segment->begin() + segment->grad().numel())
            .copy_(segment->grad());
        EXPECT_EQ((*engine->context().gather->AllGatherInPlace(full))->Wait(),
                  absl::OkStatus());
      }
      for (const auto& leaf : segment->leaves()) {
        out[leaf->name()] = leaf->RangeOf(full).clone();
      }
    }
    return out;
  }
  // What an optimizer does: parameters that nobody used stay.
  void Sgd(double lr) {
    EXPECT_EQ(engine->CompleteGradients(), absl::OkStatus());
    {
      SilentWrites guard;
      for (const auto& segment : engine->segments()) {
        if (segment->trainable()) segment->shard().sub_(segment->grad(), lr);
      }
    }
    engine->FinishStep();
  }
  Values Weights() {
    Values out;
    EXPECT_EQ(engine->ForEachFull(
                  [&](const std::string& name, const at::Tensor& full) {
                    out[name] = full.clone();
                    return absl::OkStatus();
                  }),
              absl::OkStatus());
    return out;
  }
};

inline void ExpectClose(const Values& got, const Values& want) {
  ASSERT_EQ(got.size(), want.size());
  for (const auto& [name, value] : want) {
    EXPECT_TRUE(at::allclose(got.at(name), value, 1e-5, 1e-6)) << name;
  }
}

// The gradients of all leaves of a plain chain that have one.
inline Values GradientsOf(const Chain& chain) {
  Values out;
  for (const NamedLeaf& leaf : chain.leaves) {
    if (leaf.tensor.grad().defined()) out[leaf.name] = leaf.tensor.grad();
  }
  return out;
}

}  // namespace fts::shard

#endif  // FTS_CORE_SHARD_CHAIN_TESTUTIL_H_
