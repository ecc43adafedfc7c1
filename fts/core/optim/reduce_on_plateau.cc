// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/reduce_on_plateau.h"

#include <algorithm>
#include <utility>

#include "fts/core/base/status.h"

namespace fts::optim {

ReduceOnPlateau::ReduceOnPlateau(ReduceOnPlateauOptions options)
    : options_(std::move(options)),
      best_(options_.minimize ? std::numeric_limits<double>::infinity()
                              : -std::numeric_limits<double>::infinity()) {}

absl::Status ReduceOnPlateau::CheckGroupCount(size_t num_groups) const {
  const size_t listed = options_.min_lr.size();
  if (listed <= 1 || listed == num_groups) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "ReduceLROnPlateau: min_lr lists " + std::to_string(listed) +
      " rates, the optimizer has " + std::to_string(num_groups) +
      " groups; give one rate, or one per group");
}

void ReduceOnPlateau::TakeIn(size_t first_new) {
  LrScheduler::TakeIn(first_new);
  if (first_new == 0 && options_.min_lr.size() > 1) min_lrs_ = options_.min_lr;
  const double fill = min_lrs_.empty() ? options_.min_lr.at(0) : min_lrs_[0];
  min_lrs_.resize(groups().size(), fill);
}

double ReduceOnPlateau::NextLr(size_t i, bool) const { return groups()[i].lr; }

bool ReduceOnPlateau::IsBetter(double metric) const {
  const double threshold = options_.threshold;
  if (options_.minimize) {
    return options_.relative ? metric < best_ * (1.0 - threshold)
                             : metric < best_ - threshold;
  }
  return options_.relative ? metric > best_ * (threshold + 1.0)
                           : metric > best_ + threshold;
}

absl::Status ReduceOnPlateau::StepMetric(double metric) {
  ++last_epoch_;
  if (IsBetter(metric)) {
    best_ = metric;
    bad_ = 0;
  } else {
    ++bad_;
  }
  if (cooldown_ > 0) {
    --cooldown_;
    bad_ = 0;
  }
  if (bad_ <= options_.patience) return absl::OkStatus();
  for (size_t i = 0; i < groups().size(); ++i) {
    const double old_lr = groups()[i].lr;
    const double new_lr = std::max(old_lr * options_.factor, min_lrs_[i]);
    if (old_lr - new_lr > options_.eps) groups()[i].lr = new_lr;
  }
  cooldown_ = options_.cooldown;
  bad_ = 0;
  return absl::OkStatus();
}

LrSchedulerState ReduceOnPlateau::Save() const {
  LrSchedulerState state = LrScheduler::Save();
  state.values = {best_, static_cast<double>(bad_),
                  static_cast<double>(cooldown_)};
  state.values.insert(state.values.end(), min_lrs_.begin(), min_lrs_.end());
  return state;
}

absl::Status ReduceOnPlateau::Load(const LrSchedulerState& state) {
  FTS_RETURN_IF_ERROR(CheckValues(state, 3));
  FTS_RETURN_IF_ERROR(LrScheduler::Load(state));
  best_ = state.values[0];
  bad_ = static_cast<int64_t>(state.values[1]);
  cooldown_ = static_cast<int64_t>(state.values[2]);
  min_lrs_.assign(state.values.begin() + 3, state.values.end());
  return absl::OkStatus();
}

}  // namespace fts::optim
