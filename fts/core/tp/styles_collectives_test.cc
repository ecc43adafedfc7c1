// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What ranks say to each other under each style, and that layers compute what
// they do whole.
#include <ATen/ops/allclose.h>

#include <algorithm>
#include <functional>

#include "fts/core/tp/convert.h"
#include "fts/core/tp/styles_testutil.h"

namespace fts::tp {
namespace {

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
      LoadParts(*tp, values, *net);
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

}  // namespace
}  // namespace fts::tp
