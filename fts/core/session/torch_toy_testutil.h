// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The toy model as a LibTorch user would write it, and a rank that trains it
// through its mirror. Testing only.
// Threads: confined to one thread each.
#ifndef FTS_CORE_SESSION_TORCH_TOY_TESTUTIL_H_
#define FTS_CORE_SESSION_TORCH_TOY_TESTUTIL_H_

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "fts/core/nn/loss.h"
#include "fts/core/nn/mirror_torch.h"
#include "fts/core/session/model_parts.h"
#include "fts/core/session/session.h"
#include "fts/core/session/testing/toy_model.h"

namespace fts::testing {

namespace user {

struct RMSNormImpl : torch::nn::Module {
  RMSNormImpl() : weight(register_parameter("weight", at::empty({kDim}))) {}
  at::Tensor forward(const at::Tensor& input) {
    const at::Tensor x = input.to(at::kFloat);
    const at::Tensor square =
        x.pow(2).mean(at::IntArrayRef({-1}), /*keepdim=*/true);
    const at::Tensor normal = x.mul(square.add(1e-5).rsqrt());
    return weight.mul(normal.to(input.scalar_type()));
  }
  at::Tensor weight;
};
TORCH_MODULE(RMSNorm);

struct ToyBlockImpl : torch::nn::Module {
  ToyBlockImpl()
      : norm(register_module("norm", RMSNorm())),
        up(register_module("up", torch::nn::Linear(kDim, 2 * kDim))),
        down(register_module("down", torch::nn::Linear(2 * kDim, kDim))),
        seen(register_buffer("seen", at::zeros({}))) {}
  at::Tensor forward(const at::Tensor& x) {
    ++forwards;
    seen.add_(1);
    if (as_torch_does) return x.add(down(up(norm(x)).tanh()));
    // In the order of fts::nn::Linear.
    const at::Tensor hidden = at::linear(norm(x), up->weight, up->bias).tanh();
    return x.add(at::linear(hidden, down->weight, down->bias));
  }
  RMSNorm norm;
  torch::nn::Linear up, down;
  at::Tensor seen;
  bool as_torch_does = false;
  int forwards = 0;
};
TORCH_MODULE(ToyBlock);

// Registers another module's weight as its own.
struct TiedHeadImpl : torch::nn::Module {
  explicit TiedHeadImpl(const at::Tensor& shared)
      : weight(register_parameter("weight", shared)) {}
  at::Tensor forward(const at::Tensor& x) { return at::linear(x, weight); }
  at::Tensor weight;
};
TORCH_MODULE(TiedHead);

struct ToyModelImpl : torch::nn::Module {
  explicit ToyModelImpl(bool tie = false)
      : emb(register_module("emb", torch::nn::Embedding(kVocab, kDim))) {
    layers = register_module("layers", torch::nn::ModuleList());
    for (int i = 0; i < kBlocks; ++i) layers->push_back(ToyBlock());
    norm = register_module("norm", RMSNorm());
    if (tie) {
      tied = register_module("head", TiedHead(emb->weight));
    } else {
      head = register_module(
          "head", torch::nn::Linear(
                      torch::nn::LinearOptions(kDim, kVocab).bias(false)));
    }
    const std::map<std::string, at::Tensor> start = InitialValues();
    at::NoGradGuard no_grad;
    for (auto& entry : named_parameters()) {
      if (!tie || entry.key() != "head.weight") {
        entry.value().copy_(start.at(entry.key()));
      }
    }
  }

  at::Tensor forward(const at::Tensor& tokens) {
    at::Tensor x = mirror(emb, tokens);
    for (int i = 0; i < kBlocks; ++i) {
      const auto block = layers->ptr<ToyBlockImpl>(i);
      x = i == forgotten ? block->forward(x) : mirror(block, x);
    }
    if (twice) {  // the same unit once more, and not the same call
      const auto block = layers->ptr<ToyBlockImpl>(0);
      x = mirror.CallOne("layers.0", x, [block](const at::Tensor& in) {
        return block->forward(in.mul(0.5));
      });
    }
    x = mirror(norm, x);
    return tied.is_empty() ? mirror(head, x) : mirror(tied, x);
  }

  ToyBlockImpl& block(int i) { return layers->at<ToyBlockImpl>(i); }

  torch::nn::Embedding emb;
  torch::nn::ModuleList layers{nullptr};
  RMSNorm norm{nullptr};
  torch::nn::Linear head{nullptr};
  TiedHead tied{nullptr};
  nn::Mirror mirror;
  int forgotten = -1;  // a block that is called without its boundary
  bool twice = false;
};
TORCH_MODULE(ToyModel);

}  // namespace user

inline at::Tensor Loss(const user::ToyModel& model, int64_t sample,
                       int64_t parts) {
  const at::Tensor numbers =
      at::arange(2 * 5, at::kLong).view({2, 5}).mul(7).add(sample * 5);
  const at::Tensor tokens = numbers.remainder(kVocab);
  const at::Tensor labels = numbers.mul(3).add(sample).remainder(kVocab);
  // The root through its boundary too: it is a unit of some plans.
  const nn::LossSum loss =
      nn::SumCrossEntropy(model->mirror(model, tokens), labels);
  return loss.sum.div(static_cast<double>(10 * parts));
}

inline std::unique_ptr<Session> MakeSession(
    nn::Module& root, const ToyOptions& options,
    const comm::testing::RankComms& comms) {
  Diagnostics diags;
  const auto values = ValuesNow(root);
  auto session =
      Session::Create(ModelParts(root), MakeSessionOptions(root, options),
                      Ranks(comms.first, comms.second), &diags);
  EXPECT_TRUE(session.ok()) << session.status();
  EXPECT_TRUE((*session)->Load(values).ok());
  EXPECT_TRUE((*session)->RunStart().ok());
  return *std::move(session);
}

inline nn::Mirror MustMirror(absl::StatusOr<nn::Mirror> mirror) {
  EXPECT_TRUE(mirror.ok()) << mirror.status();
  return *std::move(mirror);
}

// One rank with the user's model, started.
struct TorchRank {
  TorchRank(const comm::testing::RankComms& comms, const ToyOptions& options,
            bool tie = false)
      : rank(comms.first->rank()), world(comms.first->size()), model(tie) {
    model->mirror = MustMirror(nn::MirrorOf(*model));
    session = MakeSession(model->mirror.root(), options, comms);
  }
  absl::Status Step() {
    return session
        ->TrainStep(1,
                    [&](int64_t) -> absl::StatusOr<at::Tensor> {
                      return Loss(model, rank, world);
                    })
        .status();
  }
  absl::Status Evaluate() {
    return session->Evaluate([&] {
      Loss(model, rank, world);
      return absl::OkStatus();
    });
  }
  const int rank, world;
  user::ToyModel model;
  std::unique_ptr<Session> session;
};

}  // namespace fts::testing

#endif  // FTS_CORE_SESSION_TORCH_TOY_TESTUTIL_H_
