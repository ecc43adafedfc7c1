// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/lr_scheduler.h"

#include <stdexcept>
#include <utility>

namespace fts::optim {

void LrScheduler::Attach(std::vector<Group>* groups) {
  groups_ = groups;
  OnGroupsAdded();
  Advance(/*initial=*/true);
}

void LrScheduler::OnGroupsAdded() {
  const size_t first_new = base_lrs_.size();
  for (size_t i = first_new; i < groups_->size(); ++i) {
    base_lrs_.push_back((*groups_)[i].initial_lr);
  }
  OnAttached(first_new);
}

void LrScheduler::Step() {
  if (needs_metric()) {
    throw std::logic_error(name() + " is stepped with a metric");
  }
  Advance(/*initial=*/false);
}

void LrScheduler::StepMetric(double) {
  throw std::logic_error(name() + " takes no metric");
}

void LrScheduler::Advance(bool initial) {
  ++last_epoch_;
  std::vector<double> rates(groups_->size());
  for (size_t i = 0; i < rates.size(); ++i) rates[i] = NextLr(i, initial);
  for (size_t i = 0; i < rates.size(); ++i) (*groups_)[i].lr = rates[i];
}

LrSchedulerState LrScheduler::Save() const {
  return {last_epoch_, base_lrs_, {}};
}

void LrScheduler::Load(const LrSchedulerState& state) {
  last_epoch_ = state.last_epoch;
  base_lrs_ = state.base_lrs;
}

}  // namespace fts::optim
