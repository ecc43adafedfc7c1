// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/tp/flow_check.h"

#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fts/core/nn/linear.h"
#include "fts/core/nn/rms_norm.h"

namespace fts::tp {
namespace {

const auto kMeta = at::TensorOptions().device(at::kMeta);
const Placement kR = Placement::Replicate();
const Placement kP = Placement::Partial();
const Placement kLast = Placement::Shard(-1);
const Placement kSeq = Placement::Shard(1);

// x + down(up(norm(x))).
class Block : public nn::Module {
 public:
  Block() {
    norm_ = AddModule("norm", std::make_shared<nn::RmsNorm>(8, 1e-5, kMeta));
    up_ = AddModule("up", std::make_shared<nn::Linear>(8, 12, true, kMeta));
    down_ = AddModule("down", std::make_shared<nn::Linear>(12, 8, true, kMeta));
  }
  std::string ClassName() const override { return "Block"; }

 protected:
  nn::Tensors Forward(nn::Tensors inputs) override {
    const at::Tensor& x = inputs.at(0);
    return {x.add((*down_)((*up_)((*norm_)(x))))};
  }

 private:
  std::shared_ptr<nn::RmsNorm> norm_;
  std::shared_ptr<nn::Linear> up_, down_;
};

TpRule Rule(const std::string& module, TpStyle style, Placement input,
            Placement compute, Placement output, Placement result,
            int64_t whole) {
  TpRule rule;
  rule.module = module;
  rule.class_name = "Linear";
  rule.style = style;
  rule.input = {input};
  rule.compute = {compute};
  rule.output = {output};
  rule.result = {result};
  rule.whole = whole;
  return rule;
}

TpPlan PlanOf(std::vector<TpRule> rules) {
  TpPlan plan;
  plan.size = 2;
  for (const TpRule& rule : rules) {
    if (rule.style == TpStyle::kColwise) {
      plan.parameters[rule.module + ".weight"].placement = Placement::Shard(0);
      plan.parameters[rule.module + ".bias"].placement = Placement::Shard(0);
    } else if (rule.style == TpStyle::kRowwise) {
      plan.parameters[rule.module + ".weight"].placement = Placement::Shard(1);
    }
  }
  plan.rules = std::move(rules);
  return plan;
}

// The messages of a check of the block, "file:line:column: text [code]".
std::vector<std::string> Check(const TpPlan& plan) {
  Block block;
  FlowModel model;
  model.parameters = block.NamedParameters();
  model.modules = block.NamedModules();
  model.run = [&] { block(at::empty({3, 4, 8}, kMeta)); };
  Diagnostics diags;
  CheckFlow(model, plan, &diags);
  std::vector<std::string> messages;
  for (const Diagnostic& d : diags.all()) {
    messages.push_back(d.code + ": " + d.message);
  }
  // The model is as before.
  for (const auto& [name, tensor] : block.NamedParameters()) {
    if (name == "up.weight") {
      EXPECT_EQ(tensor.sizes(), at::IntArrayRef({12, 8}));
    }
  }
  return messages;
}

TEST(FlowCheck, PassesPlansWhoseLayoutsMeet) {
  EXPECT_EQ(Check(PlanOf(
                {Rule("up", TpStyle::kColwise, kR, kR, kLast, kLast, 12),
                 Rule("down", TpStyle::kRowwise, kLast, kLast, kP, kR, 12)})),
            std::vector<std::string>());
  EXPECT_EQ(Check(PlanOf(
                {Rule("", TpStyle::kPrepareInputOutput, kR, kSeq, kSeq, kR, 0),
                 Rule("norm", TpStyle::kSequence, kSeq, kSeq, kSeq, kSeq, 0),
                 Rule("up", TpStyle::kColwise, kSeq, kR, kLast, kLast, 12),
                 Rule("down", TpStyle::kRowwise, kLast, kLast, kP, kSeq, 12)})),
            std::vector<std::string>());
}

TEST(FlowCheck, NamesTheRuleThatExpectsAnotherLayout) {
  EXPECT_EQ(
      Check(
          PlanOf({Rule("up", TpStyle::kColwise, kR, kR, kLast, kR, 12),
                  Rule("down", TpStyle::kRowwise, kLast, kLast, kP, kR, 12)})),
      std::vector<std::string>(
          {"tp_layouts: tp_plan: module 'down' (rowwise) expects its input "
           "shard(2), but it comes replicate; write input: replicate for it, "
           "or change what makes it"}));
  EXPECT_EQ(
      Check(PlanOf(
          {Rule("norm", TpStyle::kSequence, kSeq, kSeq, kSeq, kSeq, 0)})),
      std::vector<std::string>(
          {"tp_layouts: tp_plan: module 'norm' (sequence) expects its input "
           "shard(1), but it comes replicate; write input: replicate for it, "
           "or change what makes it"}));
}

TEST(FlowCheck, NamesAModuleWithoutARuleThatGetsAPart) {
  EXPECT_EQ(
      Check(
          PlanOf({Rule("", TpStyle::kPrepareInput, kR, kSeq, kSeq, kSeq, 0)})),
      std::vector<std::string>(
          {"tp_no_rule: tp_plan: module 'norm' (RMSNorm) has parameters and no "
           "rule, but its input comes shard(1), so its gradients would differ "
           "between ranks; give it style sequence, or prepare its input"}));
}

TEST(FlowCheck, NamesTheModuleInWhichTensorsDoNotFit) {
  // The result is split, what it is added to is not.
  const std::vector<std::string> found = Check(
      PlanOf({Rule("up", TpStyle::kColwise, kR, kR, kLast, kLast, 12),
              Rule("down", TpStyle::kRowwise, kLast, kLast, kP, kSeq, 12)}));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(
      found[0].find("tp_layouts: tp_plan: the layouts of the tensors that "
                    "meet in module '' do not fit on rank 0 of 2 along "
                    "tp (The size of tensor a (4) must match the size of "
                    "tensor b (2)"),
      0u)
      << found[0];
}

}  // namespace
}  // namespace fts::tp
