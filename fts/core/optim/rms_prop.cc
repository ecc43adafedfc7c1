// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/rms_prop.h"

namespace fts::optim {

std::vector<std::string> FlatRmsProp::StateNames() const {
  std::vector<std::string> names = {"square_avg"};
  if (options_.momentum > 0) names.emplace_back("momentum_buffer");
  if (options_.centered) names.emplace_back("grad_avg");
  return names;
}

void FlatRmsProp::Update(const Group& group, const Run& run) {
  at::Tensor grad = options_.maximize ? run.grad.neg() : run.grad;
  if (group.weight_decay != 0) {
    grad = grad.add(run.value, group.weight_decay);
  }
  const at::Tensor& square_avg = run.moments[0];
  square_avg.mul_(options_.alpha).addcmul_(grad, grad, 1 - options_.alpha);
  at::Tensor average;
  if (options_.centered) {
    const at::Tensor& grad_avg = run.moments.back();
    grad_avg.lerp_(grad, 1 - options_.alpha);
    average = square_avg.addcmul(grad_avg, grad_avg, -1).sqrt_();
  } else {
    average = square_avg.sqrt();
  }
  average.add_(options_.eps);
  if (options_.momentum > 0) {
    const at::Tensor& buffer = run.moments[1];
    buffer.mul_(options_.momentum).addcdiv_(grad, average);
    run.value.add_(buffer, -group.lr);
  } else {
    run.value.addcdiv_(grad, average, -group.lr);
  }
}

}  // namespace fts::optim
