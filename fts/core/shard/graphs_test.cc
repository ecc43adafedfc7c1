// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Shapes of graphs that users make: several forwards and backwards in any
// order, retained graphs, modules used twice, double backward. Each must give
// plain autograd's gradients, with everything trainable and with half of each
// unit frozen, and leave nothing gathered.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "fts/core/comm/testing/rank_threads.h"
#include "fts/core/shard/engine.h"
#include "fts/core/shard/tensor_util.h"

namespace fts::shard {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;

constexpr int kUnits = 2;
constexpr int64_t kWidth = 5;

at::Tensor Spread(double start, at::IntArrayRef shape) {
  const int64_t n = c10::multiply_integers(shape);
  return at::sin(at::arange(n) * 7.3 + start).mul(0.7).view(shape);
}

// Two units x -> tanh(x W) * s; W thaws in phase 1, s in phase 0, is frozen in
// 2 and thaws again in 3.
struct Net {
  std::vector<NamedLeaf> leaves;
  ShardEngine* engine = nullptr;  // null: plain
  // Runs inside the last unit's forward, once.
  std::function<void()> inside;

  Net() {
    for (int i = 0; i < kUnits; ++i) {
      const std::string name = std::to_string(i);
      leaves.push_back({name + ".w", Spread(i, {kWidth, kWidth})});
      leaves.push_back({name + ".s", Spread(i + 0.5, {kWidth})});
    }
  }
  at::Tensor Unit(int i, const at::Tensor& x) {
    auto* unit =
        engine == nullptr ? nullptr : engine->FindUnit(std::to_string(i));
    if (unit != nullptr) {
      EXPECT_TRUE(unit->PreForward({x}).ok());
    }
    const at::Tensor y = at::tanh(at::mm(x, leaves[2 * i].tensor.t())) *
                         leaves[2 * i + 1].tensor;
    if (i == kUnits - 1 && inside) std::exchange(inside, nullptr)();
    if (unit != nullptr) {
      EXPECT_EQ(unit->PostForward({y}), absl::OkStatus());
    }
    return y;
  }
  at::Tensor Hidden(at::Tensor x) {
    for (int i = 0; i < kUnits; ++i) x = Unit(i, x);
    return x;
  }
  at::Tensor Loss(const at::Tensor& x) { return Hidden(x).square().sum(); }
};

at::Tensor Input(int rank, int k) { return Spread(10 * rank + k, {3, kWidth}); }

Plan MakePlan() {
  Plan plan;
  for (int i = 0; i < kUnits; ++i) {
    const std::string name = std::to_string(i);
    UnitSpec unit;
    unit.module = name;
    SegmentSpec scale, weight;
    scale.dtype = weight.dtype = "float32";
    scale.switches = {2, 3};
    scale.parameters = {name + ".s"};
    scale.numel = scale.decay_numel = kWidth;
    weight.phase = 1;
    weight.parameters = {name + ".w"};
    weight.numel = weight.decay_numel = kWidth * kWidth;
    unit.segments = {scale, weight};
    plan.units.push_back(unit);
  }
  return plan;
}

struct Sharded {
  Net net;
  std::unique_ptr<ShardEngine> engine;

  explicit Sharded(RankComms comms) {
    auto made = ShardEngine::Create(MakePlan(), net.leaves, comms.first,
                                    comms.second, {});
    EXPECT_TRUE(made.ok()) << made.status();
    engine = *std::move(made);
    net.engine = engine.get();
    Net values;
    EXPECT_TRUE(engine
                    ->Load([&](const std::string& name, int64_t begin,
                               int64_t end, at::Tensor dst) {
                      for (const NamedLeaf& leaf : values.leaves) {
                        if (leaf.name == name) {
                          dst.copy_(leaf.tensor.flatten().slice(0, begin, end));
                        }
                      }
                      return absl::OkStatus();
                    })
                    .ok());
  }
  std::map<std::string, at::Tensor> Gradients() {
    std::map<std::string, at::Tensor> out;
    EXPECT_EQ(engine->CompleteGradients(), absl::OkStatus());
    for (const auto& segment : engine->segments()) {
      if (!segment->trainable()) continue;
      at::Tensor full = segment->grad().clone();
      if (segment->sharded()) {
        full = at::zeros({segment->padded()});
        full.slice(0, segment->begin(),
                   segment->begin() + segment->grad().numel())
            .copy_(segment->grad());
        EXPECT_TRUE(
            (*engine->context().gather->AllGatherInPlace(full))->Wait().ok());
      }
      for (const auto& leaf : segment->leaves()) {
        out[leaf->name()] = leaf->RangeOf(full).clone();
      }
    }
    return out;
  }
};

using Body = std::function<void(Net&, int rank)>;
struct Shape {
  const char* name;
  Body body;
};

const std::vector<Shape>& Shapes() {
  static const std::vector<Shape> shapes = {
      {"two forwards, one backward",
       [](Net& net, int rank) {
         (net.Loss(Input(rank, 0)) + net.Loss(Input(rank, 1))).backward();
       }},
      {"two forwards, then two backwards",
       [](Net& net, int rank) {
         const at::Tensor a = net.Loss(Input(rank, 0));
         const at::Tensor b = net.Loss(Input(rank, 1));
         a.backward();
         b.backward();
       }},
      {"two forwards, backwards in reverse",
       [](Net& net, int rank) {
         const at::Tensor a = net.Loss(Input(rank, 0));
         const at::Tensor b = net.Loss(Input(rank, 1));
         b.backward();
         a.backward();
       }},
      {"one forward, two backwards",
       [](Net& net, int rank) {
         const at::Tensor a = net.Loss(Input(rank, 0));
         a.backward({}, /*retain_graph=*/true);
         a.backward();
       }},
      {"a retained graph runs again together with another",
       [](Net& net, int rank) {
         const at::Tensor a = net.Loss(Input(rank, 0));
         const at::Tensor b = net.Loss(Input(rank, 1));
         a.backward({}, true);
         (a + b).backward();
       }},
      {"a retained graph runs again after another forward",
       [](Net& net, int rank) {
         const at::Tensor a = net.Loss(Input(rank, 0));
         a.backward({}, true);
         const at::Tensor b = net.Unit(1, Input(rank, 1)).sum();
         a.backward();
         b.backward();
       }},
      {"a module used twice",
       [](Net& net, int rank) {
         net.Loss(net.Hidden(Input(rank, 0))).backward();
       }},
      {"a module used twice, backward twice",
       [](Net& net, int rank) {
         const at::Tensor a = net.Loss(net.Hidden(Input(rank, 0)));
         a.backward({}, true);
         a.backward();
       }},
      {"inputs that require gradients",
       [](Net& net, int rank) {
         at::Tensor x = Input(rank, 0).set_requires_grad(true);
         net.Loss(x * 2).backward();
       }},
      {"a backward inside a forward",
       [](Net& net, int rank) {
         const at::Tensor a = net.Loss(Input(rank, 0));
         net.inside = [a] { a.backward(); };
         net.Loss(Input(rank, 1)).backward();
       }},
      {"a graph that is dropped",
       [](Net& net, int rank) {
         net.Loss(Input(rank, 1));
         net.Loss(Input(rank, 0)).backward();
       }},
      {"a graph that is kept but never run",
       [](Net& net, int rank) {
         const at::Tensor unused = net.Loss(Input(rank, 1));
         net.Loss(Input(rank, 0)).backward();
       }},
      {"part of a unit's output",
       [](Net& net, int rank) {
         net.Hidden(Input(rank, 0)).slice(1, 0, 2).sum().backward();
       }},
      {"double backward",
       [](Net& net, int rank) {
         at::Tensor x = Input(rank, 0).set_requires_grad(true);
         const at::Tensor loss = net.Loss(x * 1.0);
         const auto g = torch::autograd::grad({loss}, {x}, {}, true, true);
         (loss + g[0].square().sum()).backward();
       }},
  };
  return shapes;
}

class GraphsTest
    : public ::testing::TestWithParam<std::tuple<int, int, size_t>> {};
INSTANTIATE_TEST_SUITE_P(
    All, GraphsTest,
    ::testing::Combine(::testing::Values(1, 2), ::testing::Values(1, 2),
                       ::testing::Range<size_t>(0, Shapes().size())));

TEST_P(GraphsTest, GradientsEqualPlainAutograd) {
  const auto [world, phases, index] = GetParam();
  const Shape& shape = Shapes()[index];
  SCOPED_TRACE(shape.name);
  std::map<std::string, at::Tensor> want;
  Net plain;
  for (NamedLeaf& leaf : plain.leaves) {
    const bool scale = leaf.name.back() == 's';
    leaf.tensor.set_requires_grad(scale || phases == 2);
  }
  for (int rank = 0; rank < world; ++rank) shape.body(plain, rank);
  for (NamedLeaf& leaf : plain.leaves) {
    if (leaf.tensor.requires_grad()) want[leaf.name] = leaf.tensor.grad();
  }
  RunRanks(world, [&, world = world, phases = phases](RankComms comms) {
    Sharded s(comms);
    for (int phase = 0; phase < phases; ++phase) s.engine->Thaw(phase);
    shape.body(s.net, comms.first->rank());
    const auto got = s.Gradients();
    ASSERT_EQ(got.size(), want.size());
    for (const auto& [name, gradient] : want) {
      EXPECT_TRUE(at::allclose(got.at(name), gradient, 1e-5, 1e-6))
          << name << "\n"
          << got.at(name) << "\n"
          << gradient;
    }
    for (const NamedLeaf& leaf : s.net.leaves) {
      EXPECT_FALSE(leaf.tensor.grad().defined()) << leaf.name;
    }
    s.engine->FinishStep();
    for (const auto& unit : s.engine->units()) {
      EXPECT_EQ(unit->gathered(), world == 1) << unit->module();
    }
    EXPECT_EQ(s.engine->ledger().now(Holding::kGradient), 0);
    EXPECT_EQ(s.engine->ledger().now(Holding::kReduce), 0);
  });
}

// A unit whose graph is dropped still closes early in the next backward.
TEST(UnitTest, ADroppedGraphDoesNotDelayTheRelease) {
  RunRanks(2, [&](RankComms comms) {
    Sharded s(comms);
    s.engine->Thaw(0);
    s.engine->Thaw(1);
    s.net.Loss(Input(0, 1));
    s.engine->trace().Enable(true);
    s.net.Loss(Input(0, 0)).backward();
    const auto events = s.engine->trace().Take();
    const auto at = [&](const char* event) {
      return std::find(events.begin(), events.end(), event) - events.begin();
    };
    EXPECT_LT(at("reduce_scatter 1"), at("pre_backward 0"));
  });
}

TEST(SegmentTest, AUsersHookSeesTheGradientFirst) {
  RunRanks(2, [&](RankComms comms) {
    Sharded s(comms);
    s.engine->Thaw(0);
    s.net.Loss(Input(comms.first->rank(), 0)).backward();
    const auto want = s.Gradients();
    s.engine->FinishStep();
    int calls = 0;
    s.net.leaves[1].tensor.register_hook([&](at::Tensor grad) {
      ++calls;
      return grad * 2;
    });
    s.net.Loss(Input(comms.first->rank(), 0)).backward();
    const auto got = s.Gradients();
    EXPECT_EQ(calls, 1);
    EXPECT_TRUE(at::equal(got.at("0.s"), want.at("0.s") * 2));
    EXPECT_TRUE(at::equal(got.at("1.s"), want.at("1.s")));
    EXPECT_FALSE(s.net.leaves[1].tensor.grad().defined());
  });
}

TEST(SegmentTest, FreezingAgainDropsBuffersAndThawingCountsOnce) {
  for (const int world : {1, 2}) {
    RunRanks(world, [&, world](RankComms comms) {
      Sharded s(comms);
      const int rank = comms.first->rank();
      EXPECT_EQ(s.engine->Thaw(0), kUnits * kWidth);
      EXPECT_EQ(s.engine->Thaw(0), 0);
      const at::Tensor kept = s.net.Loss(Input(rank, 0));
      kept.backward({}, /*retain_graph=*/true);
      const auto want = s.Gradients();
      EXPECT_GT(s.engine->ledger().now(Holding::kGradient), 0);
      EXPECT_EQ(s.engine->Freeze(0), 0);
      EXPECT_EQ(s.engine->Freeze(2), kUnits * kWidth);
      EXPECT_EQ(s.engine->Freeze(2), 0);
      EXPECT_EQ(s.engine->ledger().now(Holding::kGradient), 0);
      EXPECT_EQ(s.engine->trainable_parameters(), 0);
      EXPECT_FALSE(s.net.Loss(Input(rank, 0)).requires_grad());
      // `kept` still holds the old accumulators, which get a second hook.
      EXPECT_EQ(s.engine->Thaw(2), 0);
      EXPECT_EQ(s.engine->Thaw(3), kUnits * kWidth);
      s.net.Loss(Input(rank, 0)).backward();
      const auto got = s.Gradients();
      for (const auto& [name, gradient] : want) {
        EXPECT_TRUE(at::equal(got.at(name), gradient)) << name;
      }
    });
  }
}

TEST(EngineLifeTest, ABackwardAfterTheEngineIsRefused) {
  RunRanks(2, [&](RankComms comms) {
    auto s = std::make_unique<Sharded>(comms);
    s->engine->Thaw(0);
    const at::Tensor loss = s->net.Loss(Input(0, 0));
    s.reset();
    try {
      loss.backward();
      ADD_FAILURE() << "backward ran without an engine";
    } catch (const std::exception& e) {
      EXPECT_STREQ(e.what(),
                   "backward through a model whose sharding engine is gone: "
                   "its parameters are not in memory; run backward first");
    }
  });
}

}  // namespace
}  // namespace fts::shard
