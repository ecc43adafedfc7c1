// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/session/testing/mixed_training.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

namespace fts::testing {
namespace {

constexpr int64_t kAlignment = 16;  // as shard::Segment's

class CastInterceptor : public nn::Interceptor {
 public:
  CastInterceptor(std::optional<at::ScalarType> inputs,
                  std::optional<at::ScalarType> outputs)
      : inputs_(inputs), outputs_(outputs) {}
  nn::Tensors Intercept(nn::Module&, nn::Tensors inputs,
                        const Next& next) override {
    if (inputs_) inputs[0] = inputs[0].to(*inputs_);
    nn::Tensors outputs = next(std::move(inputs));
    if (outputs_) outputs[0] = outputs[0].to(*outputs_);
    return outputs;
  }

 private:
  std::optional<at::ScalarType> inputs_, outputs_;
};

}  // namespace

MixedTraining::MixedTraining(int world, std::vector<MixedPiece> pieces,
                             std::map<std::string, at::Tensor> start)
    : world_(world) {
  at::NoGradGuard guard;
  for (MixedPiece& piece : pieces) {
    State state;
    std::vector<at::Tensor> flat;
    for (const std::string& name : piece.parameters) {
      flat.push_back(start.at(name).flatten().to(piece.master));
    }
    state.master = at::cat(flat);
    state.moment1 = at::zeros_like(state.master);
    state.moment2 = at::zeros_like(state.master);
    state.piece = std::move(piece);
    for (const std::string& name : state.piece.parameters) {
      at::Tensor tensor = model_.Parameter(name);
      tensor.set_data(tensor.to(state.piece.param));
    }
    Publish(state);
    states_.push_back(std::move(state));
  }
}

void MixedTraining::Cast(const std::string& module,
                         std::optional<at::ScalarType> inputs,
                         std::optional<at::ScalarType> outputs) {
  model_.FindModule(module)->PrependInterceptor(
      std::make_shared<CastInterceptor>(inputs, outputs));
}

void MixedTraining::Publish(const State& state) {
  int64_t begin = 0;
  for (const std::string& name : state.piece.parameters) {
    at::Tensor tensor = model_.Parameter(name);
    tensor.copy_(
        state.master.narrow(0, begin, tensor.numel()).view(tensor.sizes()));
    begin += tensor.numel();
  }
}

at::Tensor MixedTraining::TakeGradient(const State& state) {
  std::vector<at::Tensor> flat;
  for (const std::string& name : state.piece.parameters) {
    at::Tensor tensor = model_.Parameter(name);
    flat.push_back(tensor.grad().flatten().to(state.piece.reduce));
    tensor.mutable_grad() = at::Tensor();
  }
  return at::cat(flat);
}

double MixedTraining::Step(int64_t micro, const std::vector<int>& training) {
  const auto trains = [&](size_t i) {
    return training.empty() || std::find(training.begin(), training.end(),
                                         static_cast<int>(i)) != training.end();
  };
  std::vector<at::Tensor> gradients(states_.size());
  // What no rank shares adds up on each rank until the step's one reduction,
  // unless the reduce dtype is narrower than the masters'.
  const auto waits = [&](size_t i) {
    const MixedPiece& piece = states_[i].piece;
    return !piece.sharded &&
           c10::elementSize(piece.reduce) >= c10::elementSize(piece.master);
  };
  std::vector<std::vector<at::Tensor>> own(
      world_, std::vector<at::Tensor>(states_.size()));
  double loss = 0;
  std::vector<double> losses(world_, 0);
  for (int64_t k = 0; k < micro; ++k) {
    std::vector<at::Tensor> sums(states_.size());
    for (int rank = 0; rank < world_; ++rank) {
      for (size_t i = 0; i < states_.size(); ++i) {
        for (const std::string& name : states_[i].piece.parameters) {
          model_.Parameter(name).set_requires_grad(trains(i));
        }
      }
      const at::Tensor part =
          ToyLoss(model_, next_sample_ + k * world_ + rank, micro * world_);
      part.backward();
      losses[rank] += part.item<double>();
      at::NoGradGuard guard;
      for (size_t i = 0; i < states_.size(); ++i) {
        if (!trains(i)) continue;
        // Half types are summed in float32 and rounded once.
        at::Tensor mine = TakeGradient(states_[i]);
        if (waits(i)) {
          at::Tensor& all = own[rank][i];
          all = all.defined() ? all.add(mine) : mine;
          if (k + 1 < micro) continue;
          mine = all;
        }
        const at::Tensor wide =
            mine.element_size() == 2 ? mine.to(at::kFloat) : mine;
        sums[i] = sums[i].defined() ? sums[i].add(wide) : wide;
      }
    }
    at::NoGradGuard guard;
    for (size_t i = 0; i < states_.size(); ++i) {
      if (!trains(i) || !sums[i].defined()) continue;
      const MixedPiece& piece = states_[i].piece;
      at::Tensor sum = sums[i].to(piece.reduce);
      if (divide != 1) sum = sum.div(divide);
      if (gradients[i].defined()) {
        gradients[i].add_(sum);  // rounded once, after the addition
      } else {
        gradients[i] = sum.to(piece.master);
      }
    }
  }
  next_sample_ += micro * world_;
  for (const double part : losses) loss += part;
  at::NoGradGuard guard;
  for (size_t i = 0; i < states_.size(); ++i) {
    if (!trains(i)) continue;
    Update(states_[i], gradients[i]);
    Publish(states_[i]);
  }
  return loss;
}

void MixedTraining::Update(State& state, const at::Tensor& gradient) {
  ++state.step;
  const int64_t numel = state.master.numel();
  const int64_t unit = kAlignment * (state.piece.sharded ? world_ : 1);
  const int64_t padded = (numel + unit - 1) / unit * unit;
  const int64_t chunk = state.piece.sharded ? padded / world_ : padded;
  for (int64_t begin = 0; begin < numel; begin += chunk) {
    const int64_t length = std::min(chunk, numel - begin);
    const auto part = [&](const at::Tensor& t) {
      return t.narrow(0, begin, length);
    };
    at::_fused_adamw_(
        {part(state.master)}, {part(gradient)}, {part(state.moment1)},
        {part(state.moment2)}, {},
        {at::scalar_tensor(static_cast<double>(state.step), at::kFloat)}, 0.01,
        0.9, 0.999, 0.1, 1e-8, /*amsgrad=*/false, /*maximize=*/false);
  }
}

std::map<std::string, at::Tensor> MixedTraining::Values() const {
  std::map<std::string, at::Tensor> out;
  for (const State& state : states_) {
    int64_t begin = 0;
    for (const std::string& name : state.piece.parameters) {
      const at::Tensor tensor = model_.Parameter(name);
      out[name] =
          state.master.narrow(0, begin, tensor.numel()).view(tensor.sizes());
      begin += tensor.numel();
    }
  }
  return out;
}

std::vector<MixedPiece> ToyPieces() {
  std::vector<MixedPiece> out;
  for (int i = 0; i < kBlocks; ++i) {
    MixedPiece block;
    for (const char* name :
         {"norm.weight", "up.weight", "up.bias", "down.weight", "down.bias"}) {
      block.parameters.push_back(absl::StrCat("layers.", i, ".", name));
    }
    out.push_back(std::move(block));
  }
  MixedPiece head, rest;
  head.parameters = {"head.weight"};
  rest.parameters = {"emb.weight", "norm.weight"};
  rest.sharded = false;
  out.push_back(std::move(head));
  out.push_back(std::move(rest));
  return out;
}

}  // namespace fts::testing
