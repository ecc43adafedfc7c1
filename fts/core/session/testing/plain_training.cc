// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/session/testing/plain_training.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "fts/core/optim/clip.h"

namespace fts::testing {

PlainTraining::PlainTraining(int64_t samples) : samples_(samples) {
  at::NoGradGuard guard;
  const auto start = InitialValues();
  for (auto& [name, tensor] : model_.NamedParameters()) {
    tensor.copy_(start.at(name));
    tensor.set_requires_grad(false);
  }
}

void PlainTraining::Thaw(const std::string& prefix, double lr, double decay) {
  Piece piece;
  piece.prefix = prefix;
  piece.lr = lr;
  piece.decay = decay;
  for (auto& [name, tensor] : model_.NamedParameters()) {
    if (name.compare(0, prefix.size(), prefix) != 0) continue;
    tensor.set_requires_grad(true);
    piece.tensors.push_back(tensor);
  }
  pieces_.push_back(std::move(piece));
}

void PlainTraining::Freeze(const std::string& prefix) {
  for (at::Tensor& tensor : Find(prefix).tensors) {
    tensor.set_requires_grad(false);
    tensor.mutable_grad() = at::Tensor();
  }
  pieces_.erase(pieces_.begin() + (&Find(prefix) - pieces_.data()));
}

void PlainTraining::Restart(double decay) {
  for (Piece& piece : pieces_) {
    piece.state.clear();
    piece.step = 0;
    piece.decay = decay;
  }
}

PlainTraining::Piece& PlainTraining::Find(const std::string& prefix) {
  for (Piece& piece : pieces_) {
    if (piece.prefix == prefix) return piece;
  }
  std::fprintf(stderr, "nothing trains under %s\n", prefix.c_str());
  std::abort();
}

double PlainTraining::Backward() {
  double loss = 0;
  for (int64_t s = 0; s < samples_; ++s) {
    const at::Tensor part = ToyLoss(model_, step_ * samples_ + s, samples_);
    part.backward();
    loss += part.item<double>();
  }
  ++step_;
  return loss;
}

double PlainTraining::Norm() const {
  double squares = 0;
  for (const Piece& piece : pieces_) {
    for (const at::Tensor& t : piece.tensors) {
      squares += t.grad().to(at::kDouble).square().sum().item<double>();
    }
  }
  return std::sqrt(squares);
}

double PlainTraining::Step(std::optional<double> clip, double measured_norm,
                           double* norm) {
  const double loss = Backward();
  at::NoGradGuard guard;
  if (norm != nullptr) *norm = Norm();
  for (Piece& piece : pieces_) {
    std::vector<at::Tensor> values, gradients;
    for (const at::Tensor& t : piece.tensors) {
      values.push_back(t.detach().flatten());
      gradients.push_back(t.grad().flatten());
    }
    at::Tensor value = at::cat(values), gradient = at::cat(gradients);
    if (clip) {
      gradient.mul_(optim::ClipCoefficient(
          at::scalar_tensor(measured_norm, at::kDouble), *clip));
    }
    Update(piece, value, gradient);
    int64_t begin = 0;
    for (at::Tensor& t : piece.tensors) {
      t.copy_(value.narrow(0, begin, t.numel()).view(t.sizes()));
      begin += t.numel();
      t.mutable_grad() = at::Tensor();
    }
  }
  return loss;
}

void PlainTraining::Update(Piece& piece, at::Tensor value,
                           at::Tensor gradient) {
  while (piece.state.size() < 2) piece.state.push_back(at::zeros_like(value));
  ++piece.step;
  if (sgd) {
    at::_fused_sgd_({value}, {gradient}, {piece.state[0]}, piece.decay,
                    /*momentum=*/0.9, piece.lr, /*dampening=*/0,
                    /*nesterov=*/false, /*maximize=*/false, piece.step == 1);
    return;
  }
  at::_fused_adamw_(
      {value}, {gradient}, {piece.state[0]}, {piece.state[1]}, {},
      {at::scalar_tensor(static_cast<double>(piece.step), at::kFloat)},
      piece.lr, 0.9, 0.999, piece.decay, 1e-8, /*amsgrad=*/false,
      /*maximize=*/false);
}

std::map<std::string, at::Tensor> PlainTraining::Values() const {
  std::map<std::string, at::Tensor> out;
  for (const auto& [name, tensor] : model_.NamedParameters()) {
    out[name] = tensor.detach().clone();
  }
  return out;
}

}  // namespace fts::testing
