// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/lr_schedulers.h"

#include <cmath>

#include "fts/core/base/status.h"

namespace fts::optim {

double StepLr::NextLr(size_t i, bool) const {
  const double lr = groups()[i].lr;
  if (last_epoch_ == 0 || last_epoch_ % step_size_ != 0) return lr;
  return lr * gamma_;
}

MultiStepLr::MultiStepLr(const std::vector<int64_t>& milestones, double gamma)
    : gamma_(gamma) {
  for (int64_t milestone : milestones) ++milestones_[milestone];
}

double MultiStepLr::NextLr(size_t i, bool) const {
  const double lr = groups()[i].lr;
  auto found = milestones_.find(last_epoch_);
  if (found == milestones_.end()) return lr;
  return lr * std::pow(gamma_, found->second);
}

double MultiStepLr::RestartLr(size_t i) const {
  auto found = milestones_.find(0);
  const int passed = found == milestones_.end() ? 0 : found->second;
  return base_lrs_[i] * std::pow(gamma_, passed);
}

double ExponentialLr::NextLr(size_t i, bool initial) const {
  return initial ? groups()[i].lr : groups()[i].lr * gamma_;
}

double ConstantLr::NextLr(size_t i, bool) const {
  const double lr = groups()[i].lr;
  if (last_epoch_ == 0) return lr * factor_;
  if (last_epoch_ != total_iters_) return lr;
  return lr * (1.0 / factor_);
}

double ConstantLr::RestartLr(size_t i) const {
  const double over = total_iters_ <= 0 ? 1.0 : 0.0;
  return base_lrs_[i] * (factor_ + over * (1.0 - factor_));
}

double LinearLr::NextLr(size_t i, bool initial) const {
  const double lr = groups()[i].lr;
  if (last_epoch_ == 0) return lr * start_;
  if (initial || last_epoch_ > total_iters_) return lr;
  const double slope = end_ - start_;
  return lr * (1.0 + slope / (static_cast<double>(total_iters_) * start_ +
                              static_cast<double>(last_epoch_ - 1) * slope));
}

double LinearLr::RestartLr(size_t i) const { return base_lrs_[i] * start_; }

std::string LinearLr::NoRestart() const {
  return total_iters_ > 0 ? "" : "its total_iters is 0";
}

double PolynomialLr::NextLr(size_t i, bool initial) const {
  const double lr = groups()[i].lr;
  if (initial || last_epoch_ > total_iters_) return lr;
  const double total = static_cast<double>(total_iters_);
  const double epoch = static_cast<double>(last_epoch_);
  return lr *
         std::pow((1.0 - epoch / total) / (1.0 - (epoch - 1) / total), power_);
}

std::string PolynomialLr::NoRestart() const {
  return total_iters_ > 0 ? "" : "its total_iters is 0";
}

double CosineAnnealingLr::NextLr(size_t i, bool initial) const {
  const double lr = groups()[i].lr;
  if (initial) return lr;
  const double t_max = static_cast<double>(t_max_);
  if ((last_epoch_ - 1 - t_max_) % (2 * t_max_) == 0) {
    // The step up from the bottom, where the ratio below would divide by zero.
    return lr + (base_lrs_[i] - eta_min_) * (1 - std::cos(M_PI / t_max)) / 2;
  }
  const double now = std::cos(M_PI * static_cast<double>(last_epoch_) / t_max);
  const double before =
      std::cos(M_PI * static_cast<double>(last_epoch_ - 1) / t_max);
  return (1 + now) / (1 + before) * (lr - eta_min_) + eta_min_;
}

double CosineAnnealingLr::RestartLr(size_t i) const {
  return eta_min_ + (base_lrs_[i] - eta_min_) * (1 + std::cos(0.0)) / 2;
}

absl::Status CosineAnnealingWarmRestarts::Advance(bool initial) {
  if (last_epoch_ < 0) {
    last_epoch_ = -1;
    current_ = 0;
    length_ = t_0_;
  } else if (++current_ >= length_) {
    current_ %= length_;
    length_ *= t_mult_;
  }
  return LrScheduler::Advance(initial);
}

double CosineAnnealingWarmRestarts::NextLr(size_t i, bool) const {
  return eta_min_ + (base_lrs_[i] - eta_min_) *
                        (1 + std::cos(M_PI * static_cast<double>(current_) /
                                      static_cast<double>(length_))) /
                        2;
}

LrSchedulerState CosineAnnealingWarmRestarts::Save() const {
  LrSchedulerState state = LrScheduler::Save();
  state.values = {static_cast<double>(current_), static_cast<double>(length_)};
  return state;
}

absl::Status CosineAnnealingWarmRestarts::Load(const LrSchedulerState& state) {
  FTS_RETURN_IF_ERROR(CheckValues(state, 2));
  FTS_RETURN_IF_ERROR(LrScheduler::Load(state));
  current_ = static_cast<int64_t>(state.values[0]);
  length_ = static_cast<int64_t>(state.values[1]);
  return absl::OkStatus();
}

}  // namespace fts::optim
