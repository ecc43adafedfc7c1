// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/adam.h"

#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>

#include "fts/core/optim/fused_adamw.h"

namespace fts::optim {
namespace {

std::vector<std::string> Names(const AdamOptions& options) {
  if (!options.amsgrad) return {"exp_avg", "exp_avg_sq"};
  return {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};
}

}  // namespace

std::vector<std::string> FlatAdamW::StateNames() const {
  return Names(options_);
}

bool FlatAdamW::sums_gradients() const {
  return !options_.amsgrad && !options_.maximize && CanFuseAdamW();
}

void FlatAdamW::UpdateFromParts(const Group& group, const Run& run) {
  std::vector<const float*> parts;
  for (const at::Tensor& part : run.parts) {
    parts.push_back(part.const_data_ptr<float>());
  }
  AdamWStep step;
  step.lr = group.lr;
  step.beta1 = options_.beta1;
  step.beta2 = options_.beta2;
  step.eps = options_.eps;
  step.weight_decay = group.weight_decay;
  step.step = run.step + 1;
  AddSquaredNorm(
      SumAndAdamW(parts.data(), static_cast<int>(parts.size()),
                  run.value.data_ptr<float>(), run.moments[0].data_ptr<float>(),
                  run.moments[1].data_ptr<float>(), run.value.numel(), step));
}

void FlatAdamW::Update(const Group& group, const Run& run) {
  if (!run.parts.empty()) {
    UpdateFromParts(group, run);
    return;
  }
  std::vector<at::Tensor> largest;
  if (options_.amsgrad) largest.push_back(run.moments[2]);
  at::_fused_adamw_({run.value}, {run.grad}, {run.moments[0]}, {run.moments[1]},
                    largest, {StepNumber(run)}, group.lr, options_.beta1,
                    options_.beta2, group.weight_decay, options_.eps,
                    options_.amsgrad, options_.maximize);
}

std::vector<std::string> FlatAdam::StateNames() const {
  return Names(options_);
}

void FlatAdam::Update(const Group& group, const Run& run) {
  std::vector<at::Tensor> largest;
  if (options_.amsgrad) largest.push_back(run.moments[2]);
  at::_fused_adam_({run.value}, {run.grad}, {run.moments[0]}, {run.moments[1]},
                   largest, {StepNumber(run)}, group.lr, options_.beta1,
                   options_.beta2, group.weight_decay, options_.eps,
                   options_.amsgrad, options_.maximize);
}

}  // namespace fts::optim
