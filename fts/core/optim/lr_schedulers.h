// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The learning-rate schedulers that multiply or interpolate rates by the step
// count. Names, keywords and defaults are PyTorch's; ReduceLROnPlateau is in
// reduce_on_plateau.h.
// Threads: as LrScheduler.

#ifndef FTS_CORE_OPTIM_LR_SCHEDULERS_H_
#define FTS_CORE_OPTIM_LR_SCHEDULERS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "fts/core/optim/lr_scheduler.h"

namespace fts::optim {

// Every step_size steps: times gamma.
class StepLr : public LrScheduler {
 public:
  explicit StepLr(int64_t step_size, double gamma = 0.1)
      : step_size_(step_size), gamma_(gamma) {}
  std::string name() const override { return "StepLR"; }

 protected:
  double NextLr(size_t i, bool initial) const override;

 private:
  int64_t step_size_;
  double gamma_;
};

// At each milestone: times gamma, as often as the milestone is listed.
class MultiStepLr : public LrScheduler {
 public:
  explicit MultiStepLr(const std::vector<int64_t>& milestones,
                       double gamma = 0.1);
  std::string name() const override { return "MultiStepLR"; }

 protected:
  double NextLr(size_t i, bool initial) const override;
  double RestartLr(size_t i) const override;

 private:
  std::map<int64_t, int> milestones_;
  double gamma_;
};

// Every step: times gamma.
class ExponentialLr : public LrScheduler {
 public:
  explicit ExponentialLr(double gamma) : gamma_(gamma) {}
  std::string name() const override { return "ExponentialLR"; }

 protected:
  double NextLr(size_t i, bool initial) const override;

 private:
  double gamma_;
};

// Times factor for the first total_iters steps.
class ConstantLr : public LrScheduler {
 public:
  explicit ConstantLr(double factor = 1.0 / 3, int64_t total_iters = 5)
      : factor_(factor), total_iters_(total_iters) {}
  std::string name() const override { return "ConstantLR"; }

 protected:
  double NextLr(size_t i, bool initial) const override;
  double RestartLr(size_t i) const override;

 private:
  double factor_;
  int64_t total_iters_;
};

// From start_factor to end_factor over total_iters steps.
class LinearLr : public LrScheduler {
 public:
  explicit LinearLr(double start_factor = 1.0 / 3, double end_factor = 1.0,
                    int64_t total_iters = 5)
      : start_(start_factor), end_(end_factor), total_iters_(total_iters) {}
  std::string name() const override { return "LinearLR"; }

 protected:
  double NextLr(size_t i, bool initial) const override;
  double RestartLr(size_t i) const override;
  std::string NoRestart() const override;

 private:
  double start_, end_;
  int64_t total_iters_;
};

// To 0 over total_iters steps, as a power of what is left of them.
class PolynomialLr : public LrScheduler {
 public:
  explicit PolynomialLr(int64_t total_iters = 5, double power = 1.0)
      : total_iters_(total_iters), power_(power) {}
  std::string name() const override { return "PolynomialLR"; }

 protected:
  double NextLr(size_t i, bool initial) const override;
  std::string NoRestart() const override;

 private:
  int64_t total_iters_;
  double power_;
};

// Half a cosine from the base rate to eta_min over t_max steps, and back.
class CosineAnnealingLr : public LrScheduler {
 public:
  explicit CosineAnnealingLr(int64_t t_max, double eta_min = 0)
      : t_max_(t_max), eta_min_(eta_min) {}
  std::string name() const override { return "CosineAnnealingLR"; }

 protected:
  double NextLr(size_t i, bool initial) const override;
  double RestartLr(size_t i) const override;

 private:
  int64_t t_max_;
  double eta_min_;
};

// Half a cosine from the base rate to eta_min, again and again, each t_mult
// times as long as the one before. State values: {steps into this one, its
// length}.
class CosineAnnealingWarmRestarts : public LrScheduler {
 public:
  explicit CosineAnnealingWarmRestarts(int64_t t_0, int64_t t_mult = 1,
                                       double eta_min = 0)
      : t_0_(t_0), length_(t_0), t_mult_(t_mult), eta_min_(eta_min) {}
  std::string name() const override { return "CosineAnnealingWarmRestarts"; }

  LrSchedulerState Save() const override;
  absl::Status Load(const LrSchedulerState& state) override;

 protected:
  absl::Status Advance(bool initial) override;
  double NextLr(size_t i, bool initial) const override;
  double RestartLr(size_t i) const override { return NextLr(i, false); }

 private:
  int64_t t_0_;
  int64_t current_ = 0;
  int64_t length_;
  int64_t t_mult_;
  double eta_min_;
};

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_LR_SCHEDULERS_H_
