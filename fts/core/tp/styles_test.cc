// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What styles compute; what ranks say meanwhile is in styles_collectives_test.
#include "fts/core/tp/styles.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <torch/csrc/autograd/autograd.h>

#include <tuple>

#include "fts/core/tp/convert.h"
#include "fts/core/tp/styles_testutil.h"

namespace fts::tp {
namespace {

class StylesTest
    : public ::testing::TestWithParam<std::tuple<int, bool, bool>> {};
INSTANTIATE_TEST_SUITE_P(Meshes, StylesTest,
                         ::testing::Combine(::testing::Values(2, 3),
                                            ::testing::Bool(),
                                            ::testing::Bool()));

TEST_P(StylesTest, EqualsTheWholeNetwork) {
  const auto [size, sequence, prepared] = GetParam();
  const TpPlan plan = MakePlan(size, sequence, prepared);
  const Values values = Draw();
  const at::Tensor direction = at::randn({2, kLength, kVocabulary});
  const Result want = RunWhole(values, direction);
  RunRanks(size, [&, sequence = sequence](RankComms comms) {
    Traced t(comms);
    Split split(plan, values, t.group);
    const at::Tensor out = split.net(Ids());
    EXPECT_TRUE(at::allclose(out, want.out, 1e-5, 1e-5));
    out.mul(direction).sum().backward();
    for (const auto& [name, tensor] : split.net.NamedParameters()) {
      SCOPED_TRACE(name);
      at::Tensor grad = tensor.grad();
      const auto parameter = plan.parameters.find(name);
      if (parameter != plan.parameters.end() &&
          parameter->second.partial_gradient) {
        grad =
            Convert(grad, Layout::Unreduced(), Layout::Replicated(), t.group);
      }
      const at::Tensor whole = *split.tp->Whole(name, grad);
      EXPECT_TRUE(at::allclose(whole, want.grads.at(name), 1e-4, 1e-5));
    }
  });
}

TEST(Styles, ReadersOfAPreparedInputMayDoAnythingWithIt) {
  // The body uses its input beside the colwise layer: that gradient is whole on
  // every rank and must count once.
  class Mixed : public nn::Module {
   public:
    Mixed() { w_ = AddModule("w", std::make_shared<nn::Linear>(4, 4, false)); }
    std::string ClassName() const override { return "Mixed"; }

   protected:
    Tensors Forward(Tensors inputs) override {
      const at::Tensor& x = inputs.at(0);
      return {(*w_)(x).sum(-1).add(x.pow(2).sum(-1))};
    }

   private:
    std::shared_ptr<nn::Linear> w_;
  };
  for (const bool sequence : {true, false}) {
    const at::Tensor value = at::randn({1, 4, 4});
    const at::Tensor weight = at::randn({4, 4});
    const at::Tensor want =
        value.mul(2).add(weight.sum(0));  // d/dx of sum(w x) + sum(x^2)
    RunRanks(2, [&](RankComms comms) {
      Traced t(comms);
      TpPlan plan;
      plan.size = 2;
      const Placement comes = sequence ? kSeq : kR;
      plan.rules = {
          Rule("", "Mixed", TpStyle::kPrepareInput, {comes, kR}),
          Rule("w", "Linear", TpStyle::kColwise, {kR, kR, kLast, kLast}, 4)};
      plan.parameters["w.weight"].placement = Placement::Shard(0);
      Mixed net;
      const auto tp =
          *TensorParallel::Create(plan, net.NamedParameters(), t.group);
      const int rank = t.group->rank();
      LoadParts(*tp, {{"w.weight", weight}}, net);
      const auto attached = *AttachStyles(plan, net.NamedModules(), t.group);
      const at::Tensor x = (sequence ? value.narrow(1, 2 * rank, 2) : value)
                               .clone()
                               .requires_grad_();
      // Whole on every rank: columns of w are summed over ranks by hand.
      const at::Tensor out = net(x);
      const auto grads = torch::autograd::grad({out.sum()}, {x});
      // sum(w x) here has this rank's columns only; its gradient is a term of
      // the sum, x's own square is whole.
      EXPECT_TRUE(at::allclose(
          grads[0], sequence ? want.narrow(1, 2 * rank, 2) : want, 1e-5, 1e-6));
    });
  }
}

TEST(Styles, APreparedInputChangedInPlaceIsAnotherTensor) {
  class Scaled : public nn::Module {
   public:
    Scaled() { w_ = AddModule("w", std::make_shared<nn::Linear>(4, 4, false)); }
    std::string ClassName() const override { return "Scaled"; }

   protected:
    Tensors Forward(Tensors inputs) override {
      at::Tensor x = inputs.at(0);
      x.mul_(3);
      return {(*w_)(x)};
    }

   private:
    std::shared_ptr<nn::Linear> w_;
  };
  const at::Tensor value = at::randn({1, 4, 4});
  const at::Tensor weight = at::randn({4, 4});
  RunRanks(2, [&](RankComms comms) {
    Traced t(comms);
    TpPlan plan;
    plan.size = 2;
    plan.rules = {
        Rule("", "Scaled", TpStyle::kPrepareInput, {kSeq, kR}),
        Rule("w", "Linear", TpStyle::kColwise, {kR, kR, kLast, kLast}, 4)};
    plan.parameters["w.weight"].placement = Placement::Shard(0);
    Scaled net;
    const auto tp =
        *TensorParallel::Create(plan, net.NamedParameters(), t.group);
    const int rank = t.group->rank();
    LoadParts(*tp, {{"w.weight", weight}}, net);
    const auto attached = *AttachStyles(plan, net.NamedModules(), t.group);
    const at::Tensor x = value.narrow(1, 2 * rank, 2).clone().requires_grad_();
    const auto grads = torch::autograd::grad({net(x).sum()}, {x});
    EXPECT_TRUE(at::allclose(grads[0], weight.sum(0).mul(3).expand({1, 2, 4}),
                             1e-5, 1e-6));
  });
}

class Dropout : public nn::Module {
 public:
  std::string ClassName() const override { return "Dropout"; }

 protected:
  Tensors Forward(Tensors inputs) override {
    return {at::dropout(inputs.at(0), 0.5, true)};
  }
};

TEST(Styles, DropoutOfASequenceDrawsAStreamOfTheRanksOwn) {
  // Ranks here are threads of one generator, so one after the other.
  TpPlan plan;
  plan.size = 2;
  plan.rules = {
      Rule("", "Dropout", TpStyle::kSequence, {kSeq, kSeq, kSeq, kSeq})};
  const at::Tensor x = at::ones({1, 64});
  std::vector<at::Tensor> masks, after;
  for (const int rank : {0, 1, 1}) {
    Dropout dropout;
    const auto attached = *AttachStyles(plan, dropout.NamedModules(),
                                        std::make_shared<const Group>(rank, 2));
    at::manual_seed(3);
    masks.push_back(dropout(x));
    after.push_back(at::randn({4}));
  }
  EXPECT_FALSE(at::equal(masks[0], masks[1]));
  EXPECT_TRUE(at::equal(masks[1], masks[2]));
  // What ranks draw together goes on together.
  EXPECT_TRUE(at::equal(after[0], after[1]));
}

TEST(Styles, RefusesAModuleThatIsNotThere) {
  TpPlan plan = MakePlan(2, true);
  plan.rules[0].module = "embedding";
  Net net;
  EXPECT_EQ(AttachStyles(plan, net.NamedModules(),
                         std::make_shared<const Group>(0, 2))
                .status()
                .message(),
            "the tp_plan has a rule for module 'embedding', which the model "
            "does not have");
}

TEST(Styles, LetGoWhenTheyAreDetached) {
  const Values values = Draw();
  RunRanks(2, [&](RankComms comms) {
    Traced t(comms);
    Split split(MakePlan(2, true), values, t.group);
    split.attached.reset();
    // The layers alone, with this rank's weights.
    EXPECT_THROW(split.net(Ids()), std::exception);
    EXPECT_EQ(t.Take(), "");
  });
}

}  // namespace
}  // namespace fts::tp
