// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/group.h"

namespace fts::optim {

std::vector<double> LearningRates(const std::vector<Group>& groups) {
  std::vector<double> rates;
  rates.reserve(groups.size());
  for (const Group& group : groups) rates.push_back(group.lr);
  return rates;
}

}  // namespace fts::optim
