// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A small network with every kind of layer, its tp_plan, and a rank's part of
// it. Testing only. Threads: values; confined to one thread each.
#ifndef FTS_CORE_TP_STYLES_TESTUTIL_H_
#define FTS_CORE_TP_STYLES_TESTUTIL_H_

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/tensor.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fts/core/nn/embedding.h"
#include "fts/core/nn/linear.h"
#include "fts/core/nn/rms_norm.h"
#include "fts/core/tp/styles.h"
#include "fts/core/tp/tensor_parallel.h"
#include "fts/core/tp/traced_testutil.h"

namespace fts::tp {

using comm::testing::RankComms;
using comm::testing::RunRanks;
using nn::Tensors;

inline constexpr int64_t kVocabulary = 7, kDim = 6, kHidden = 5, kLength = 6;

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

inline Values Draw() {
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(7);
  Values values;
  for (const auto& [name, tensor] : Net().NamedParameters()) {
    values[name] = at::randn(tensor.sizes(), generator);
  }
  return values;
}

inline TpRule Rule(const std::string& module, const std::string& class_name,
                   TpStyle style, std::vector<Placement> places,
                   int64_t whole = 0) {
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

inline const Placement kR = Placement::Replicate();
inline const Placement kP = Placement::Partial();
inline const Placement kLast = Placement::Shard(-1);
inline const Placement kSeq = Placement::Shard(1);

// As tp_plan: llama makes it, the sequence split between layers or not.
inline TpPlan MakePlan(int size, bool sequence, bool prepared = true) {
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

inline at::Tensor Ids() {
  return at::tensor({0, 6, 3, 3, 4, 2, 5, 5, 1, 0, 6, 2}, at::kLong)
      .view({2, kLength});
}

// Output and gradients of everything that requires one.
struct Result {
  at::Tensor out;
  Values grads;
};

inline Result RunWhole(const Values& values, const at::Tensor& direction) {
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

// Gives the parameters of `net` this rank's parts of the values.
inline void LoadParts(const TensorParallel& tp, const Values& values,
                      const nn::Module& net) {
  const RangeLoader load = tp.LocalLoader(
      [&](const std::string& name, int64_t begin, int64_t end, at::Tensor dst) {
        dst.copy_(values.at(name).reshape({-1}).narrow(0, begin, end - begin));
        return absl::OkStatus();
      });
  c10::NoGradGuard guard;
  for (auto& [name, tensor] : net.NamedParameters()) {
    EXPECT_TRUE(load(name, 0, tensor.numel(), tensor.view({-1})).ok());
  }
}

// The network with its parts on this rank.
struct Split {
  Net net;
  std::unique_ptr<TensorParallel> tp;
  std::unique_ptr<Attached> attached;

  Split(const TpPlan& plan, const Values& values, const GroupPtr& group) {
    tp = *TensorParallel::Create(plan, net.NamedParameters(), group);
    LoadParts(*tp, values, net);
    attached = *AttachStyles(plan, net.NamedModules(), group);
  }
};

}  // namespace fts::tp

#endif  // FTS_CORE_TP_STYLES_TESTUTIL_H_
