// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What users do beside a plain step: exceptions in the middle of one, modules
// that a step leaves out, evaluations between forward and backward, units that
// are entered by another method than their module's forward; and what a frozen
// prefix costs, which is nothing.
#include <ATen/ATen.h>
#include <c10/util/intrusive_ptr.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "fts/core/shard/chain_net_testutil.h"

namespace fts::shard {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;
using testing::Brief;
using testing::Chain;
using testing::ChainInput;
using testing::ChainPlan;
using testing::FakeChain;
using testing::kUnitBytes;

std::vector<at::Tensor> Gradients(Chain& chain) {
  EXPECT_EQ(chain.engine->CompleteGradients(), absl::OkStatus());
  std::vector<at::Tensor> out;
  for (const auto& segment : chain.engine->segments()) {
    out.push_back(segment->grad().clone());
  }
  return out;
}

void ExpectSame(const std::vector<at::Tensor>& a,
                const std::vector<at::Tensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(at::equal(a[i], b[i])) << i;
}

// An exception at every place of a step: in the forward of each unit, in its
// backward, in the first micro-step and the second, on all ranks.
TEST(RecoveryTest, AStepAfterAnExceptionIsAFreshOne) {
  RunRanks(2, [&](RankComms comms) {
    const int rank = comms.first->rank();
    for (const bool unsharded : {false, true}) {
      Plan plan = ChainPlan({0, 0, 0});
      plan.engine.unsharded_accumulation = unsharded;
      Chain fresh(plan, comms.first, comms.second);
      fresh.engine->Thaw(0);
      Chain chain(plan, comms.first, comms.second);
      ShardEngine& engine = *chain.engine;
      engine.Thaw(0);
      const auto whole = [&](Chain& c) {
        for (int micro = 0; micro < 2; ++micro) {
          c.engine->BeginMicroStep(micro == 1);
          c.Loss(ChainInput(rank, micro)).backward();
        }
        return Gradients(c);
      };
      const auto want = whole(fresh);
      chain.Step(rank);  // records, so that the next ones gather ahead
      int armed = -1;    // the unit whose gradient throws
      for (int u = 0; u < 3; ++u) {
        chain.leaves[u].tensor.register_hook([&armed, u](at::Tensor grad) {
          if (armed == u) throw std::runtime_error("user");
          return grad;
        });
      }
      for (int bad_micro = 0; bad_micro < 2; ++bad_micro) {
        for (int bad = 0; bad < 6; ++bad) {
          SCOPED_TRACE(bad);
          for (int micro = 0; micro <= bad_micro; ++micro) {
            engine.BeginMicroStep(micro == 1);
            at::Tensor x = ChainInput(rank, micro);
            const bool now = micro == bad_micro;
            if (now && bad < 3) {
              for (int u = 0; u < bad; ++u) x = chain.Run(u, x);
              EXPECT_THROW(
                  chain.Run(bad, x, [] { throw std::runtime_error("user"); }),
                  std::runtime_error);
            } else if (now) {
              armed = bad - 3;
              EXPECT_THROW(chain.Loss(x).backward(), std::exception);
              armed = -1;
            } else {
              chain.Loss(x).backward();
            }
          }
          engine.ResetStep();
          EXPECT_EQ(engine.ledger().now(Holding::kGathered), 0);
          EXPECT_EQ(engine.ledger().now(Holding::kReduce), 0);
          EXPECT_EQ(engine.ledger().now(Holding::kGradient), 0);
          ExpectSame(whole(chain), want);
          EXPECT_TRUE(engine.Synchronize(0, 0).ok());
          engine.FinishStep();
        }
      }
    }
  });
}

// Without a word to the engine: the next forward finds that the last backward
// never ended.
TEST(RecoveryTest, AFailedBackwardNeedsNoReset) {
  Chain chain = FakeChain(ChainPlan({0, 0, 0}));
  chain.engine->Thaw(0);
  chain.Step();
  bool armed = true;
  chain.leaves[1].tensor.register_hook([&](at::Tensor grad) {
    if (armed) throw std::runtime_error("user");
    return grad;
  });
  EXPECT_THROW(chain.Loss(ChainInput(0, 0)).backward(), std::exception);
  EXPECT_GT(chain.engine->ledger().now(Holding::kGathered), 0);
  armed = false;
  EXPECT_EQ(
      Brief(chain.Step()),
      "-u0 -u1 +u0 *u1 -u0 *u2 -u1 -u2 <u2 +u2 *u1 !u2 -u2 <u1 *u0 !u1 -u1 <u0 "
      "!u0 -u0");
  EXPECT_EQ(chain.engine->ledger().now(Holding::kGathered), 0);
}

TEST(RecoveryTest, AUnitThatNoRankRunsGetsNoGradientAndNoCall) {
  RunRanks(2, [&](RankComms comms) {
    Chain chain(ChainPlan({0, 0, 0}), comms.first, comms.second);
    chain.engine->Thaw(0);
    for (int step = 0; step < 3; ++step) {
      chain.engine->ledger().StartPhase();
      chain.engine->BeginMicroStep(true);
      at::Tensor x = chain.Run(0, ChainInput(comms.first->rank(), step));
      chain.Run(2, x).sum().backward();
      const auto summary = chain.Synchronize();
      ASSERT_TRUE(summary.ok()) << summary.status();
      EXPECT_EQ(summary->used, (std::vector<bool>{true, false, true}));
      EXPECT_EQ(chain.engine->ledger().gathered.calls, 4);
      EXPECT_EQ(chain.engine->ledger().reduced.calls, 2);
      EXPECT_EQ(at::count_nonzero(chain.engine->segments()[1]->grad())
                    .item<int64_t>(),
                0);
      chain.engine->FinishStep();
    }
  });
}

TEST(RecoveryTest, AnEvaluationBetweenForwardAndBackwardChangesNothing) {
  RunRanks(2, [&](RankComms comms) {
    const int rank = comms.first->rank();
    std::vector<std::vector<at::Tensor>> got;
    for (const bool evaluate : {false, true}) {
      Chain chain(ChainPlan({0, 0, 0}), comms.first, comms.second);
      chain.engine->Thaw(0);
      chain.Step(rank);
      const at::Tensor loss = chain.Loss(ChainInput(rank, 1));
      if (evaluate) {
        c10::AutoGradMode no_grad(false);
        chain.engine->BeginEvaluation();
        chain.Forward(ChainInput(rank, 2));
        chain.engine->EndEvaluation();
      }
      loss.backward();
      got.push_back(Gradients(chain));
      EXPECT_EQ(chain.engine->ledger().now(Holding::kGathered), 0);
    }
    ExpectSame(got[0], got[1]);
  });
}

// A module with a second method that uses its parameters: the caller puts the
// unit's two calls around it, as nn::Module does around forward.
TEST(RecoveryTest, AMethodOfAnotherNameIsWrappedByHand) {
  const auto encode = [](Chain& chain, const at::Tensor& x) {
    Unit* const unit =
        chain.engine == nullptr ? nullptr : chain.engine->FindUnit("u1");
    if (unit != nullptr) {
      EXPECT_EQ(unit->PreForward({x}), absl::OkStatus());
    }
    const at::Tensor y = at::sigmoid(at::mm(x, chain.leaves[1].tensor.t()));
    if (unit != nullptr) {
      EXPECT_EQ(unit->PostForward({y}), absl::OkStatus());
    }
    return y;
  };
  const auto loss = [&](Chain& chain, int k) {
    const at::Tensor x = chain.Run(0, ChainInput(k, 0));
    return (encode(chain, x) + chain.Run(1, x)).square().sum();
  };
  Chain plain(2);
  for (auto& leaf : plain.leaves) leaf.tensor.set_requires_grad(true);
  for (int rank = 0; rank < 2; ++rank) loss(plain, rank).backward();
  RunRanks(2, [&](RankComms comms) {
    Chain chain(ChainPlan({0, 0}), comms.first, comms.second);
    chain.engine->Thaw(0);
    loss(chain, comms.first->rank()).backward();
    const auto got = Gradients(chain);
    for (size_t i = 0; i < got.size(); ++i) {
      const auto& segment = chain.engine->segments()[i];
      EXPECT_TRUE(at::allclose(
          got[i], plain.leaves[i].tensor.grad().flatten().slice(
                      0, segment->begin(), segment->begin() + got[i].numel())))
          << i;
    }
    EXPECT_EQ(chain.engine->ledger().now(Holding::kGathered), 0);
  });
  // Without them the weights are not there, and the error says whose.
  Chain chain = FakeChain(ChainPlan({0, 0}));
  try {
    at::mm(ChainInput(0, 0), chain.leaves[1].tensor);
    ADD_FAILURE() << "read a weight that is not in memory";
  } catch (const std::exception& e) {
    EXPECT_THAT(e.what(), ::testing::HasSubstr("u1.w"));
  }
}

// Frozen for free: no graph, nothing saved, no backward gather, no gradient.
TEST(RecoveryTest, AFrozenPrefixSavesNothing) {
  for (const int world : {1, 2}) {
    Chain chain = FakeChain(ChainPlan({1, 1, 0, 0}), world);
    chain.engine->Thaw(0);
    at::Tensor x = ChainInput(0, 0);
    std::vector<c10::weak_intrusive_ptr<c10::TensorImpl>> outputs;
    std::vector<bool> graph;
    for (int u = 0; u < 4; ++u) {
      x = chain.Run(u, x);
      graph.push_back(x.grad_fn() != nullptr);
      outputs.emplace_back(x.getIntrusivePtr());
    }
    EXPECT_EQ(graph, (std::vector<bool>{false, false, true, true}));
    EXPECT_TRUE(outputs[0].expired());
    // The first trained unit's input is what its weight's gradient needs.
    EXPECT_FALSE(outputs[1].expired());
    EXPECT_FALSE(outputs[2].expired());
    chain.engine->ledger().StartPhase();
    x.sum().backward();
    EXPECT_EQ(chain.engine->ledger().frozen_gathered.calls, 0);
    EXPECT_EQ(chain.engine->ledger().gathered.calls, world == 1 ? 0 : 2);
    EXPECT_EQ(chain.engine->ledger().peak(Holding::kReduce),
              world == 1 ? 0 : 2 * kUnitBytes);
  }
}

}  // namespace
}  // namespace fts::shard
