// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/sgd.h"

#include <ATen/ops/_fused_sgd.h>

namespace fts::optim {

std::vector<std::string> FlatSgd::StateNames() const {
  if (options_.momentum == 0) return {};
  return {"momentum_buffer"};
}

void FlatSgd::Update(const Group& group, const Run& run) {
  at::_fused_sgd_({run.value}, {run.grad}, run.moments, group.weight_decay,
                  options_.momentum, group.lr, options_.dampening,
                  options_.nesterov, options_.maximize,
                  /*is_first_step=*/run.step == 0);
}

}  // namespace fts::optim
