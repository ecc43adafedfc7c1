// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// ReduceLROnPlateau: lowers the rates when a metric has stopped improving.
// Threads: as LrScheduler.

#ifndef FTS_CORE_OPTIM_REDUCE_ON_PLATEAU_H_
#define FTS_CORE_OPTIM_REDUCE_ON_PLATEAU_H_

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "fts/core/optim/lr_scheduler.h"

namespace fts::optim {

struct ReduceOnPlateauOptions {
  bool minimize = true;  // mode: min
  double factor = 0.1;
  int64_t patience = 10;
  double threshold = 1e-4;
  bool relative = true;  // threshold_mode: rel
  int64_t cooldown = 0;
  // One for all groups, or one per group that is there at Attach.
  std::vector<double> min_lr = {0.0};
  double eps = 1e-8;
};

// State values: {best, bad steps, cooldown left, min rate per group…}.
class ReduceOnPlateau : public LrScheduler {
 public:
  explicit ReduceOnPlateau(ReduceOnPlateauOptions options);
  std::string name() const override { return "ReduceLROnPlateau"; }

  bool needs_metric() const override { return true; }
  absl::Status CheckGroupCount(size_t num_groups) const override;
  absl::Status StepMetric(double metric) override;

  // One per group; a group added later takes the first.
  const std::vector<double>& min_lrs() const { return min_lrs_; }

  LrSchedulerState Save() const override;
  absl::Status Load(const LrSchedulerState& state) override;

 protected:
  double NextLr(size_t i, bool initial) const override;
  void TakeIn(size_t first_new) override;

 private:
  bool IsBetter(double metric) const;

  ReduceOnPlateauOptions options_;
  std::vector<double> min_lrs_;
  double best_;
  int64_t bad_ = 0;
  int64_t cooldown_ = 0;
};

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_REDUCE_ON_PLATEAU_H_
