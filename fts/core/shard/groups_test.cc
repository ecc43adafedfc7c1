// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Which ranks share a segment: replicas (HSDP), groups that keep what was
// gathered (an int reshard_after_forward), other dimensions (shard_placement),
// units of several modules. Values are held against plain autograd at 2, 4 and
// 8 ranks, with shapes that do not divide, a parameter of fewer elements than
// ranks, and one of three dimensions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "fts/core/comm/testing/rank_threads.h"
#include "fts/core/shard/engine.h"
#include "fts/core/shard/replicas_testutil.h"
#include "fts/core/shard/shard_group.h"
#include "fts/core/shard/tensor_util.h"

namespace fts::shard {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The trace without the marks around forwards and after backwards, and without
// saying what was gathered ahead.
std::vector<std::string> Events(ShardEngine& engine) {
  std::vector<std::string> out;
  for (std::string event : engine.trace().Take()) {
    if (event.rfind("pre_forward", 0) == 0 || event.rfind("post_", 0) == 0) {
      continue;
    }
    const size_t ahead = event.find(" (prefetch)");
    if (ahead != std::string::npos) event.resize(ahead);
    out.push_back(event);
  }
  return out;
}

at::Tensor Values(const std::string& name, at::IntArrayRef shape) {
  at::Generator gen =
      at::detail::createCPUGenerator(std::hash<std::string>{}(name) % 1000003);
  return torch::randn(shape, gen) * 0.3;
}

struct Net {
  std::vector<NamedLeaf> leaves;
  explicit Net(bool plain) {
    Add("scale", {6});
    Add("conv.w", {6, 8, 2});
    Add("mid.w", {7, 8});
    Add("mid.b", {7});
    Add("tiny.s", {3});
    for (NamedLeaf& leaf : leaves) leaf.tensor.set_requires_grad(plain);
  }
  void Add(const std::string& name, at::IntArrayRef shape) {
    leaves.push_back({name, Values(name, shape)});
  }
  at::Tensor& operator[](const std::string& name) {
    for (NamedLeaf& leaf : leaves) {
      if (leaf.name == name) return leaf.tensor;
    }
    throw std::out_of_range(name);
  }
  at::Tensor Run(const std::string& module, const at::Tensor& x,
                 bool bias = true) {
    if (module == "conv") {
      const at::Tensor y = x.matmul((*this)["conv.w"].view({6, 16}));
      return torch::tanh(y.view({-1, 8, 2}).sum(2));
    }
    if (module == "mid") {
      return torch::tanh(torch::linear(x, (*this)["mid.w"],
                                       bias ? (*this)["mid.b"] : at::Tensor()));
    }
    return x.narrow(1, 0, 3) * (*this)["tiny.s"];
  }
};

const std::vector<std::string>& Modules() {
  static const auto* const modules =
      new std::vector<std::string>{"conv", "mid", "tiny"};
  return *modules;
}

at::Tensor PlainLoss(Net& net, at::Tensor x, bool bias = true) {
  x = x * net["scale"];
  for (const std::string& module : Modules()) x = net.Run(module, x, bias);
  return x.square().sum();
}

SegmentSpec Part(Net& net, std::vector<std::string> names) {
  SegmentSpec segment;
  segment.dtype = "float32";
  for (const std::string& name : names) segment.numel += net[name].numel();
  segment.decay_numel = segment.numel;
  segment.parameters = std::move(names);
  return segment;
}

Plan MakePlan() {
  Plan plan;
  Net net(false);
  for (const std::string& module : Modules()) {
    UnitSpec unit;
    unit.module = module;
    if (module == "mid") {
      unit.segments.push_back(Part(net, {"mid.w", "mid.b"}));
    } else {
      unit.segments.push_back(
          Part(net, {module == "conv" ? "conv.w" : "tiny.s"}));
    }
    plan.units.push_back(std::move(unit));
  }
  plan.remainder.segments.push_back(Part(net, {"scale"}));
  plan.remainder.segments.back().replicated = true;
  return plan;
}

struct Rank {
  Net net{false};
  std::unique_ptr<ShardEngine> engine;

  Rank(const comm::testing::RankComms& comms, int replicas,
       const Plan& plan = MakePlan(), Dtypes dtypes = {}) {
    EngineOptions options;
    options.dtypes = dtypes;
    options.group = SplitReplicas(comms, replicas);
    auto made = ShardEngine::Create(plan, net.leaves, comms.first, comms.second,
                                    options);
    EXPECT_TRUE(made.ok()) << made.status();
    engine = *std::move(made);
    Net values(false);
    EXPECT_TRUE(engine
                    ->Load([&](const std::string& name, int64_t begin,
                               int64_t end, at::Tensor dst) {
                      dst.copy_(values[name].flatten().slice(0, begin, end));
                      return absl::OkStatus();
                    })
                    .ok());
    engine->Thaw(0);
  }
  // `bias`: whether mid.b is used.
  at::Tensor Loss(at::Tensor x, bool bias = true) {
    x = x * net["scale"];
    for (const std::string& module : Modules()) {
      Unit* unit = engine->FindUnit(module);
      const auto& modules = unit->modules();
      const int which = static_cast<int>(
          std::find(modules.begin(), modules.end(), module) - modules.begin());
      EXPECT_TRUE(unit->PreForward({x}).ok());
      x = net.Run(module, x, bias);
      EXPECT_TRUE(unit->PostForward({x}, which).ok());
    }
    return x.square().sum();
  }
  // The gradients' norm.
  double Synchronize() {
    EXPECT_TRUE(engine->CompleteGradients().ok());
    double squares = 0;
    for (const auto& segment : engine->segments()) {
      if (segment->trainable() && engine->CountsInNorm(*segment)) {
        squares +=
            segment->grad().to(at::kDouble).square().sum().item<double>();
      }
    }
    const auto summary = engine->Synchronize(0, squares);
    EXPECT_TRUE(summary.ok()) << summary.status();
    return summary->grad_norm;
  }
  void Update(double lr) {
    SilentWrites guard;
    for (const auto& segment : engine->segments()) {
      if (segment->trainable()) segment->shard().sub_(segment->grad(), lr);
    }
    engine->FinishStep();
  }
};

at::Tensor Input(int64_t sample) {
  return Values("x" + std::to_string(sample), {4, 6});
}

constexpr int kSteps = 3;
constexpr double kLr = 0.05;

// Plain training on the samples of all ranks; the gradients' norm of each step.
std::map<std::string, at::Tensor> PlainResult(int samples,
                                              std::vector<double>* norms) {
  Net net(true);
  for (int step = 0; step < kSteps; ++step) {
    for (int i = 0; i < samples; ++i) {
      PlainLoss(net, Input(step * samples + i)).backward();
    }
    torch::NoGradGuard guard;
    double squares = 0;
    for (NamedLeaf& leaf : net.leaves) {
      const at::Tensor grad = leaf.tensor.grad();
      squares += grad.to(at::kDouble).square().sum().item<double>();
      leaf.tensor.sub_(grad, kLr);
      leaf.tensor.mutable_grad() = at::Tensor();
    }
    norms->push_back(std::sqrt(squares));
  }
  std::map<std::string, at::Tensor> out;
  for (NamedLeaf& leaf : net.leaves) out[leaf.name] = leaf.tensor.detach();
  return out;
}

// Trains on `world` ranks as one rank would without any engine. `told`: which
// micro-step is the last one.
void ExpectPlainTraining(int world, int replicas, int micro, const Plan& plan,
                         bool told = true) {
  SCOPED_TRACE(testing::Message()
               << world << " ranks, " << replicas << " replicas, " << micro
               << " micro-steps" << (told ? "" : ", not told which is last"));
  std::vector<double> norms;
  const auto want = PlainResult(world * micro, &norms);
  comm::testing::RunRanks(world, [&](comm::testing::RankComms comms) {
    Rank r(comms, replicas, plan);
    for (int step = 0; step < kSteps; ++step) {
      for (int k = 0; k < micro; ++k) {
        const int sample = (step * micro + k) * world + comms.first->rank();
        if (told) r.engine->BeginMicroStep(k + 1 == micro);
        r.Loss(Input(sample)).backward();
      }
      EXPECT_NEAR(r.Synchronize(), norms[step], 1e-5 * norms[step]);
      r.Update(kLr);
    }
    int seen = 0;
    EXPECT_TRUE(
        r.engine
            ->ForEachFull([&](const std::string& name, const at::Tensor& full) {
              ++seen;
              EXPECT_TRUE(torch::allclose(full, want.at(name), 1e-5, 1e-6))
                  << name;
              return absl::OkStatus();
            })
            .ok());
    EXPECT_EQ(seen, 5);
    EXPECT_TRUE(r.engine->CheckReplicas().ok());
  });
}

TEST(ReplicasTest, TrainAsOneRankDoes) {
  for (const bool told : {true, false}) {
    for (const int micro : {1, 2}) {
      // Plain data parallelism.
      ExpectPlainTraining(2, 2, micro, MakePlan(), told);
      ExpectPlainTraining(4, 1, micro, MakePlan(), told);
      ExpectPlainTraining(4, 2, micro, MakePlan(), told);
      ExpectPlainTraining(8, 2, micro, MakePlan(), told);
      ExpectPlainTraining(8, 4, micro, MakePlan(), told);
    }
  }
}

// Not told which backward is the last one, the engine waits for the step's end;
// told, they cross while that backward runs.
TEST(ReplicasTest, GradientsCrossReplicasOncePerOptimizerStep) {
  for (const bool told : {false, true}) {
    comm::testing::RunRanks(4, [&](comm::testing::RankComms comms) {
      Rank r(comms, 2);
      r.engine->trace().Enable(true);
      std::vector<std::string> events;
      for (int k = 0; k < 3; ++k) {
        if (told) r.engine->BeginMicroStep(k == 2);
        const at::Tensor loss = r.Loss(Input(k));
        Events(*r.engine);
        loss.backward();
        events = Events(*r.engine);
        if (k == 2 && told) break;
        EXPECT_EQ(
            std::count(events.begin(), events.end(), "reduce_scatter mid"), 1);
        for (const std::string& event : events) {
          EXPECT_NE(event.rfind("all_reduce", 0), 0) << event;
        }
      }
      if (told) {
        EXPECT_THAT(events, ElementsAre("pre_backward tiny", "all_gather tiny",
                                        "reduce_scatter tiny", "reshard tiny",
                                        "pre_backward mid", "all_gather mid",
                                        "reduce_scatter mid", "reshard mid",
                                        "pre_backward conv", "all_gather conv",
                                        "reduce_scatter conv",
                                        "all_reduce tiny", "reshard conv",
                                        "all_reduce mid", "all_reduce conv"));
      }
      r.Synchronize();
      if (told) {
        EXPECT_THAT(Events(*r.engine),
                    ElementsAre("all_reduce (remainder)", "all_reduce (step)"));
      } else {
        EXPECT_THAT(Events(*r.engine),
                    ElementsAre("all_reduce (remainder)", "all_reduce conv",
                                "all_reduce mid", "all_reduce tiny",
                                "all_reduce (step)"));
      }
      // 3 x 3 reduce-scatters, 3 chunks over the replicas, one bucket.
      const Ledger& ledger = r.engine->ledger();
      EXPECT_EQ(ledger.reduced.calls, 9);
      EXPECT_EQ(ledger.all_reduced.calls, 4);
      int64_t chunks = 0;
      for (const auto& segment : r.engine->segments()) {
        if (segment->sharded()) chunks += Bytes(segment->grad());
      }
      EXPECT_EQ(ledger.all_reduced.bytes, chunks + 16 * 4);
      r.Update(kLr);
      EXPECT_EQ(ledger.now(Holding::kReduce), 0);
    });
  }
}

TEST(ReplicasTest, OneShardIsDataParallelismWithoutGathers) {
  comm::testing::RunRanks(2, [](comm::testing::RankComms comms) {
    Rank r(comms, 2);
    r.engine->trace().Enable(true);
    r.Loss(Input(comms.first->rank())).backward();
    r.Synchronize();
    EXPECT_THAT(Events(*r.engine),
                ElementsAre("pre_backward tiny", "pre_backward mid",
                            "pre_backward conv", "all_reduce (remainder)",
                            "all_reduce conv", "all_reduce mid",
                            "all_reduce tiny", "all_reduce (step)"));
    r.Update(kLr);
    // As a unit's gradients are there, they are on their way.
    r.engine->BeginMicroStep(/*last=*/true);
    r.Loss(Input(comms.first->rank())).backward();
    r.Synchronize();
    EXPECT_THAT(
        Events(*r.engine),
        ElementsAre("pre_backward tiny", "all_reduce tiny", "pre_backward mid",
                    "all_reduce mid", "pre_backward conv", "all_reduce conv",
                    "all_reduce (remainder)", "all_reduce (step)"));
    EXPECT_EQ(r.engine->ledger().gathered.calls, 0);
    EXPECT_EQ(r.engine->ledger().reduced.calls, 0);
  });
}

TEST(ReplicasTest, EachParameterCountsOnceInTheNorm) {
  comm::testing::RunRanks(4, [](comm::testing::RankComms comms) {
    Rank r(comms, 2);
    const int rank = comms.first->rank();
    for (const auto& segment : r.engine->segments()) {
      EXPECT_EQ(r.engine->CountsInNorm(*segment),
                segment->replicated() ? rank == 0 : rank < 2);
    }
  });
}

TEST(ReplicasTest, ShardsAreReducedInTheReduceDtype) {
  comm::testing::RunRanks(4, [](comm::testing::RankComms comms) {
    Dtypes half{at::kBFloat16, at::kFloat, at::kBFloat16};
    Rank r(comms, 2, MakePlan(), half);
    const at::Tensor x = Input(comms.first->rank()).to(at::kBFloat16);
    r.Loss(x).backward();
    const int64_t before = r.engine->ledger().all_reduced.bytes;
    r.Synchronize();
    int64_t chunks = 0;
    for (const auto& segment : r.engine->segments()) {
      EXPECT_EQ(segment->grad().scalar_type(), at::kBFloat16);
      if (segment->sharded()) chunks += segment->grad().numel() * 4;
    }
    // And the remainder's bucket.
    EXPECT_EQ(r.engine->ledger().all_reduced.bytes - before, chunks + 16 * 4);
    EXPECT_EQ(r.engine->ledger().now(Holding::kReduce), 0);
  });
}

TEST(ReplicasTest, AReplicaThatStraysIsFoundByAllRanks) {
  comm::testing::RunRanks(4, [](comm::testing::RankComms comms) {
    Rank r(comms, 2);
    EXPECT_TRUE(r.engine->CheckReplicas().ok());
    if (comms.first->rank() == 3) r.engine->segments()[1]->shard().add_(1);
    EXPECT_EQ(std::string(r.engine->CheckReplicas().message()),
              "unit 'mid': shards have drifted apart between replicas (segment "
              "of 2 parameters, first 'mid.w'); every rank must apply the same "
              "updates");
  });
}

// The gradients of the step are those of all ranks' losses, whatever they used
// and however many backwards follow one that was called the last.
TEST(ReplicasTest, ABackwardAfterTheSumAddsToIt) {
  for (const int world : {2, 4}) {
    // The first replica adds to what only the second one had.
    const auto uses_bias = [world](int rank, int k) {
      return (rank < world / 2) == (k == 1);
    };
    comm::testing::RunRanks(world, [&](comm::testing::RankComms comms) {
      const int rank = comms.first->rank();
      Rank r(comms, 2);
      Net plain(true);
      r.engine->BeginMicroStep(/*last=*/true);
      for (int k = 0; k < 3; ++k) {
        r.Loss(Input(world * k + rank), uses_bias(rank, k)).backward();
        for (int i = 0; i < world; ++i) {
          PlainLoss(plain, Input(world * k + i), uses_bias(i, k)).backward();
        }
        if (k == 0) continue;  // with and without anyone asking in between
        ASSERT_EQ(r.engine->CompleteGradients(), absl::OkStatus());
        for (const auto& segment : r.engine->segments()) {
          std::vector<at::Tensor> want;
          for (const auto& leaf : segment->leaves()) {
            want.push_back(plain[leaf->name()].grad().flatten());
          }
          want.push_back(torch::zeros({segment->padded() - segment->numel()}));
          EXPECT_TRUE(
              torch::allclose(segment->grad(),
                              torch::cat(want).slice(
                                  0, segment->begin(),
                                  segment->begin() + segment->grad().numel()),
                              1e-5, 1e-6))
              << segment->label() << " after " << k;
        }
      }
    });
  }
}

// Every unit resharded to groups of `n`.
Plan InGroups(int n) {
  Plan plan = MakePlan();
  for (UnitSpec& unit : plan.units) unit.options.reshard_group = n;
  return plan;
}

TEST(ReshardGroupTest, TrainsAsOneRankDoes) {
  for (const int micro : {1, 2}) {
    ExpectPlainTraining(4, 1, micro, InGroups(2));
    ExpectPlainTraining(4, 1, micro, InGroups(4));  // the same as true
    ExpectPlainTraining(8, 2, micro, InGroups(2));
    ExpectPlainTraining(8, 1, micro, InGroups(4));
  }
}

TEST(ReshardGroupTest, BackwardGathersInsideTheGroup) {
  comm::testing::RunRanks(4, [](comm::testing::RankComms comms) {
    Rank r(comms, 1, InGroups(2));
    r.engine->trace().Enable(true);
    at::Tensor loss = r.Loss(Input(comms.first->rank()));
    EXPECT_THAT(Events(*r.engine),
                ElementsAre("all_gather conv", "reshard conv", "all_gather mid",
                            "reshard mid", "all_gather tiny", "reshard tiny"));
    // Half of each unit stays on this rank, in the compute dtype.
    Ledger& ledger = r.engine->ledger();
    int64_t full = 0;
    for (const auto& segment : r.engine->segments()) {
      if (segment->sharded()) full += segment->padded() * 4;
    }
    EXPECT_EQ(ledger.now(Holding::kGathered), full / 2 + 16 * 4);
    loss.backward();
    std::vector<std::string> gathers;
    for (const std::string& event : Events(*r.engine)) {
      if (event.find("all_gather") == 0) gathers.push_back(event);
    }
    EXPECT_THAT(gathers, ElementsAre("all_gather tiny (group of 2)",
                                     "all_gather mid (group of 2)",
                                     "all_gather conv (group of 2)"));
    EXPECT_EQ(ledger.gathered.calls, 6);
    EXPECT_EQ(ledger.near_gathered.calls, 3);
    EXPECT_EQ(ledger.near_gathered.bytes, full);
    EXPECT_EQ(ledger.now(Holding::kGathered), 16 * 4);
    r.Synchronize();
    r.Update(kLr);
    // New values: all ranks have to be asked.
    r.Loss(Input(0));
    EXPECT_EQ(ledger.near_gathered.calls, 3);
  });
}

TEST(ReshardGroupTest, WhatIsFrozenAsksAllRanksOnce) {
  comm::testing::RunRanks(4, [](comm::testing::RankComms comms) {
    Plan plan = InGroups(2);
    plan.units[1].segments[0].switches = {1};
    Rank r(comms, 1, plan);
    r.engine->Freeze(1);
    const Ledger& ledger = r.engine->ledger();
    const Segment& mid = *r.engine->segments()[1];
    for (int step = 0; step < 3; ++step) {
      r.engine->trace().Enable(true);
      r.Loss(Input(comms.first->rank())).backward();
      r.Synchronize();
      r.Update(kLr);
      std::vector<std::string> events = Events(*r.engine);
      // Once in the first step, for the forward; then only the neighbours.
      EXPECT_EQ(std::count(events.begin(), events.end(), "all_gather mid"),
                step == 0 ? 1 : 0);
      EXPECT_EQ(std::count(events.begin(), events.end(),
                           "all_gather mid (group of 2)"),
                step == 0 ? 1 : 2);
      EXPECT_EQ(ledger.now(Holding::kGathered), mid.padded() * 4 / 2 + 16 * 4);
    }
    r.engine->MarkUpdated();  // as restoring does
    EXPECT_EQ(ledger.now(Holding::kGathered), 16 * 4);
  });
}

TEST(ReshardGroupTest, AGroupThatDoesNotDivideIsRefused) {
  comm::testing::RunRanks(4, [](comm::testing::RankComms comms) {
    Net net(false);
    EXPECT_EQ(ShardEngine::Create(InGroups(3), net.leaves, comms.first,
                                  comms.second, {})
                  .status()
                  .message(),
              "unit 'conv': reshard_after_forward 3 does not divide the 4 "
              "ranks of dp_shard");
  });
}

// conv.w [6, 8, 2] split along dimension `conv`, mid.w [7, 8] along 1.
Plan Placed(int conv) {
  Plan plan = MakePlan();
  plan.units[0].segments[0].shard_dim = conv;
  Net net(false);
  plan.units[1].segments = {Part(net, {"mid.w"}), Part(net, {"mid.b"})};
  plan.units[1].segments[0].shard_dim = 1;
  return plan;
}

TEST(PlacementTest, TrainsAsOneRankDoes) {
  for (const int micro : {1, 2}) {
    ExpectPlainTraining(1, 1, micro, Placed(1));
    ExpectPlainTraining(2, 1, micro, Placed(1));
    ExpectPlainTraining(2, 1, micro, Placed(2));
    ExpectPlainTraining(4, 1, micro, Placed(1));
    ExpectPlainTraining(8, 1, micro, Placed(1));
    ExpectPlainTraining(8, 2, micro, Placed(1));
    ExpectPlainTraining(4, 2, micro, Placed(2));
    Plan both = Placed(1);
    for (UnitSpec& unit : both.units) unit.options.reshard_group = 2;
    ExpectPlainTraining(4, 1, micro, both);
  }
}

TEST(PlacementTest, ARankHoldsItsSliceOfEveryParameter) {
  comm::testing::RunRanks(4, [](comm::testing::RankComms comms) {
    const int rank = comms.first->rank();
    Plan plan = Placed(1);
    // Both of one segment: pieces lie one after another.
    Net net(false);
    plan.units[0].segments = {};
    plan.units[1].segments = {Part(net, {"conv.w", "mid.w"}),
                              Part(net, {"mid.b"})};
    plan.units[1].segments[0].shard_dim = 1;
    Rank r(comms, 1, plan);
    const Segment& segment = *r.engine->segments()[0];
    const auto extents = segment.extents();
    ASSERT_EQ(extents.size(), 2);
    for (const auto& extent : extents) {
      const at::Tensor want =
          net[extent.leaf->name()].narrow(1, rank * 2, 2).flatten();
      EXPECT_TRUE(torch::equal(
          segment.shard().slice(0, extent.begin, extent.end), want))
          << extent.leaf->name();
    }
    EXPECT_EQ(extents[0].end, 6 * 2 * 2);
    EXPECT_EQ(extents[1].begin, 6 * 2 * 2);
    // Padding is zero.
    EXPECT_EQ(
        segment.shard().slice(0, extents[1].end).abs().sum().item<float>(), 0);
  });
}

TEST(PlacementTest, HoldsOneMoreCopyOnlyWhileItMoves) {
  comm::testing::RunRanks(2, [](comm::testing::RankComms comms) {
    Plan plan = Placed(1);
    for (UnitSpec& unit : plan.units) unit.reshard = true;
    Rank r(comms, 1, plan);
    Ledger& ledger = r.engine->ledger();
    const int64_t conv = r.engine->segments()[0]->padded() * 4;
    Unit* unit = r.engine->FindUnit("conv");
    ASSERT_TRUE(unit->PreForward({}).ok());
    EXPECT_EQ(ledger.peak(Holding::kGathered), 2 * conv + 16 * 4);
    EXPECT_EQ(ledger.now(Holding::kGathered), conv + 16 * 4);
    ASSERT_TRUE(unit->PostForward({}).ok());
    EXPECT_EQ(ledger.now(Holding::kGathered), 16 * 4);
    r.Loss(Input(comms.first->rank())).backward();
    r.Synchronize();
    r.Update(kLr);
    EXPECT_EQ(ledger.now(Holding::kReduce), 0);
    // One collective each way and segment, as for flat ones.
    EXPECT_EQ(ledger.gathered.calls, 1 + 2 * 4);
    EXPECT_EQ(ledger.reduced.calls, 4);
  });
}

TEST(PlacementTest, ADimensionThatDoesNotDivideIsRefused) {
  comm::testing::RunRanks(4, [](comm::testing::RankComms comms) {
    Net net(false);
    EXPECT_EQ(ShardEngine::Create(Placed(2), net.leaves, comms.first,
                                  comms.second, {})
                  .status()
                  .message(),
              "the plan shards parameter 'conv.w' of unit 'conv' on dimension "
              "2, which 4 ranks of dp_shard do not divide");
  });
}

// mid and tiny as one unit.
Plan Joined() {
  Plan plan = MakePlan();
  plan.units[1].also = {"tiny"};
  plan.units[1].segments[0].parameters.push_back("tiny.s");
  plan.units[1].segments[0].numel += 3;
  plan.units[1].segments[0].decay_numel += 3;
  plan.units.pop_back();
  return plan;
}

TEST(OneUnitTest, TrainsAsOneRankDoes) {
  for (const int micro : {1, 2}) {
    ExpectPlainTraining(1, 1, micro, Joined());
    ExpectPlainTraining(2, 1, micro, Joined());
    ExpectPlainTraining(4, 2, micro, Joined());
    // Not neighbours: conv and tiny, around mid.
    Plan around = MakePlan();
    around.units[0].also = {"tiny"};
    around.units[0].segments.push_back(around.units[2].segments[0]);
    around.units.pop_back();
    ExpectPlainTraining(4, 1, micro, around);
  }
}

TEST(OneUnitTest, IsGatheredByTheFirstModuleAndReleasedAfterTheLast) {
  comm::testing::RunRanks(2, [](comm::testing::RankComms comms) {
    Rank r(comms, 1, Joined());
    EXPECT_EQ(r.engine->FindUnit("tiny"), r.engine->FindUnit("mid"));
    r.engine->trace().Enable(true);
    r.Loss(Input(comms.first->rank())).backward();
    EXPECT_THAT(
        Events(*r.engine),
        ElementsAre("all_gather conv", "reshard conv", "all_gather mid+tiny",
                    "reshard mid+tiny", "pre_backward mid+tiny",
                    "all_gather mid+tiny", "reduce_scatter mid+tiny",
                    "reshard mid+tiny", "pre_backward conv", "all_gather conv",
                    "reduce_scatter conv", "reshard conv"));
    EXPECT_EQ(r.engine->ledger().gathered.calls, 4);
    EXPECT_EQ(r.engine->ledger().reduced.calls, 2);
  });
}

TEST(OneUnitTest, AModuleThatRunsAgainBeginsANewRound) {
  comm::testing::RunRanks(2, [](comm::testing::RankComms comms) {
    Rank r(comms, 1, Joined());
    torch::NoGradGuard guard;
    Unit* unit = r.engine->FindUnit("mid");
    const auto run = [&](int which) {
      EXPECT_TRUE(unit->PreForward({}).ok());
      EXPECT_TRUE(unit->PostForward({}, which).ok());
    };
    run(0);
    EXPECT_TRUE(unit->gathered());
    run(0);  // the other one did not run: still gathered
    EXPECT_TRUE(unit->gathered());
    run(1);
    EXPECT_FALSE(unit->gathered());
    EXPECT_EQ(r.engine->ledger().gathered.calls, 1);
  });
}

}  // namespace
}  // namespace fts::shard
