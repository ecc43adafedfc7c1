// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What upstream's test_fully_shard_{training,frozen,autograd,ignore,state}
// assert, on threads as ranks: values against plain autograd for odd shapes and
// 2, 4 and 8 ranks, unused outputs and modules, tied parameters, freezing in
// any mixture, evaluation in between, recovery after an exception.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "fts/core/shard/chain_testutil.h"

namespace fts::shard {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;
using ::testing::Contains;
using ::testing::Not;

// Odd, smaller than the world, and one of a single row.
const std::vector<int64_t>& Widths() {
  static const std::vector<int64_t> widths = {3, 7, 1, 5, 13};
  return widths;
}

// Plain SGD over the batches of all ranks; `train(step)` says which leaves.
Values PlainSgd(int world, int steps, double lr,
                const std::function<bool(int step, const std::string&)>& train,
                std::vector<double>* losses) {
  Chain chain(Widths());
  for (int step = 0; step < steps; ++step) {
    for (NamedLeaf& leaf : chain.leaves) {
      leaf.tensor.set_requires_grad(train(step, leaf.name));
    }
    double sum = 0;
    for (int rank = 0; rank < world; ++rank) {
      const at::Tensor loss = chain.Loss(chain.Input(rank, step));
      loss.backward();
      sum += loss.item<double>();
    }
    losses->push_back(sum);
    at::NoGradGuard guard;
    for (NamedLeaf& leaf : chain.leaves) {
      if (!leaf.tensor.grad().defined()) continue;
      leaf.tensor.sub_(leaf.tensor.grad(), lr);
      leaf.tensor.mutable_grad() = at::Tensor();
    }
  }
  Values out;
  for (NamedLeaf& leaf : chain.leaves) {
    out[leaf.name] = leaf.tensor.detach();
  }
  return out;
}

class ChainWorldTest : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Worlds, ChainWorldTest, ::testing::Values(1, 2, 4, 8));

// 10 steps, every plan, ranks with batches of their own.
TEST_P(ChainWorldTest, OddShapesTrainAsPlain) {
  const int world = GetParam();
  std::vector<double> losses;
  const Values want = PlainSgd(
      world, 10, 0.02, [](int, const std::string&) { return true; }, &losses);
  for (const bool reshard : {true, false}) {
    for (const bool root : {true, false}) {
      RunRanks(world, [&](RankComms comms) {
        const Chain shape(Widths());
        ChainRank r(comms, shape, PlanOf(shape, {reshard, {}, root}));
        r.ThawAll();
        for (int step = 0; step < 10; ++step) {
          const at::Tensor loss = r.chain.Loss(r.chain.Input(r.rank(), step));
          loss.backward();
          const auto all = r.engine->Synchronize(loss.item<double>(), 0);
          ASSERT_TRUE(all.ok()) << all.status();
          EXPECT_NEAR(all->loss, losses[step], 1e-5 * losses[step]) << step;
          r.Sgd(0.02);
        }
        ExpectClose(r.Weights(), want);
      });
    }
  }
}

// Mixed frozen and trained below, between and above each other, thawed at the
// last step, with a pass without gradients before every step.
TEST_P(ChainWorldTest, PhasesInAnyOrderTrainAsPlain) {
  const int world = GetParam();
  const std::vector<int> phases = {2, 0, 3, 1};  // of each block; scale: 3
  std::vector<double> losses;
  const Values want = PlainSgd(
      world, 8, 0.02,
      [&](int step, const std::string& name) {
        const int phase = name == "scale" ? 3 : phases[name[0] - '0'];
        return phase <= step / 2;
      },
      &losses);
  RunRanks(world, [&](RankComms comms) {
    const Chain shape(Widths());
    ChainRank r(comms, shape, PlanOf(shape, {true, phases, true}));
    for (int step = 0; step < 8; ++step) {
      if (step % 2 == 0) {
        EXPECT_GT(r.engine->Thaw(step / 2), 0);
      }
      {
        at::NoGradGuard guard;
        EXPECT_FALSE(r.chain.Loss(r.chain.Input(9, step)).requires_grad());
      }
      r.chain.Loss(r.chain.Input(r.rank(), step)).backward();
      r.Sgd(0.02);
    }
    ExpectClose(r.Weights(), want);
  });
}

// Upstream reduces what has a gradient only; the bytes say the same here.
TEST(ChainFrozenTest, ReducesTrainedSegmentsOnly) {
  RunRanks(4, [&](RankComms comms) {
    const Chain shape(Widths());
    ChainRank r(comms, shape, PlanOf(shape, {true, {1, 0, 1, 0}, true}));
    r.engine->Thaw(0);
    r.chain.Loss(r.chain.Input(r.rank(), 0)).backward();
    int64_t trained = 0;
    for (const auto& segment : r.engine->segments()) {
      if (segment->trainable()) trained += segment->padded() * 4;
    }
    EXPECT_EQ(r.engine->ledger().reduced.bytes, trained);
    EXPECT_EQ(r.engine->ledger().reduced.calls, 2);
    r.Sgd(0.02);
  });
}

// A unit that is not the root's is called alone, with its own backward.
TEST(ChainForwardTest, AUnitAloneBelowTheRoot) {
  Chain plain(Widths());
  plain.TrainAll();
  for (int rank = 0; rank < 2; ++rank) {
    plain.Block(1, Spread(rank, {2, Widths()[1]})).sum().backward();
    plain.Loss(plain.Input(rank, 0)).backward();
  }
  RunRanks(2, [&](RankComms comms) {
    const Chain shape(Widths());
    ChainRank r(comms, shape, PlanOf(shape));
    r.ThawAll();
    r.chain.Block(1, Spread(r.rank(), {2, Widths()[1]})).sum().backward();
    r.chain.Loss(r.chain.Input(r.rank(), 0)).backward();
    ExpectClose(r.Gradients(), GradientsOf(plain));
    r.engine->FinishStep();
  });
}

// A module with a second method that is not its forward.
TEST(ChainForwardTest, AnyMethodMayBeTheCall) {
  const auto half = [](Chain& chain, const at::Tensor& x) {
    return chain.Inside("0", x, [&](const at::Tensor& in) {
      return at::matmul(in, chain.w(0)[0]).sigmoid();  // no bias
    });
  };
  Chain plain(Widths());
  plain.TrainAll();
  for (int rank = 0; rank < 2; ++rank) {
    const at::Tensor x = plain.Input(rank, 0);
    (half(plain, x) * plain.Block(0, x)).sum().backward();
  }
  RunRanks(2, [&](RankComms comms) {
    const Chain shape(Widths());
    ChainRank r(comms, shape, PlanOf(shape));
    r.ThawAll();
    const at::Tensor x = r.chain.Input(r.rank(), 0);
    (half(r.chain, x) * r.chain.Block(0, x)).sum().backward();
    const Values got = r.Gradients();
    for (const auto& [name, value] : GradientsOf(plain)) {
      EXPECT_TRUE(at::allclose(got.at(name), value, 1e-5, 1e-6)) << name;
    }
    r.engine->FinishStep();
  });
}

// Two outputs of which one is used, and a unit that nobody calls.
TEST(ChainUnusedTest, UnusedOutputsAndModules) {
  const auto loss = [](Chain& chain, const at::Tensor& x) {
    Unit* const unit =
        chain.engine == nullptr ? nullptr : chain.engine->FindUnit("0");
    if (unit != nullptr) {
      EXPECT_EQ(unit->PreForward({x}), absl::OkStatus());
    }
    const at::Tensor used = at::matmul(x, chain.w(0)[0]);
    const at::Tensor unused = at::matmul(x, chain.w(0)[1]) + chain.b(0);
    if (unit != nullptr) {
      EXPECT_EQ(unit->PostForward({used, unused}), absl::OkStatus());
    }
    return chain.Block(1, used).square().sum();  // blocks 2, 3: not at all
  };
  Chain plain(Widths());
  plain.TrainAll();
  for (int rank = 0; rank < 4; ++rank) {
    loss(plain, plain.Input(rank, 0)).backward();
  }
  RunRanks(4, [&](RankComms comms) {
    const Chain shape(Widths());
    ChainRank r(comms, shape, PlanOf(shape));
    r.ThawAll();
    for (int step = 0; step < 2; ++step) {
      loss(r.chain, r.chain.Input(r.rank(), 0)).backward();
      const Values got = r.Gradients();
      const auto summary = r.engine->Synchronize(0, 0);
      ASSERT_TRUE(summary.ok()) << summary.status();
      for (size_t i = 0; i < r.chain.leaves.size(); ++i) {
        const std::string& name = r.chain.leaves[i].name;
        const at::Tensor want = plain.leaves[i].tensor.grad();
        EXPECT_EQ(summary->used[i], want.defined()) << name;
        EXPECT_TRUE(want.defined()
                        ? at::allclose(got.at(name), want, 1e-5, 1e-6)
                        : got.at(name).count_nonzero().item<int64_t>() == 0)
            << name;
      }
      r.engine->FinishStep();
      for (const auto& unit : r.engine->units()) {
        EXPECT_FALSE(unit->gathered()) << unit->module();
      }
    }
  });
}

// One tensor in two places of a unit: every row gets both gradients.
TEST(ChainSharedTest, ATiedTensorWithinItsUnit) {
  const auto loss = [](Chain& chain, const at::Tensor& rows) {
    // An embedding and the output layer of the same unit.
    return chain
        .Inside("1", at::Tensor(),
                [&](const at::Tensor&) {
                  const at::Tensor table = chain.w(1)[0];  // [7, 1]
                  return (table.index_select(0, rows) * table.t()).square();
                })
        .sum();
  };
  const at::Tensor rows = at::arange(3, at::kLong);
  Chain plain(Widths());
  plain.TrainAll();
  for (int rank = 0; rank < 4; ++rank) loss(plain, rows).backward();
  EXPECT_EQ(plain.w(1).grad()[0].count_nonzero().item<int64_t>(), 7);
  RunRanks(4, [&](RankComms comms) {
    const Chain shape(Widths());
    ChainRank r(comms, shape, PlanOf(shape));
    r.ThawAll();
    loss(r.chain, rows).backward();
    EXPECT_TRUE(
        at::allclose(r.Gradients().at("1.w"), plain.w(1).grad(), 1e-5, 1e-6));
    r.engine->FinishStep();
  });
}

// A forward that throws half way: the next step is as if it had not been.
TEST(ChainRecoveryTest, AnExceptionInAForward) {
  RunRanks(2, [&](RankComms comms) {
    const Chain shape(Widths());
    ChainRank r(comms, shape, PlanOf(shape));
    r.ThawAll();
    const at::Tensor x = r.chain.Input(r.rank(), 0);
    r.chain.Loss(x).backward();
    const Values want = r.Gradients();
    r.engine->ResetStep();
    // Accumulated gradients of the failed iteration are lost as well.
    r.chain.Loss(r.chain.Input(r.rank(), 1)).backward();
    const auto fail = [&] {
      r.chain.Inside("", x, [&](const at::Tensor& in) -> at::Tensor {
        r.chain.Block(0, in);
        return r.chain.Inside("1", at::tanh(in),
                              [](const at::Tensor&) -> at::Tensor {
                                throw std::runtime_error("user code");
                              });
      });
    };
    EXPECT_THROW(fail(), std::runtime_error);
    r.engine->ResetStep();
    for (const auto& unit : r.engine->units()) {
      EXPECT_FALSE(unit->gathered()) << unit->module();
    }
    EXPECT_EQ(r.engine->ledger().now(Holding::kReduce), 0);
    r.chain.Loss(x).backward();
    const Values got = r.Gradients();
    for (const auto& [name, value] : want) {
      EXPECT_TRUE(at::equal(got.at(name), value)) << name;
    }
    r.engine->FinishStep();
    for (const auto& unit : r.engine->units()) {
      EXPECT_FALSE(unit->gathered()) << unit->module();
    }
  });
}

}  // namespace
}  // namespace fts::shard
