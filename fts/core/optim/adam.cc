// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/adam.h"

#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>

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

void FlatAdamW::Update(const Group& group, const Run& run) {
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
