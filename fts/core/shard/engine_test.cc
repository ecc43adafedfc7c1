// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The engine against plain autograd: values, events, memory, errors. Ranks are
// threads; the model is three odd-shaped layers and a scale that no unit holds.
#include "fts/core/shard/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <mutex>

#include "fts/core/comm/testing/rank_threads.h"
#include "fts/core/shard/tensor_util.h"

namespace fts::shard {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kLayers = 3;

// Values of parameter `name`, the same on every rank.
at::Tensor Initial(const std::string& name, at::IntArrayRef shape) {
  at::Generator gen =
      at::detail::createCPUGenerator(std::hash<std::string>{}(name) % 1000003);
  return torch::randn(shape, gen) * 0.3;
}

struct Toy {
  std::vector<NamedLeaf> leaves;
  // Built for reference runs (plain = true: values set, grads on) or to be
  // adopted by an engine.
  explicit Toy(bool plain, at::ScalarType dtype = at::kFloat) {
    Add("scale", {5});
    const int64_t widths[] = {5, 7, 3, 5};
    for (int i = 0; i < kLayers; ++i) {
      Add("layers." + std::to_string(i) + ".weight",
          {widths[i + 1], widths[i]});
      Add("layers." + std::to_string(i) + ".bias", {widths[i + 1]});
    }
    for (NamedLeaf& leaf : leaves) {
      leaf.tensor = leaf.tensor.to(dtype);
      if (plain) leaf.tensor.set_requires_grad(true);
    }
  }
  void Add(const std::string& name, at::IntArrayRef shape) {
    leaves.push_back({name, Initial(name, shape)});
  }
  at::Tensor& operator[](const std::string& name) {
    for (NamedLeaf& leaf : leaves) {
      if (leaf.name == name) return leaf.tensor;
    }
    throw std::out_of_range(name);
  }
};

at::Tensor Layer(Toy& toy, int i, const at::Tensor& x) {
  const std::string name = "layers." + std::to_string(i);
  return torch::tanh(
      torch::linear(x, toy[name + ".weight"], toy[name + ".bias"]));
}

at::Tensor PlainForward(Toy& toy, at::Tensor x) {
  x = x * toy["scale"];
  for (int i = 0; i < kLayers; ++i) x = Layer(toy, i, x);
  return x.square().sum();
}

at::Tensor Forward(Toy& toy, ShardEngine& engine, at::Tensor x) {
  x = x * toy["scale"];
  for (int i = 0; i < kLayers; ++i) {
    Unit* unit = engine.FindUnit("layers." + std::to_string(i));
    if (unit != nullptr) {
      EXPECT_TRUE(unit->PreForward({x}).ok());
    }
    x = Layer(toy, i, x);
    if (unit != nullptr) {
      EXPECT_TRUE(unit->PostForward({x}).ok());
    }
  }
  return x.square().sum();
}

// Phase of a layer: the last thaws first. `scale` thaws last.
Plan MakePlan(bool reshard = true, const std::string& dtype = "float32") {
  Plan plan;
  Toy toy(false);
  for (int i = 0; i < kLayers; ++i) {
    const std::string module = "layers." + std::to_string(i);
    SegmentSpec segment;
    segment.phase = kLayers - 1 - i;
    segment.dtype = dtype;
    segment.parameters = {module + ".weight", module + ".bias"};
    segment.numel =
        toy[module + ".weight"].numel() + toy[module + ".bias"].numel();
    segment.decay_numel = segment.numel;
    UnitSpec unit;
    unit.module = module;
    unit.reshard = reshard;
    unit.segments.push_back(segment);
    plan.units.push_back(unit);
  }
  SegmentSpec rest;
  rest.phase = kLayers - 1;
  rest.dtype = dtype;
  rest.replicated = true;
  rest.parameters = {"scale"};
  rest.numel = rest.decay_numel = 5;
  plan.remainder.segments.push_back(rest);
  return plan;
}

struct Rank {
  Toy toy;
  std::unique_ptr<ShardEngine> engine;

  Rank(comm::testing::RankComms comms, const Plan& plan, Dtypes dtypes = {},
       at::ScalarType stored = at::kFloat)
      : toy(false, stored) {
    auto made = ShardEngine::Create(plan, toy.leaves, comms.first, comms.second,
                                    {dtypes});
    EXPECT_TRUE(made.ok()) << made.status();
    engine = *std::move(made);
    Toy values(false, stored);
    EXPECT_TRUE(engine
                    ->Load([&](const std::string& name, int64_t begin,
                               int64_t end, at::Tensor dst) {
                      dst.copy_(values[name].flatten().slice(0, begin, end));
                      return absl::OkStatus();
                    })
                    .ok());
  }
  at::Tensor Loss(const at::Tensor& x) { return Forward(toy, *engine, x); }
  absl::StatusOr<StepSummary> Synchronize(double loss = 0) {
    absl::Status status = engine->CompleteGradients();
    if (!status.ok()) return status;
    double squares = 0;
    for (const auto& segment : engine->segments()) {
      if (segment->trainable() && engine->CountsInNorm(*segment)) {
        squares +=
            segment->grad().to(at::kDouble).square().sum().item<double>();
      }
    }
    return engine->Synchronize(loss, squares);
  }
  void SgdStep(double lr) {
    SilentWrites guard;
    for (const auto& segment : engine->segments()) {
      if (segment->trainable()) {
        segment->shard().sub_(segment->grad(), lr);
      }
    }
    engine->FinishStep();
  }
};

at::Tensor Input(int rank, int step) {
  return Initial("x" + std::to_string(rank) + "." + std::to_string(step),
                 {4, 5});
}

// Plain training on the batches of all ranks, phase by phase.
std::map<std::string, at::Tensor> PlainResult(int world, int steps_per_phase,
                                              double lr, double* norm) {
  Toy toy(true);
  for (auto& leaf : toy.leaves) leaf.tensor.set_requires_grad(false);
  int step = 0;
  for (int phase = 0; phase < kLayers; ++phase) {
    const std::string name = "layers." + std::to_string(kLayers - 1 - phase);
    toy[name + ".weight"].set_requires_grad(true);
    toy[name + ".bias"].set_requires_grad(true);
    if (phase == kLayers - 1) toy["scale"].set_requires_grad(true);
    for (int i = 0; i < steps_per_phase; ++i, ++step) {
      for (int rank = 0; rank < world; ++rank) {
        PlainForward(toy, Input(rank, step)).backward();
      }
      torch::NoGradGuard guard;
      double squares = 0;
      for (auto& leaf : toy.leaves) {
        if (!leaf.tensor.grad().defined()) continue;
        squares += leaf.tensor.grad().square().sum().item<double>();
        leaf.tensor.sub_(leaf.tensor.grad(), lr);
        leaf.tensor.mutable_grad() = at::Tensor();
      }
      *norm = std::sqrt(squares);
    }
  }
  std::map<std::string, at::Tensor> out;
  for (auto& leaf : toy.leaves) out[leaf.name] = leaf.tensor.detach();
  return out;
}

class WorldTest : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Worlds, WorldTest, ::testing::Values(1, 2, 4));

TEST_P(WorldTest, ThreePhasesEqualPlainTraining) {
  const int world = GetParam();
  double want_norm = 0;
  const auto want = PlainResult(world, 3, 0.05, &want_norm);
  for (const bool reshard : {true, false}) {
    comm::testing::RunRanks(world, [&](comm::testing::RankComms comms) {
      const int rank = comms.first->rank();
      Rank r(comms, MakePlan(reshard));
      double norm = 0;
      int step = 0;
      for (int phase = 0; phase < kLayers; ++phase) {
        EXPECT_GT(r.engine->Thaw(phase), 0);
        for (int i = 0; i < 3; ++i, ++step) {
          r.Loss(Input(rank, step)).backward();
          auto summary = r.Synchronize(1.0);
          ASSERT_TRUE(summary.ok()) << summary.status();
          EXPECT_EQ(summary->loss, world);
          norm = summary->grad_norm;
          r.SgdStep(0.05);
        }
      }
      EXPECT_NEAR(norm, want_norm, 1e-5 * want_norm);
      int seen = 0;
      EXPECT_TRUE(
          r.engine
              ->ForEachFull([&](const std::string& name,
                                const at::Tensor& full) {
                ++seen;
                EXPECT_TRUE(torch::allclose(full, want.at(name), 1e-5, 1e-6))
                    << name;
                return absl::OkStatus();
              })
              .ok());
      EXPECT_EQ(seen, 7);
      EXPECT_TRUE(r.engine->CheckReplicas().ok());
      // Gradients of module leaves never appear.
      for (auto& leaf : r.toy.leaves) {
        EXPECT_FALSE(leaf.tensor.grad().defined());
      }
    });
  }
}

TEST_P(WorldTest, AccumulationAddsUp) {
  const int world = GetParam();
  Toy plain(true);
  for (int i = 0; i < 2 * world; ++i) {
    PlainForward(plain, Input(i, 0)).backward();
  }
  comm::testing::RunRanks(world, [&](comm::testing::RankComms comms) {
    Rank r(comms, MakePlan());
    for (int phase = 0; phase < kLayers; ++phase) r.engine->Thaw(phase);
    for (int micro = 0; micro < 2; ++micro) {
      r.Loss(Input(micro * world + comms.first->rank(), 0)).backward();
    }
    ASSERT_TRUE(r.Synchronize(0).ok());
    for (const auto& segment : r.engine->segments()) {
      for (const auto& leaf : segment->leaves()) {
        const at::Tensor want = plain[leaf->name()].grad().flatten();
        const int64_t begin = std::max(leaf->offset(), segment->begin());
        const int64_t end =
            std::min(leaf->offset() + leaf->numel(),
                     segment->begin() + segment->grad().numel());
        if (begin >= end) continue;
        EXPECT_TRUE(torch::allclose(
            segment->grad().slice(0, begin - segment->begin(),
                                  end - segment->begin()),
            want.slice(0, begin - leaf->offset(), end - leaf->offset()), 1e-5,
            1e-6))
            << leaf->name();
      }
    }
  });
}

TEST(EngineTest, World1HasNoCollectiveAndWritesGradientsInPlace) {
  comm::testing::RunRanks(1, [&](comm::testing::RankComms comms) {
    Rank r(comms, MakePlan());
    for (int phase = 0; phase < kLayers; ++phase) r.engine->Thaw(phase);
    r.engine->trace().Enable(true);
    Toy plain(true);
    PlainForward(plain, Input(0, 0)).backward();
    r.Loss(Input(0, 0)).backward();
    ASSERT_TRUE(r.Synchronize(0).ok());
    EXPECT_THAT(r.engine->trace().Take(),
                ElementsAre("pre_forward layers.0", "post_forward layers.0",
                            "pre_forward layers.1", "post_forward layers.1",
                            "pre_forward layers.2", "post_forward layers.2",
                            "pre_backward layers.2", "post_backward layers.2",
                            "pre_backward layers.1", "post_backward layers.1",
                            "pre_backward layers.0", "post_backward layers.0"));
    EXPECT_EQ(r.engine->ledger().gathered.calls, 0);
    EXPECT_EQ(r.engine->ledger().now(Holding::kReduce), 0);
    for (const auto& segment : r.engine->segments()) {
      for (const auto& leaf : segment->leaves()) {
        EXPECT_TRUE(torch::equal(leaf->RangeOf(segment->grad()),
                                 plain[leaf->name()].grad()))
            << leaf->name();
      }
    }
  });
}

std::vector<std::string> operator+(std::vector<std::string> a,
                                   const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// The exact order of events in each phase, at world 2.
TEST(EngineTest, EventOrderByPhase) {
  comm::testing::RunRanks(2, [&](comm::testing::RankComms comms) {
    Rank r(comms, MakePlan());
    Trace& trace = r.engine->trace();
    trace.Enable(true);
    auto step = [&] {
      r.Loss(Input(comms.first->rank(), 0)).backward();
      EXPECT_TRUE(r.Synchronize(0).ok());
      r.SgdStep(0.01);
      return trace.Take();
    };
    std::vector<std::string> forward;
    for (const std::string unit : {"layers.0", "layers.1", "layers.2"}) {
      forward = forward + std::vector<std::string>{
                              "pre_forward " + unit, "all_gather " + unit,
                              "post_forward " + unit, "reshard " + unit};
    }
    r.engine->Thaw(0);
    // The frozen prefix is gathered for its forward only.
    EXPECT_EQ(
        step(),
        forward + std::vector<std::string>(
                      {"pre_backward layers.2", "all_gather layers.2",
                       "reduce_scatter layers.2", "post_backward layers.2",
                       "reshard layers.2", "all_reduce (step)"}));
    r.engine->Thaw(1);
    EXPECT_EQ(
        step(),
        forward + std::vector<std::string>(
                      {"pre_backward layers.2", "all_gather layers.2",
                       "reduce_scatter layers.2", "post_backward layers.2",
                       "reshard layers.2", "pre_backward layers.1",
                       "all_gather layers.1", "reduce_scatter layers.1",
                       "post_backward layers.1", "reshard layers.1",
                       "all_reduce (step)"}));
    r.engine->Thaw(2);
    EXPECT_EQ(
        step(),
        forward + std::vector<std::string>(
                      {"pre_backward layers.2", "all_gather layers.2",
                       "reduce_scatter layers.2", "post_backward layers.2",
                       "reshard layers.2", "pre_backward layers.1",
                       "all_gather layers.1", "reduce_scatter layers.1",
                       "post_backward layers.1", "reshard layers.1",
                       "pre_backward layers.0", "all_gather layers.0",
                       "reduce_scatter layers.0", "post_backward layers.0",
                       "reshard layers.0", "all_reduce (remainder)",
                       "all_reduce (step)"}));
  });
}

TEST(EngineTest, FrozenSegmentsHoldNoGradientAndNoReduceBuffer) {
  comm::testing::RunRanks(2, [&](comm::testing::RankComms comms) {
    Rank r(comms, MakePlan());
    r.engine->Thaw(0);
    r.Loss(Input(comms.first->rank(), 0)).backward();
    ASSERT_TRUE(r.Synchronize(0).ok());
    const Ledger& ledger = r.engine->ledger();
    int64_t trainable_chunk = 0, trainable_full = 0;
    for (const auto& segment : r.engine->segments()) {
      EXPECT_EQ(segment->grad().defined(), segment->phase() == 0);
      if (segment->phase() == 0) {
        trainable_chunk += Bytes(segment->shard());
        trainable_full += segment->padded() * 4;
      }
    }
    EXPECT_EQ(ledger.now(Holding::kGradient), trainable_chunk);
    EXPECT_EQ(ledger.peak(Holding::kReduce), trainable_full);
    EXPECT_EQ(ledger.reduced.calls, 1);
    r.SgdStep(0.01);
    EXPECT_EQ(ledger.now(Holding::kGradient), 0);
    EXPECT_EQ(ledger.now(Holding::kReduce), 0);
    // Released: only the replicated remainder is still in memory.
    EXPECT_EQ(ledger.now(Holding::kGathered), 16 * 4);
  });
}

TEST(EngineTest, RemainderIsReducedByOneAllReduce) {
  comm::testing::RunRanks(2, [&](comm::testing::RankComms comms) {
    Plan plan = MakePlan();
    // layers.2 becomes unplanned too: two replicated segments, one bucket.
    plan.remainder.segments.push_back(plan.units.back().segments[0]);
    plan.remainder.segments.back().replicated = true;
    plan.units.pop_back();
    Rank r(comms, plan);
    for (int phase = 0; phase < kLayers; ++phase) r.engine->Thaw(phase);
    r.Loss(Input(comms.first->rank(), 0)).backward();
    ASSERT_TRUE(r.Synchronize(0).ok());
    EXPECT_EQ(r.engine->ledger().all_reduced.calls, 1);
    r.SgdStep(0.1);
    EXPECT_TRUE(r.engine->CheckReplicas().ok());
    // A rank that strays is found.
    if (comms.first->rank() == 1) {
      r.engine->segments().back()->shard().mul_(1.5);
    }
    EXPECT_THAT(std::string(r.engine->CheckReplicas().message()),
                HasSubstr("have drifted apart between ranks"));
  });
}

// Ranks may differ in what they use inside a unit.
TEST(EngineTest, UnusedParametersCountAsZeroAndAreReported) {
  comm::testing::RunRanks(2, [&](comm::testing::RankComms comms) {
    const int rank = comms.first->rank();
    Rank r(comms, MakePlan());
    for (int phase = 0; phase < kLayers; ++phase) r.engine->Thaw(phase);
    auto forward = [&](bool use_bias, int step) {
      at::Tensor x = Input(rank, step) * r.toy["scale"];
      for (int i = 0; i < kLayers; ++i) {
        const std::string name = "layers." + std::to_string(i);
        Unit* unit = r.engine->FindUnit(name);
        EXPECT_TRUE(unit->PreForward({x}).ok());
        const at::Tensor bias = r.toy[name + ".bias"];
        x = torch::tanh(
            torch::linear(x, r.toy[name + ".weight"],
                          i != 1 || use_bias ? bias : torch::zeros_like(bias)));
        EXPECT_TRUE(unit->PostForward({x}).ok());
      }
      return x.square().sum();
    };
    forward(/*use_bias=*/rank == 0, 0).backward();
    auto summary = r.Synchronize(0);
    ASSERT_TRUE(summary.ok()) << summary.status();
    EXPECT_THAT(summary->used, ::testing::Each(true));  // rank 0 used all
    r.SgdStep(0.01);

    forward(/*use_bias=*/false, 1).backward();
    summary = r.Synchronize(0);
    ASSERT_TRUE(summary.ok()) << summary.status();
    // scale, then weight and bias of each layer.
    EXPECT_THAT(summary->used,
                ElementsAre(true, true, true, true, false, true, true));
    const auto& middle = r.engine->segments()[1];
    const Leaf& bias = *middle->leaves()[1];
    const int64_t begin = std::max(bias.offset(), middle->begin());
    const int64_t end = std::min(bias.offset() + bias.numel(),
                                 middle->begin() + middle->grad().numel());
    if (begin < end) {
      EXPECT_EQ(middle->grad()
                    .slice(0, begin - middle->begin(), end - middle->begin())
                    .abs()
                    .sum()
                    .item<float>(),
                0);
    }
  });
}

TEST(EngineTest, BackwardAfterTheOptimizerStepIsAnError) {
  comm::testing::RunRanks(2, [&](comm::testing::RankComms comms) {
    Rank r(comms, MakePlan());
    r.engine->Thaw(0);
    const at::Tensor first = r.Loss(Input(comms.first->rank(), 0));
    r.Loss(Input(comms.first->rank(), 1)).backward();
    ASSERT_TRUE(r.Synchronize(0).ok());
    r.SgdStep(0.1);
    EXPECT_THROW(first.backward(), std::exception);
    const absl::Status error = r.engine->TakeHookError();
    EXPECT_EQ(error.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(error.message()),
                HasSubstr("unit 'layers.2': its parameters were updated "
                          "between this forward and its backward"));
  });
}

TEST(EngineTest, AFailedBackwardIsForgottenByTheNextForward) {
  comm::testing::RunRanks(2, [&](comm::testing::RankComms comms) {
    Rank r(comms, MakePlan());
    for (int phase = 0; phase < kLayers; ++phase) r.engine->Thaw(phase);
    const at::Tensor x = Input(comms.first->rank(), 0);
    at::Tensor loss = r.Loss(x);
    bool armed = true;
    r.toy["scale"].register_hook([&](at::Tensor grad) {
      if (armed) throw std::runtime_error("user hook failed");
      return grad;
    });
    EXPECT_THROW(loss.backward(), std::exception);
    EXPECT_THAT(std::string(r.Synchronize(0).status().message()),
                HasSubstr("the last backward pass failed"));
    armed = false;
    r.Loss(x).backward();
    auto summary = r.Synchronize(0);
    ASSERT_TRUE(summary.ok()) << summary.status();
    Rank fresh(comms, MakePlan());
    for (int phase = 0; phase < kLayers; ++phase) fresh.engine->Thaw(phase);
    fresh.Loss(x).backward();
    auto want = fresh.Synchronize(0);
    ASSERT_TRUE(want.ok());
    EXPECT_EQ(summary->grad_norm, want->grad_norm);
  });
}

TEST(EngineTest, Bf16ComputeWithFp32MastersAndReduction) {
  comm::testing::RunRanks(2, [&](comm::testing::RankComms comms) {
    Rank r(comms, MakePlan(), Dtypes{at::kBFloat16, at::kFloat, at::kFloat});
    for (int phase = 0; phase < kLayers; ++phase) r.engine->Thaw(phase);
    const at::Tensor x = Input(comms.first->rank(), 0).to(at::kBFloat16);
    r.Loss(x).backward();
    ASSERT_TRUE(r.Synchronize(0).ok());
    for (const auto& segment : r.engine->segments()) {
      EXPECT_EQ(segment->shard().scalar_type(), at::kFloat);
      EXPECT_EQ(segment->grad().scalar_type(), at::kFloat);
    }
    EXPECT_EQ(r.toy["scale"].scalar_type(), at::kBFloat16);
    // The remainder's compute copy follows its master.
    const at::Tensor before = r.toy["scale"].detach().clone();
    r.SgdStep(1.0);
    EXPECT_FALSE(torch::equal(before, r.toy["scale"].detach()));
  });
}

TEST(EngineTest, FrozenBf16CheckpointHasNoMasterUntilItsThaw) {
  comm::testing::RunRanks(2, [&](comm::testing::RankComms comms) {
    Rank r(comms, MakePlan(true, "bfloat16"),
           Dtypes{at::kBFloat16, at::kFloat, at::kFloat}, at::kBFloat16);
    const auto& segment = r.engine->segments()[0];
    EXPECT_EQ(segment->shard().scalar_type(), at::kBFloat16);
    const at::Tensor before = segment->shard().to(at::kFloat);
    r.engine->Thaw(segment->phase());
    EXPECT_EQ(segment->shard().scalar_type(), at::kFloat);
    EXPECT_TRUE(torch::equal(segment->shard(), before));
  });
}

TEST(EngineTest, EvaluationGathersAndReleasesWithoutTouchingGradients) {
  comm::testing::RunRanks(2, [&](comm::testing::RankComms comms) {
    Rank r(comms, MakePlan());
    r.engine->Thaw(0);
    {
      torch::NoGradGuard guard;
      r.Loss(Input(comms.first->rank(), 0));
    }
    EXPECT_EQ(r.engine->ledger().gathered.calls, 3);
    EXPECT_EQ(r.engine->ledger().now(Holding::kGathered), 16 * 4);
    EXPECT_EQ(r.engine->ledger().now(Holding::kReduce), 0);
  });
}

TEST(EngineTest, EveryRankLearnsRankZerosClock) {
  comm::testing::RunRanks(4, [&](comm::testing::RankComms comms) {
    Rank r(comms, MakePlan());
    const auto summary = r.engine->Synchronize(0, 0, 0.1 + comms.first->rank());
    ASSERT_TRUE(summary.ok()) << summary.status();
    EXPECT_EQ(summary->seconds, 0.1);
  });
}

// A unit whose segment was frozen again, above one that trains: gathered for
// the backward that runs through it, never reduced.
TEST(EngineTest, AFrozenSegmentInTheMiddleReducesNothing) {
  comm::testing::RunRanks(2, [&](comm::testing::RankComms comms) {
    Plan plan = MakePlan();
    plan.units[1].segments[0].switches = {2, 3};
    Rank r(comms, plan);
    r.engine->Thaw(0);
    r.engine->Thaw(1);
    const auto step = [&](int k) {
      r.engine->trace().Enable(true);
      r.Loss(Input(comms.first->rank(), k)).backward();
      EXPECT_TRUE(r.Synchronize(0).ok());
      r.SgdStep(0.01);
      const auto events = r.engine->trace().Take();
      r.engine->trace().Enable(false);
      return events;
    };
    step(0);
    EXPECT_EQ(r.engine->Freeze(2), plan.units[1].segments[0].numel);
    r.engine->Thaw(2);
    const auto frozen = step(1);
    EXPECT_THAT(frozen,
                ::testing::Not(::testing::Contains("reduce_scatter layers.1")));
    EXPECT_THAT(frozen, ::testing::Contains("reduce_scatter layers.0"));
    EXPECT_THAT(frozen, ::testing::Contains("reduce_scatter layers.2"));
    EXPECT_EQ(std::count(frozen.begin(), frozen.end(), "all_gather layers.1"),
              2);
    EXPECT_EQ(r.engine->ledger().now(Holding::kGathered), 16 * 4);
    EXPECT_EQ(r.engine->Thaw(3), plan.units[1].segments[0].numel);
    EXPECT_THAT(step(2), ::testing::Contains("reduce_scatter layers.1"));
  });
}

TEST(EngineTest, PlanThatDoesNotFitTheModelIsRefused) {
  comm::testing::RunRanks(1, [&](comm::testing::RankComms comms) {
    Toy toy(false);
    Plan plan = MakePlan();
    plan.units[0].segments[0].parameters[0] = "layers.9.weight";
    EXPECT_EQ(
        ShardEngine::Create(plan, toy.leaves, comms.first, comms.second, {})
            .status()
            .message(),
        "the plan names parameter 'layers.9.weight' of unit 'layers.0', "
        "which the model does not have");
    plan = MakePlan();
    plan.units.pop_back();
    EXPECT_THAT(std::string(ShardEngine::Create(plan, toy.leaves, comms.first,
                                                comms.second, {})
                                .status()
                                .message()),
                HasSubstr("the plan places 5 parameters but the model has 7"));
  });
}

}  // namespace
}  // namespace fts::shard
