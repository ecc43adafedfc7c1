// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/adagrad.h"

#include <ATen/ops/_fused_adagrad.h>

namespace fts::optim {

void FlatAdagrad::Update(const Group& group, const Run& run) {
  at::_fused_adagrad_({run.value}, {run.grad}, {run.moments[0]},
                      {StepNumber(run)}, group.lr, options_.lr_decay,
                      group.weight_decay, options_.eps, options_.maximize);
}

}  // namespace fts::optim
