// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A tp_plan on modules of LibTorch's own, called through their mirror.
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fts/core/nn/mirror_torch.h"
#include "fts/core/session/model_parts.h"
#include "fts/core/session/session.h"
#include "fts/core/session/testing/toy_model.h"

namespace fts::testing {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;

constexpr int64_t kWidth = 8, kWords = 11;

struct NetImpl : torch::nn::Module {
  NetImpl()
      : emb(register_module("emb", torch::nn::Embedding(kWords, kWidth))),
        norm(register_module(
            "norm",
            torch::nn::LayerNorm(torch::nn::LayerNormOptions({kWidth})))),
        up(register_module("up", torch::nn::Linear(kWidth, 3 * kWidth))),
        down(register_module("down", torch::nn::Linear(3 * kWidth, kWidth))),
        head(register_module("head", torch::nn::Linear(kWidth, kWords))) {}

  at::Tensor forward(const at::Tensor& ids) {
    const at::Tensor x = mirror(emb, ids);
    const at::Tensor hidden = mirror(up, mirror(norm, x)).tanh();
    return mirror(head, x.add(skip_down ? down(hidden) : mirror(down, hidden)));
  }

  torch::nn::Embedding emb;
  torch::nn::LayerNorm norm;
  torch::nn::Linear up, down, head;
  bool skip_down = false;  // a boundary is forgotten
  nn::Mirror mirror;
};

// Losses of a few steps, and what a step without `down`'s boundary says.
struct Trained {
  std::vector<double> loss;
  std::map<std::string, at::Tensor> values;
  std::string forgotten;
};

Trained Train(const RankComms& comms, int tp, const std::string& plan) {
  const auto net = std::make_shared<NetImpl>();
  {
    c10::NoGradGuard guard;
    double phase = 0;
    for (auto& item : net->named_parameters()) {
      at::Tensor flat = item.value().view({-1});
      flat.copy_(at::arange(flat.numel(), at::kFloat)
                     .add_(phase += 3)
                     .sin_()
                     .mul_(0.4));
    }
  }
  net->mirror = *nn::MirrorOf(*net);
  ToyOptions options;
  options.plan = false;
  options.tp = tp;
  options.strategy = plan;
  options.schedule = "0: {params: ['.*'], max_transition_epoch: 1}\n";
  Ranks ranks(comms.first, comms.second);
  EXPECT_TRUE(ranks.SplitTp(tp).ok());
  nn::Module& root = net->mirror.root();
  const shard::RangeLoader values = ValuesNow(root);
  Diagnostics diags;
  const auto session = *Session::Create(
      ModelParts(root), MakeSessionOptions(root, options), ranks, &diags);
  EXPECT_TRUE(session->Load(values).ok());
  EXPECT_TRUE(session->RunStart().ok());
  EXPECT_TRUE(session->EpochStart(0).ok());
  const auto step = [&](int64_t i) {
    return session->TrainStep(1, [&](int64_t) -> absl::StatusOr<at::Tensor> {
      const at::Tensor ids = at::arange(2 * 6, at::kLong)
                                 .view({2, 6})
                                 .mul(3 + i)
                                 .remainder(kWords);
      return session
          ->TokenLoss(net->forward(ids), ids.mul(7).add(i).remainder(kWords))
          .sum.div(12.0);
    });
  };
  Trained out;
  for (int64_t i = 0; i < 5; ++i) {
    const auto result = step(i);
    EXPECT_TRUE(result.ok()) << result.status();
    if (result.ok()) out.loss.push_back(result->loss);
  }
  EXPECT_TRUE(session->engine().CheckReplicas().ok());
  EXPECT_TRUE(
      session
          ->ForEachFull([&](const std::string& name, const at::Tensor& full) {
            out.values[name] = full.clone();
            return absl::OkStatus();
          })
          .ok());
  net->skip_down = true;
  out.forgotten = std::string(step(5).status().message());
  return out;
}

TEST(TpTorchTest, ModulesOfLibTorchTrainAsOnOneRank) {
  Trained want;
  RunRanks(1, [&](RankComms comms) { want = Train(comms, 1, ""); });
  EXPECT_EQ(want.forgotten, "");
  const char* const whole =
      "tp_plan: {emb: rowwise, up: colwise, down: rowwise, head: {style: "
      "colwise, output: replicate}}\n";
  const char* const sequence =
      "tp_plan: {emb: {style: rowwise, output: shard(1)}, norm: sequence, up: "
      "{style: colwise, input: shard(1)}, down: {style: rowwise, output: "
      "shard(1)}, head: {style: colwise, input: shard(1)}}\n"
      "loss_parallel: true\n";
  for (const char* plan : {whole, sequence}) {
    for (const int world : {2, 4}) {
      SCOPED_TRACE(plan + std::to_string(world));
      RunRanks(world, [&](RankComms comms) {
        const Trained got = Train(comms, 2, plan);
        ASSERT_EQ(got.loss.size(), want.loss.size());
        for (size_t i = 0; i < want.loss.size(); ++i) {
          // Every data-parallel rank adds the same batch.
          EXPECT_NEAR(got.loss[i], world / 2 * want.loss[i],
                      2e-5 * world * want.loss[i]);
        }
        if (world == 2) {
          for (const auto& [name, value] : want.values) {
            EXPECT_TRUE(at::allclose(got.values.at(name), value, 1e-4, 1e-5))
                << name;
          }
        }
        // Where shapes do not tell, the session does.
        EXPECT_THAT(got.forgotten,
                    ::testing::HasSubstr(
                        plan == sequence
                            ? "must match the size of tensor b"
                            : "' got a gradient, but its module 'down' was not "
                              "called in this step, so nothing was done of "
                              "what the tp_plan says of it"));
      });
    }
  }
}

}  // namespace
}  // namespace fts::testing
