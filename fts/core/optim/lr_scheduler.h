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

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/optim/group.h"

namespace fts::optim {

// Whether a scheduler with this `frequency` steps after epoch `index`, or after
// step `index` of its epoch (both from 0): Lightning's rule.
constexpr bool LrStepIsDue(int64_t index, int64_t frequency) {
  return (index + 1) % frequency == 0;
}

// What a checkpoint holds of a scheduler; the classes that need more than
// last_epoch say what `values` holds.
struct LrSchedulerState {
  int64_t last_epoch = 0;
  std::vector<double> base_lrs;
  std::vector<double> values;
  std::vector<LrSchedulerState> parts;  // of SequentialLR and ChainedScheduler
};

// [Note: groups added while training]
//
// A group added at a thaw starts at its own rate; steps made before it came are
// not applied to it, and later ones multiply it as they do the others. Its base
// rate is its initial_lr. Call OnGroupsAdded after Optimizer::AddGroup. With
// `apply_lambdas` its rate and initial_lr are multiplied by what the last
// lr_lambda says of the present epoch, once; its base rate is not: FTS's
// apply_lambdas_new_pgs.
class LrScheduler {
 public:
  virtual ~LrScheduler() = default;
  LrScheduler(const LrScheduler&) = delete;
  LrScheduler& operator=(const LrScheduler&) = delete;

  // PyTorch's class name: "StepLR", …
  virtual std::string name() const = 0;

  // Whether it can drive that many groups when it is attached; false for lists
  // (min_lr, lr_lambda) of another length. Needs no groups: set-up asks too.
  // Errors: INVALID_ARGUMENT.
  virtual absl::Status CheckGroupCount(size_t num_groups) const;

  // Applies the initial step: some schedulers change the rates at once. Call
  // once, when the first groups are in. `groups` outlives the scheduler.
  // Errors: as CheckGroupCount and Step.
  absl::Status Attach(std::vector<Group>* groups);

  // Takes in groups that were added at the end of the list.
  // Errors: as Step, with apply_lambdas.
  absl::Status OnGroupsAdded(bool apply_lambdas = false);

  // Goes on with another optimizer's groups: as many, in the same order.
  virtual void Rebind(std::vector<Group>* groups) { groups_ = groups; }

  // True for ReduceLROnPlateau, which is stepped by StepMetric after each
  // validation, whatever its interval.
  virtual bool needs_metric() const { return false; }
  // True for LambdaLR and MultiplicativeLR, and what holds one.
  virtual bool has_lambdas() const { return false; }

  // One step, of whatever length the caller's interval has.
  // Errors: FAILED_PRECONDITION for ReduceLROnPlateau; INVALID_ARGUMENT when an
  // lr_lambda has no usable value there: the run cannot go on.
  absl::Status Step();
  virtual absl::Status StepMetric(double metric);

  int64_t last_epoch() const { return last_epoch_; }
  const std::vector<double>& base_lrs() const { return base_lrs_; }

  virtual LrSchedulerState Save() const;
  // Puts the counters back; the groups' rates are the caller's.
  // Errors: INVALID_ARGUMENT when the state is another class's.
  virtual absl::Status Load(const LrSchedulerState& state);

 protected:
  LrScheduler() = default;
  friend class CompositeLr;  // drives its parts through what follows

  // The new rate of group i at last_epoch(). `initial` marks Attach.
  virtual double NextLr(size_t i, bool initial) const = 0;
  // The rate of group i at epoch 0 of a part that SequentialLR begins.
  virtual double RestartLr(size_t i) const { return base_lrs_[i]; }

  // PyTorch's class protocol. Construct: base rates and the initial step.
  virtual absl::Status Construct();
  // step(), also the initial one.
  virtual absl::Status Advance(bool initial);
  // _update_lr(0): SequentialLR's way to begin a part at its milestone.
  virtual absl::Status Restart();
  // Takes back the counting of one step, not what it did to the rates.
  virtual void Undo() { --last_epoch_; }
  // Why SequentialLR cannot begin it at a milestone; "" when it can.
  virtual std::string NoRestart() const { return ""; }

  // Records the groups from `first_new` on.
  virtual void TakeIn(size_t first_new);
  // What apply_lambdas multiplies a new group's rate by.
  virtual absl::StatusOr<double> NewGroupFactor() const { return 1.0; }

  void SetRates(const std::vector<double>& rates);
  absl::Status CheckValues(const LrSchedulerState& state, size_t least) const;
  std::vector<Group>& groups() const { return *groups_; }

  int64_t last_epoch_ = -1;
  std::vector<double> base_lrs_;

 private:
  std::vector<Group>* groups_ = nullptr;
};

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_LR_SCHEDULER_H_
