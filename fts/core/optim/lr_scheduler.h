// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The common part of the learning-rate schedulers: PyTorch's numbers, computed
// step by step from the groups' present rates as PyTorch's chainable form does,
// over groups that may be added on the way. Free of torch.
// Threads: confined to the training thread.

#ifndef FTS_CORE_OPTIM_LR_SCHEDULER_H_
#define FTS_CORE_OPTIM_LR_SCHEDULER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "fts/core/optim/group.h"

namespace fts::optim {

// What a checkpoint holds of a scheduler; the classes that need more than
// last_epoch say what `values` holds.
struct LrSchedulerState {
  int64_t last_epoch = 0;
  std::vector<double> base_lrs;
  std::vector<double> values;
};

// [Note: groups added while training]
//
// A group added at a thaw starts at its own rate; steps made before it came are
// not applied to it, and later ones multiply it as they do the others. Its base
// rate is its initial_lr. Call OnGroupsAdded after Optimizer::AddGroup.
class LrScheduler {
 public:
  virtual ~LrScheduler() = default;
  LrScheduler(const LrScheduler&) = delete;
  LrScheduler& operator=(const LrScheduler&) = delete;

  // PyTorch's class name: "StepLR", …
  virtual std::string name() const = 0;

  // Applies the initial step: some schedulers change the rates at once. Call
  // once, when the first groups are in. `groups` outlives the scheduler.
  void Attach(std::vector<Group>* groups);

  // Takes in groups that were added at the end of the list.
  void OnGroupsAdded();

  // True for ReduceLROnPlateau, which is stepped by StepMetric after each
  // validation, whatever its interval.
  virtual bool needs_metric() const { return false; }

  // One step, of whatever length the caller's interval has.
  void Step();
  virtual void StepMetric(double metric);

  int64_t last_epoch() const { return last_epoch_; }
  const std::vector<double>& base_lrs() const { return base_lrs_; }

  virtual LrSchedulerState Save() const;
  // Puts the counters back; the groups' rates are the caller's.
  virtual void Load(const LrSchedulerState& state);

 protected:
  LrScheduler() = default;

  // Counts one step and writes the groups' rates. `initial` marks Attach.
  virtual void Advance(bool initial);
  // The new rate of group i at last_epoch().
  virtual double NextLr(size_t i, bool initial) const = 0;
  virtual void OnAttached(size_t first_new) { (void)first_new; }

  std::vector<Group>& groups() const { return *groups_; }

  int64_t last_epoch_ = -1;
  std::vector<double> base_lrs_;

 private:
  std::vector<Group>* groups_ = nullptr;
};

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_LR_SCHEDULER_H_
