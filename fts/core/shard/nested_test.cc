// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Backwards inside a backward: reentrant checkpoints around one unit, several
// or all, in each other, and hooks that run a model of their own. Gradients are
// those of plain autograd, ranks may use different parameters, and nothing
// stays in memory.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/custom_function.h>

#include <functional>
#include <stdexcept>

#include "fts/core/shard/chain_net_testutil.h"
#include "fts/core/shard/replicas_testutil.h"

namespace fts::shard {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;
using testing::Chain;
using testing::ChainInput;
using testing::ChainPlan;
using testing::FakeChain;
using testing::kUnitBytes;

constexpr int kUnits = 4;
using Body = std::function<at::Tensor(at::Tensor)>;

// What PyTorch calls a reentrant checkpoint: no graph in forward, and in
// backward a forward and a backward of its own.
struct Reentrant : torch::autograd::Function<Reentrant> {
  static at::Tensor forward(torch::autograd::AutogradContext* context,
                            at::Tensor x, int64_t body) {
    context->save_for_backward({x});
    context->saved_data["body"] = body;
    return (*reinterpret_cast<Body*>(body))(x);
  }
  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* context,
      torch::autograd::variable_list gradients) {
    at::Tensor x = context->get_saved_variables()[0].detach();
    x.set_requires_grad(true);
    c10::AutoGradMode grad_mode(true);
    const at::Tensor y =
        (*reinterpret_cast<Body*>(context->saved_data["body"].toInt()))(x);
    y.backward(gradients[0]);
    return {x.grad(), at::Tensor()};
  }
};

// Bodies outlive the graph: all of them live as long as this.
struct Model {
  Chain& chain;
  std::vector<std::unique_ptr<Body>> bodies = {};

  at::Tensor Inside(const at::Tensor& x, Body body) {
    bodies.push_back(std::make_unique<Body>(std::move(body)));
    return Reentrant::apply(x, reinterpret_cast<int64_t>(bodies.back().get()));
  }
  at::Tensor Units(at::Tensor x, int first, int last) {
    for (int i = first; i < last; ++i) x = chain.Run(i, x);
    return x;
  }
};

struct Shape {
  const char* name;
  std::function<void(Model&, at::Tensor x)> body;
};

const std::vector<Shape>& Shapes() {
  static const std::vector<Shape> shapes = {
      {"every unit by itself",
       [](Model& m, at::Tensor x) {
         for (int i = 0; i < kUnits; ++i) {
           x = m.Inside(x, [&m, i](at::Tensor y) { return m.chain.Run(i, y); });
         }
         x.square().sum().backward();
       }},
      {"every other unit",
       [](Model& m, at::Tensor x) {
         for (int i = 0; i < kUnits; ++i) {
           x = i % 2 == 0 ? m.chain.Run(i, x)
                          : m.Inside(x, [&m, i](at::Tensor y) {
                              return m.chain.Run(i, y);
                            });
         }
         x.square().sum().backward();
       }},
      {"two units at a time",
       [](Model& m, at::Tensor x) {
         for (int i = 0; i < kUnits; i += 2) {
           x = m.Inside(x,
                        [&m, i](at::Tensor y) { return m.Units(y, i, i + 2); });
         }
         x.square().sum().backward();
       }},
      {"the whole model",
       [](Model& m, at::Tensor x) {
         m.Inside(x, [&m](at::Tensor y) { return m.Units(y, 0, kUnits); })
             .square()
             .sum()
             .backward();
       }},
      {"one in another",
       [](Model& m, at::Tensor x) {
         x = m.chain.Run(0, x);
         x = m.Inside(x, [&m](at::Tensor y) {
           y = m.chain.Run(1, y);
           return m.chain.Run(3, m.Inside(y, [&m](at::Tensor z) {
             return m.chain.Run(2, z);
           }));
         });
         x.square().sum().backward();
       }},
      {"the same unit inside and outside",
       [](Model& m, at::Tensor x) {
         x = m.chain.Run(1, x);
         for (const int i : {0, 1}) {
           x = m.Inside(x, [&m, i](at::Tensor y) { return m.chain.Run(i, y); });
         }
         m.Units(x, 1, kUnits).square().sum().backward();
       }},
      {"the same unit in one and in another in it",
       [](Model& m, at::Tensor x) {
         x = m.Inside(x, [&m](at::Tensor y) {
           y = m.chain.Run(1, m.Units(y, 0, 2));
           return m.Inside(y, [&m](at::Tensor z) { return m.Units(z, 1, 4); });
         });
         x.square().sum().backward();
       }},
      {"a hook that runs the model",
       [](Model& m, at::Tensor x) {
         at::Tensor middle = m.Units(x, 0, 2);
         middle.register_hook([&m, x](const at::Tensor&) {
           c10::AutoGradMode grad_mode(true);
           m.Units(x.detach().mul(0.5), 0, kUnits).square().sum().backward();
         });
         m.Units(middle, 2, kUnits).square().sum().backward();
       }},
      {"a hook that runs a graph of the forward",
       [](Model& m, at::Tensor x) {
         const at::Tensor other = m.Units(x.mul(2), 0, kUnits).sum();
         at::Tensor middle = m.Units(x, 0, 2);
         middle.register_hook([other](const at::Tensor&) { other.backward(); });
         m.Units(middle, 2, kUnits).square().sum().backward();
       }},
      {"a hook that runs part of the same graph",
       [](Model& m, at::Tensor x) {
         const at::Tensor middle = m.Units(x, 0, 2);
         const at::Tensor other = middle.sum();
         at::Tensor end = m.Units(middle, 2, kUnits);
         end.register_hook(
             [other](const at::Tensor&) { other.backward({}, true); });
         end.square().sum().backward();
       }},
      {"a graph made inside and run after it",
       [](Model& m, at::Tensor x) {
         at::Tensor later;
         at::Tensor y = m.chain.Run(0, x);
         y.register_hook([&m, &later, x](const at::Tensor&) {
           c10::AutoGradMode grad_mode(true);
           later = m.Units(x.detach(), 1, kUnits).sum();
         });
         y.square().sum().backward();
         later.backward();
       }},
  };
  return shapes;
}

struct Case {
  int world;
  bool unsharded;
  bool replicated;  // the last unit
  int replicas = 1;
};

class NestedTest : public ::testing::TestWithParam<size_t> {};
INSTANTIATE_TEST_SUITE_P(Shapes, NestedTest,
                         ::testing::Range<size_t>(0, Shapes().size()));

TEST_P(NestedTest, GradientsEqualPlainAutograd) {
  const Shape& shape = Shapes()[GetParam()];
  SCOPED_TRACE(shape.name);
  for (const Case& c :
       {Case{1, false, false}, Case{2, false, false}, Case{4, false, false},
        Case{2, true, false}, Case{2, false, true}, Case{2, false, false, 2},
        Case{4, false, false, 2}}) {
    SCOPED_TRACE(::testing::Message() << c.world << " " << c.replicas);
    const auto run = [&](Chain& chain, int k) {
      Model model{chain};
      shape.body(model, ChainInput(k, 0).requires_grad_());
    };
    Chain plain(kUnits);
    for (auto& leaf : plain.leaves) leaf.tensor.set_requires_grad(true);
    // Two micro-steps.
    for (int k = 0; k < 2 * c.world; ++k) run(plain, k);
    Plan plan = ChainPlan(std::vector<int>(kUnits, 0));
    plan.engine.unsharded_accumulation = c.unsharded;
    if (c.replicated) {
      plan.remainder.segments = plan.units.back().segments;
      plan.remainder.segments[0].replicated = true;
      plan.units.back().segments.clear();
    }
    RunRanks(c.world, [&](RankComms comms) {
      Chain chain(plan, comms.first, comms.second, {},
                  c.replicas == 1 ? nullptr : SplitReplicas(comms, c.replicas));
      chain.engine->Thaw(0);
      const int rank = comms.first->rank();
      for (int step = 0; step < 3; ++step) {  // the second follows a record
        for (const int micro : {0, 1}) {
          chain.engine->BeginMicroStep(micro == 1);
          run(chain, micro * c.world + rank);
        }
        const auto summary = chain.Synchronize();
        ASSERT_TRUE(summary.ok()) << summary.status();
        for (const auto& segment : chain.engine->segments()) {
          const Leaf& leaf = *segment->leaves()[0];
          at::Tensor want;
          for (const auto& each : plain.leaves) {
            if (each.name == leaf.name()) want = each.tensor.grad().flatten();
          }
          const int64_t n = segment->grad().numel();
          EXPECT_TRUE(at::allclose(
              segment->grad(),
              want.slice(0, segment->begin(), segment->begin() + n), 1e-5,
              1e-6))
              << leaf.name();
          EXPECT_FALSE(leaf.tensor().grad().defined());
        }
        chain.engine->FinishStep();
        const Ledger& ledger = chain.engine->ledger();
        EXPECT_EQ(ledger.now(Holding::kGradient), 0);
        EXPECT_EQ(ledger.now(Holding::kReduce), 0);
        if (c.world > c.replicas) {
          EXPECT_EQ(ledger.now(Holding::kGathered),
                    c.replicated ? kUnitBytes : 0);
        }
      }
    });
  }
}

// Each inner backward is reduced when it ends: unreduced gradients of all units
// are never there together. Between the gathers, where the order is known.
TEST(NestedBackwardTest, ReducesAsItGoes) {
  comm::FakeOptions options;
  options.size = 8;
  const auto reduce = comm::MakeFake(options);
  options.trace = std::make_shared<comm::Trace>();
  const auto gather = comm::MakeFake(options);
  ASSERT_TRUE(gather.ok() && reduce.ok());
  Chain chain(ChainPlan(std::vector<int>(8, 0)), *gather, *reduce);
  chain.engine->Thaw(0);
  Model model{chain};
  Ledger& ledger = chain.engine->ledger();
  for (int step = 0; step < 2; ++step) {
    ledger.StartPhase();
    at::Tensor x = ChainInput(0, 0).requires_grad_();
    for (int i = 0; i < 8; ++i) {
      x = model.Inside(
          x, [&model, i](at::Tensor y) { return model.chain.Run(i, y); });
    }
    x.sum().backward();
    ASSERT_TRUE(chain.Synchronize().ok());
    EXPECT_EQ(ledger.reduced.calls, 8);
    EXPECT_LE(ledger.peak(Holding::kReduce),
              3 * chain.engine->segments()[0]->padded() * 4);
    // Its forward, and the forward inside the backward.
    EXPECT_EQ(ledger.gathered.calls, 16);
    EXPECT_EQ(options.trace->records().size(), 8 + 16);
    options.trace->Clear();
    chain.engine->FinishStep();
  }
}

// Below u0, u3 runs inside, then u1 and u2 as one unit, of which odd ranks use
// one parameter only. In backward that unit comes first and even ranks reduce
// it at once; odd ones know that no more will come only when u3 is over. The
// inner backward of u3 is between.
TEST(NestedBackwardTest, RanksMayUseOtherParameters) {
  Plan plan = ChainPlan(std::vector<int>(kUnits, 0));
  SegmentSpec& both = plan.units[1].segments[0];
  both.parameters.push_back("u2.w");
  both.numel = both.decay_numel = 2 * both.numel;
  plan.units[2].segments.clear();
  const auto run = [](Chain& chain, int k, bool one) {
    Model model{chain};
    const at::Tensor x = chain.Run(0, ChainInput(k, 0).requires_grad_());
    const at::Tensor inner =
        model.Inside(x, [&chain](at::Tensor y) { return chain.Run(3, y); });
    Unit* const unit =
        chain.engine == nullptr ? nullptr : chain.engine->FindUnit("u1");
    if (unit != nullptr) {
      EXPECT_EQ(unit->PreForward({x}), absl::OkStatus());
    }
    at::Tensor y = at::tanh(at::mm(x, chain.leaves[1].tensor));
    if (!one) y = at::mm(y, chain.leaves[2].tensor);
    if (unit != nullptr) {
      EXPECT_EQ(unit->PostForward({y}), absl::OkStatus());
    }
    (y + inner).square().sum().backward();
  };
  for (const int world : {2, 4}) {
    Chain plain(kUnits);
    for (auto& leaf : plain.leaves) leaf.tensor.set_requires_grad(true);
    for (int k = 0; k < world; ++k) run(plain, k, k % 2 == 1);
    RunRanks(world, [&](RankComms comms) {
      Chain chain(plan, comms.first, comms.second);
      chain.engine->Thaw(0);
      const int rank = comms.first->rank();
      run(chain, rank, rank % 2 == 1);
      const auto summary = chain.Synchronize();
      ASSERT_TRUE(summary.ok()) << summary.status();
      for (const auto& segment : chain.engine->segments()) {
        std::vector<at::Tensor> want;
        for (const auto& leaf : segment->leaves()) {
          want.push_back(plain.leaves[leaf->index()].tensor.grad().flatten());
        }
        const int64_t n = segment->grad().numel();
        EXPECT_TRUE(at::allclose(
            segment->grad(),
            at::cat(want).slice(0, segment->begin(), segment->begin() + n),
            1e-5, 1e-6))
            << segment->label();
      }
    });
  }
}

TEST(NestedBackwardTest, OneThatFailsInsideEndsTheStep) {
  for (const bool caught : {false, true}) {
    Chain chain = FakeChain(ChainPlan({0, 0}));
    chain.engine->Thaw(0);
    bool armed = true;
    const at::Tensor x = ChainInput(0, 0).requires_grad_();
    at::Tensor middle = chain.Run(0, x);
    middle.register_hook([&](const at::Tensor&) {
      c10::AutoGradMode grad_mode(true);
      at::Tensor y = chain.Run(0, x.detach());
      y.register_hook([&](const at::Tensor&) {
        if (armed) throw std::runtime_error("user");
      });
      try {
        chain.Run(1, y).sum().backward();
      } catch (const std::exception&) {
        if (!caught) throw;
      }
    });
    const at::Tensor loss = chain.Run(1, middle).sum();
    if (caught) {
      loss.backward();
    } else {
      EXPECT_THROW(loss.backward(), std::exception);
    }
    EXPECT_EQ(chain.engine->CompleteGradients().message(),
              std::string(caught ? "a backward pass inside the last one"
                                 : "the last backward pass") +
                  " failed, so there is no complete gradient; run forward and "
                  "backward again before the optimizer step");
    armed = false;
    EXPECT_FALSE(chain.Step().empty());
    EXPECT_EQ(chain.engine->ledger().now(Holding::kGathered), 0);
    EXPECT_EQ(chain.engine->ledger().now(Holding::kReduce), 0);
  }
}

}  // namespace
}  // namespace fts::shard
