// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/tp/styles.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fts/core/nn/embedding.h"
#include "fts/core/nn/linear.h"
#include "fts/core/nn/rms_norm.h"
#include "fts/core/tp/convert.h"
#include "fts/core/tp/tensor_parallel.h"
#include "fts/core/tp/traced_testutil.h"

namespace fts::tp {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;
using nn::Tensors;

constexpr int64_t kVocabulary = 7, kDim = 6, kHidden = 5, kLength = 6;

// A feed-forward block: w2(silu(w1 x) * w3 x), all with biases.
class Feed : public nn::Module {
 public:
  Feed() {
    w1_ = AddModule("w1", std::make_shared<nn::Linear>(kDim, kHidden, true));
    w3_ = AddModule("w3", std::make_shared<nn::Linear>(kDim, kHidden, true));
    w2_ = AddModule("w2", std::make_shared<nn::Linear>(kHidden, kDim, true));
  }
  std::string ClassName() const override { return "Feed"; }

 protected:
  Tensors Forward(Tensors inputs) override {
    const at::Tensor& x = inputs.at(0);
    return {(*w2_)(at::silu((*w1_)(x)).mul((*w3_)(x)))};
  }

 private:
  std::shared_ptr<nn::Linear> w1_, w2_, w3_;
};

class Net : public nn::Module {
 public:
  Net() {
    embed_ =
        AddModule("embed", std::make_shared<nn::Embedding>(kVocabulary, kDim));
    norm_ = AddModule("norm", std::make_shared<nn::RmsNorm>(kDim, 1e-5));
    feed_ = AddModule("feed", std::make_shared<Feed>());
    head_ = AddModule("head",
                      std::make_shared<nn::Linear>(kDim, kVocabulary, true));
  }
  std::string ClassName() const override { return "Net"; }

 protected:
  Tensors Forward(Tensors inputs) override {
    const at::Tensor x = (*embed_)(inputs.at(0));
    return {(*head_)(x.add((*feed_)((*norm_)(x))))};
  }

 private:
  std::shared_ptr<nn::Embedding> embed_;
  std::shared_ptr<nn::RmsNorm> norm_;
  std::shared_ptr<Feed> feed_;
  std::shared_ptr<nn::Linear> head_;
};

using Values = std::map<std::string, at::Tensor>;

Values Draw() {
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(7);
  Values values;
  for (const auto& [name, tensor] : Net().NamedParameters()) {
    values[name] = at::randn(tensor.sizes(), generator);
  }
  return values;
}

TpRule Rule(const std::string& module, const std::string& class_name,
            TpStyle style, std::vector<Placement> places, int64_t whole = 0) {
  TpRule rule;
  rule.module = module;
  rule.class_name = class_name;
  rule.style = style;
  rule.input = {places[0]};
  rule.compute = {places[1]};
  if (places.size() > 2) rule.output = {places[2]};
  if (places.size() > 3) rule.result = {places[3]};
  rule.whole = whole;
  return rule;
}

const Placement kR = Placement::Replicate();
const Placement kP = Placement::Partial();
const Placement kLast = Placement::Shard(-1);
const Placement kSeq = Placement::Shard(1);

// As tp_plan: llama makes it, the sequence split between layers or not.
TpPlan MakePlan(int size, bool sequence, bool prepared = true) {
  const Placement between = sequence ? kSeq : kR;
  TpPlan plan;
  plan.size = size;
  plan.rules.push_back(Rule("embed", "Embedding", TpStyle::kRowwise,
                            {kR, kR, kP, between}, kVocabulary));
  if (sequence) {
    plan.rules.push_back(
        Rule("norm", "RMSNorm", TpStyle::kSequence, {kSeq, kSeq, kSeq, kSeq}));
    plan.parameters["norm.weight"].partial_gradient = true;
    plan.parameters["feed.w2.bias"].partial_gradient = true;
  }
  if (prepared) {
    plan.rules.push_back(
        Rule("feed", "Feed", TpStyle::kPrepareInput, {between, kR}));
  }
  const Placement into = prepared ? kR : between;
  for (const char* name : {"feed.w1", "feed.w3"}) {
    plan.rules.push_back(Rule(name, "Linear", TpStyle::kColwise,
                              {into, kR, kLast, kLast}, kHidden));
    plan.parameters[std::string(name) + ".weight"].placement =
        Placement::Shard(0);
    plan.parameters[std::string(name) + ".bias"].placement =
        Placement::Shard(0);
  }
  plan.rules.push_back(Rule("feed.w2", "Linear", TpStyle::kRowwise,
                            {kLast, kLast, kP, between}, kHidden));
  plan.rules.push_back(Rule("head", "Linear", TpStyle::kColwise,
                            {between, kR, kLast, kR}, kVocabulary));
  plan.parameters["embed.weight"].placement = Placement::Shard(0);
  plan.parameters["feed.w2.weight"].placement = Placement::Shard(1);
  plan.parameters["head.weight"].placement = Placement::Shard(0);
  plan.parameters["head.bias"].placement = Placement::Shard(0);
  return plan;
}

at::Tensor Ids() {
  return at::tensor({0, 6, 3, 3, 4, 2, 5, 5, 1, 0, 6, 2}, at::kLong)
      .view({2, kLength});
}

// Output and gradients of everything that requires one.
struct Result {
  at::Tensor out;
  Values grads;
};

Result RunWhole(const Values& values, const at::Tensor& direction) {
  Net net;
  for (auto& [name, tensor] : net.NamedParameters()) {
    tensor.set_data(values.at(name).clone());
  }
  Result result;
  result.out = net(Ids());
  result.out.mul(direction).sum().backward();
  for (const auto& [name, tensor] : net.NamedParameters()) {
    result.grads[name] = tensor.grad();
  }
  return result;
}

// The network with its parts on this rank.
struct Split {
  Net net;
  std::unique_ptr<TensorParallel> tp;
  std::unique_ptr<Attached> attached;

  Split(const TpPlan& plan, const Values& values, const GroupPtr& group) {
    NamedTensors parameters = net.NamedParameters();
    tp = *TensorParallel::Create(plan, parameters, group);
    const RangeLoader load = tp->LocalLoader([&](const std::string& name,
                                                 int64_t begin, int64_t end,
                                                 at::Tensor dst) {
      dst.copy_(values.at(name).reshape({-1}).narrow(0, begin, end - begin));
      return absl::OkStatus();
    });
    c10::NoGradGuard guard;
    for (auto& [name, tensor] : parameters) {
      EXPECT_TRUE(load(name, 0, tensor.numel(), tensor.view({-1})).ok());
    }
    attached = *AttachStyles(plan, net.NamedModules(), group);
  }
};

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

// §3 of PyTorch's table, layer by layer.
TEST(StylesCollectives, AreThoseOfTheTable) {
  const Values values = Draw();
  struct Case {
    bool sequence, prepared;
    const char *forward, *backward;
  };
  const Case cases[] = {
      {true, true,
       "reduce_scatter of embed, all_gather of feed, reduce_scatter of "
       "feed.w2, all_gather of head, all_gather of head",
       "reduce_scatter of head, all_gather of feed.w2, reduce_scatter of feed, "
       "all_gather of embed"},
      {true, false,
       "reduce_scatter of embed, all_gather of feed.w1, all_gather of feed.w3, "
       "reduce_scatter of feed.w2, all_gather of head, all_gather of head",
       "reduce_scatter of head, all_gather of feed.w2, reduce_scatter of "
       "feed.w3, reduce_scatter of feed.w1, all_gather of embed"},
      {false, true,
       "all_reduce of embed, all_reduce of feed.w2, all_gather of head",
       "all_reduce of head, all_reduce of feed"},
      {false, false,
       "all_reduce of embed, all_reduce of feed.w2, all_gather of head",
       "all_reduce of head, all_reduce of feed.w3, all_reduce of feed.w1"},
  };
  for (const Case& c : cases) {
    RunRanks(2, [&](RankComms comms) {
      Traced t(comms);
      Split split(MakePlan(2, c.sequence, c.prepared), values, t.group);
      const at::Tensor out = split.net(Ids());
      EXPECT_EQ(t.Take(true), c.forward);
      out.sum().backward();
      EXPECT_EQ(t.Take(true), c.backward);
    });
  }
}

// One layer alone, every row of the table: what it says, and that it computes
// what the whole layer does.
TEST(StylesCollectives, OfOneLayerAreThoseOfEveryRow) {
  class Twice : public nn::Module {
   public:
    std::string ClassName() const override { return "Twice"; }

   protected:
    Tensors Forward(Tensors inputs) override { return {inputs.at(0).mul(2)}; }
  };
  const auto linear = [] { return std::make_shared<nn::Linear>(6, 8, true); };
  const auto embedding = [] { return std::make_shared<nn::Embedding>(7, 8); };
  const auto norm = [] { return std::make_shared<nn::RmsNorm>(6, 1e-5); };
  const auto twice = [] { return std::make_shared<Twice>(); };
  struct Row {
    const char* what;
    std::function<std::shared_ptr<nn::Module>()> make;
    TpRule rule;
    int64_t weight_dim;  // split; -1: whole
    const char *forward, *backward;
  };
  const auto rule = [](const char* name, TpStyle style,
                       std::vector<Placement> places, int64_t whole = 0) {
    return Rule("", name, style, std::move(places), whole);
  };
  const TpStyle kCol = TpStyle::kColwise, kRow = TpStyle::kRowwise;
  const std::vector<Row> rows = {
      {"colwise", linear, rule("Linear", kCol, {kR, kR, kLast, kLast}, 8), 0,
       "", "all_reduce"},
      {"colwise from a sequence", linear,
       rule("Linear", kCol, {kSeq, kR, kLast, kLast}, 8), 0, "all_gather",
       "reduce_scatter"},
      {"colwise to whole", linear, rule("Linear", kCol, {kR, kR, kLast, kR}, 8),
       0, "all_gather", "all_reduce"},
      {"colwise embedding", embedding,
       rule("Embedding", kCol, {kR, kR, kLast, kLast}, 8), 1, "", ""},
      {"colwise embedding to whole", embedding,
       rule("Embedding", kCol, {kR, kR, kLast, kR}, 8), 1, "all_gather", ""},
      {"rowwise", linear, rule("Linear", kRow, {kLast, kLast, kP, kR}, 6), 1,
       "all_reduce", ""},
      {"rowwise to a sequence", linear,
       rule("Linear", kRow, {kLast, kLast, kP, kSeq}, 6), 1, "reduce_scatter",
       "all_gather"},
      {"rowwise from whole", linear,
       rule("Linear", kRow, {kR, kLast, kP, kR}, 6), 1, "all_reduce",
       "all_gather"},
      {"rowwise embedding", embedding,
       rule("Embedding", kRow, {kR, kR, kP, kR}, 7), 0, "all_reduce", ""},
      {"rowwise embedding to a sequence", embedding,
       rule("Embedding", kRow, {kR, kR, kP, kSeq}, 7), 0, "reduce_scatter",
       "all_gather"},
      {"sequence", norm,
       rule("RMSNorm", TpStyle::kSequence, {kSeq, kSeq, kSeq, kSeq}), -1, "",
       ""},
      {"sequence from whole", norm,
       rule("RMSNorm", TpStyle::kSequence, {kR, kSeq, kSeq, kSeq}), -1, "",
       "all_gather"},
      {"prepare_input, read alike by all", twice,
       rule("Twice", TpStyle::kPrepareInput, {kSeq, kR}), -1, "all_gather", ""},
      {"prepare_output", twice,
       rule("Twice", TpStyle::kPrepareOutput, {kR, kR, kSeq, kR}), -1,
       "all_gather", ""},
      {"prepare_input_output", twice,
       rule("Twice", TpStyle::kPrepareInputOutput, {kSeq, kLast, kLast, kSeq}),
       -1, "all_to_all, all_to_all", "all_to_all, all_to_all"},
  };
  const auto draw = [](at::IntArrayRef sizes, uint64_t seed) {
    return at::randn(sizes, at::make_generator<at::CPUGeneratorImpl>(seed));
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    const bool ids = row.rule.class_name == "Embedding";
    const at::Tensor input =
        ids ? at::tensor({0, 6, 3, 3, 4, 2, 5, 5}, at::kLong).view({2, 4})
            : draw({2, 4, 6}, 1);
    const auto whole = row.make();
    Values values;
    for (auto& [name, tensor] : whole->NamedParameters()) {
      tensor.set_data(values[name] = draw(tensor.sizes(), 2));
    }
    // prepare_output says of a whole result that it is a part: the module is
    // given a part then.
    const bool part = row.rule.style == TpStyle::kPrepareOutput;
    const at::Tensor x = input.detach().clone();
    if (!ids) x.requires_grad_();
    const at::Tensor want = (*whole)(x);
    const at::Tensor direction = draw(want.sizes(), 3);
    want.mul(direction).sum().backward();
    RunRanks(2, [&](RankComms comms) {
      Traced t(comms);
      TpPlan plan;
      plan.size = 2;
      plan.rules = {row.rule};
      if (row.weight_dim >= 0) {
        plan.parameters["weight"].placement = Placement::Shard(row.weight_dim);
        if (row.rule.style == kCol && values.count("bias") > 0) {
          plan.parameters["bias"].placement = Placement::Shard(0);
        }
      }
      const auto net = row.make();
      const auto tp =
          *TensorParallel::Create(plan, net->NamedParameters(), t.group);
      const RangeLoader load = tp->LocalLoader([&](const std::string& name,
                                                   int64_t begin, int64_t end,
                                                   at::Tensor dst) {
        dst.copy_(values.at(name).reshape({-1}).narrow(0, begin, end - begin));
        return absl::OkStatus();
      });
      {
        c10::NoGradGuard guard;
        for (auto& [name, tensor] : net->NamedParameters()) {
          ASSERT_TRUE(load(name, 0, tensor.numel(), tensor.view({-1})).ok());
        }
      }
      const auto attached = *AttachStyles(plan, net->NamedModules(), t.group);
      const Placement comes = part ? kSeq : *row.rule.input[0];
      const Placement leaves =
          row.rule.result.empty() ? kR : *row.rule.result[0];
      const auto cut = [&](const at::Tensor& tensor, const Placement& place) {
        return Convert(tensor, Layout::Replicated(), Layout::Of(place), t.group)
            .detach()
            .clone();
      };
      const at::Tensor mine = cut(input, comes);
      if (!ids) mine.requires_grad_();
      const at::Tensor out = (*net)(mine);
      EXPECT_EQ(t.Take(), row.forward);
      EXPECT_TRUE(at::allclose(out, cut(want, leaves), 1e-5, 1e-5));
      out.mul(cut(direction, leaves)).sum().backward();
      EXPECT_EQ(t.Take(), row.backward);
      if (!ids) {
        EXPECT_TRUE(
            at::allclose(mine.grad(), cut(x.grad(), comes), 1e-5, 1e-5));
      }
      for (const auto& [name, tensor] : net->NamedParameters()) {
        at::Tensor grad = tensor.grad();
        // A part of the sequence each: terms of a sum.
        if ((name == "bias" && leaves == kSeq) || row.weight_dim < 0) {
          grad =
              Convert(grad, Layout::Unreduced(), Layout::Replicated(), t.group);
        }
        at::Tensor wanted;
        for (const auto& [other, full] : whole->NamedParameters()) {
          if (other == name) wanted = full.grad();
        }
        EXPECT_TRUE(at::allclose(*tp->Whole(name, grad), wanted, 1e-4, 1e-5))
            << name;
      }
    });
  }
}

TEST(StylesCollectives, LeaveOutWhatFrozenPartsDoNotNeed) {
  const Values values = Draw();
  const std::string forward =
      "reduce_scatter of embed, all_gather of feed, reduce_scatter of "
      "feed.w2, all_gather of head, all_gather of head";
  struct Case {
    const char* what;
    std::vector<std::string> trains;
    const char* backward;
  };
  const Case cases[] = {
      // A frozen prefix: forward alone.
      {"head alone", {"head.weight", "head.bias"}, ""},
      // Frozen layers on the way of a gradient pass it on.
      {"embedding below frozen layers",
       {"embed.weight"},
       "reduce_scatter of head, all_gather of feed.w2, reduce_scatter of feed, "
       "all_gather of embed"},
      {"norm",
       {"norm.weight"},
       "reduce_scatter of head, all_gather of feed.w2, reduce_scatter of feed"},
      {"w1: its input needs no gradient",
       {"feed.w1.weight"},
       "reduce_scatter of head, all_gather of feed.w2"},
  };
  for (const Case& c : cases) {
    RunRanks(2, [&](RankComms comms) {
      SCOPED_TRACE(c.what);
      Traced t(comms);
      Split split(MakePlan(2, true), values, t.group);
      for (auto& [name, tensor] : split.net.NamedParameters()) {
        tensor.requires_grad_(
            std::count(c.trains.begin(), c.trains.end(), name) > 0);
      }
      const at::Tensor out = split.net(Ids());
      EXPECT_EQ(t.Take(true), forward);
      out.sum().backward();
      EXPECT_EQ(t.Take(true), c.backward);
    });
  }
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
      {
        c10::NoGradGuard guard;
        net.NamedParameters()[0].second.copy_(weight.narrow(0, 2 * rank, 2));
      }
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
    {
      c10::NoGradGuard guard;
      net.NamedParameters()[0].second.copy_(weight.narrow(0, 2 * rank, 2));
    }
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
