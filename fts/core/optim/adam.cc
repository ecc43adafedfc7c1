// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/adam.h"

#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/scalar_tensor.h>

namespace fts::optim {
namespace {

// The kernels take the number of the step being made, as an fp32 scalar on the
// values' device.
at::Tensor StepNumber(const at::Tensor& value, int64_t steps_made) {
  return at::scalar_tensor(static_cast<double>(steps_made + 1),
                           value.options().dtype(at::kFloat));
}

}  // namespace

std::vector<std::string> FlatAdamW::StateNames() const {
  return {"exp_avg", "exp_avg_sq"};
}

void FlatAdamW::Update(const Group& group, const Run& run) {
  at::_fused_adamw_({run.value}, {run.grad}, {run.moments[0]}, {run.moments[1]},
                    {}, {StepNumber(run.value, run.step)}, group.lr,
                    options_.beta1, options_.beta2, group.weight_decay,
                    options_.eps, /*amsgrad=*/false,
                    /*maximize=*/false);
}

std::vector<std::string> FlatAdam::StateNames() const {
  return {"exp_avg", "exp_avg_sq"};
}

void FlatAdam::Update(const Group& group, const Run& run) {
  at::_fused_adam_({run.value}, {run.grad}, {run.moments[0]}, {run.moments[1]},
                   {}, {StepNumber(run.value, run.step)}, group.lr,
                   options_.beta1, options_.beta2, group.weight_decay,
                   options_.eps, /*amsgrad=*/false, /*maximize=*/false);
}

}  // namespace fts::optim
