// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/lr_scheduler.h"

#include "fts/core/base/status.h"

namespace fts::optim {

absl::Status LrScheduler::CheckGroupCount(size_t) const {
  return absl::OkStatus();
}

absl::Status LrScheduler::Attach(std::vector<Group>* groups) {
  FTS_RETURN_IF_ERROR(CheckGroupCount(groups->size()));
  Rebind(groups);
  return Construct();
}

absl::Status LrScheduler::Construct() {
  TakeIn(0);
  return Advance(/*initial=*/true);
}

absl::Status LrScheduler::OnGroupsAdded(bool apply_lambdas) {
  double factor = 1;
  if (apply_lambdas) {
    FTS_ASSIGN_OR_RETURN(factor, NewGroupFactor());
  }
  const size_t first_new = base_lrs_.size();
  TakeIn(first_new);
  for (size_t i = first_new; i < groups_->size(); ++i) {
    (*groups_)[i].lr *= factor;
    (*groups_)[i].initial_lr *= factor;
  }
  return absl::OkStatus();
}

void LrScheduler::TakeIn(size_t first_new) {
  for (size_t i = first_new; i < groups_->size(); ++i) {
    base_lrs_.push_back((*groups_)[i].initial_lr);
  }
}

absl::Status LrScheduler::Step() {
  if (needs_metric()) {
    return absl::FailedPreconditionError(name() + " is stepped with a metric");
  }
  return Advance(/*initial=*/false);
}

absl::Status LrScheduler::StepMetric(double) {
  return absl::FailedPreconditionError(name() + " takes no metric");
}

absl::Status LrScheduler::Advance(bool initial) {
  ++last_epoch_;
  std::vector<double> rates(groups_->size());
  for (size_t i = 0; i < rates.size(); ++i) rates[i] = NextLr(i, initial);
  SetRates(rates);
  return absl::OkStatus();
}

absl::Status LrScheduler::Restart() {
  last_epoch_ = 0;
  std::vector<double> rates(groups_->size());
  for (size_t i = 0; i < rates.size(); ++i) rates[i] = RestartLr(i);
  SetRates(rates);
  return absl::OkStatus();
}

void LrScheduler::SetRates(const std::vector<double>& rates) {
  for (size_t i = 0; i < rates.size(); ++i) (*groups_)[i].lr = rates[i];
}

LrSchedulerState LrScheduler::Save() const {
  return {last_epoch_, base_lrs_, {}, {}};
}

absl::Status LrScheduler::Load(const LrSchedulerState& state) {
  last_epoch_ = state.last_epoch;
  base_lrs_ = state.base_lrs;
  return absl::OkStatus();
}

absl::Status LrScheduler::CheckValues(const LrSchedulerState& state,
                                      size_t least) const {
  if (state.values.size() >= least) return absl::OkStatus();
  return absl::InvalidArgumentError(
      name() + ": the saved state holds " +
      std::to_string(state.values.size()) + " values, it needs " +
      std::to_string(least) + "; it is another scheduler's state");
}

}  // namespace fts::optim
