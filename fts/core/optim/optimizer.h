// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Optimizers over flat ranges: groups, per-parameter step counts, state that
// can be saved and put back. The update rules are in adam.h, sgd.h, adagrad.h
// and rms_prop.h.
// Threads: confined to the training thread.

#ifndef FTS_CORE_OPTIM_OPTIMIZER_H_
#define FTS_CORE_OPTIM_OPTIMIZER_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/optim/flat_parameter.h"
#include "fts/core/optim/group.h"

namespace fts::optim {

// By Extent::param_index: whether the parameter had a gradient on any rank this
// step. Empty = all had; indices past the end count as used. Must be the same
// on all ranks.
using UsedMask = std::vector<bool>;

// Moments and step counts at one moment, copied to the host. Learning rates are
// not part of it.
struct OptimizerSnapshot {
  struct Entry {
    std::vector<at::Tensor> moments;  // host copies, one per state tensor
    std::vector<int64_t> steps;       // one per extent
    uint64_t birth = 0;  // which life of the member's state this was
  };
  std::unordered_map<const FlatParameter*, Entry> entries;

  int64_t bytes() const;
};

// [Note: unused parameters and step counts]
//
// As in PyTorch, a parameter without a gradient is left alone entirely: no
// decay, no momentum, and its step count stays behind the others'. So an update
// runs once per contiguous run of used parameters with equal counts; normally
// that is one call per flat tensor and group.
class Optimizer {
 public:
  virtual ~Optimizer();
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  // PyTorch's class name: "AdamW", "SGD", …
  virtual std::string name() const = 0;

  // Adds a group and allocates its state (on the values' device); its
  // initial_lr is its lr. Returns its index. Groups may share a flat parameter
  // when they take different extents of it. A group may be empty.
  // Errors: INVALID_ARGUMENT for a negative lr or weight_decay, a null member,
  // extents that another group has, or extents out of order or bounds. Then
  // nothing changed.
  absl::StatusOr<int> AddGroup(
      const GroupOptions& options,
      std::vector<std::shared_ptr<FlatParameter>> members);

  // Adds members to an existing group, which takes the extents it was made for.
  // Errors: as AddGroup; INVALID_ARGUMENT when there is no such group.
  absl::Status ExtendGroup(int index,
                           std::vector<std::shared_ptr<FlatParameter>> members);

  // Takes flat parameters out of all their groups and frees their state; those
  // that are in no group are skipped. Added again later they start afresh.
  void Remove(const std::vector<const FlatParameter*>& members);

  const std::vector<Group>& groups() const { return groups_; }
  // For learning-rate schedulers; the pointer stays valid.
  std::vector<Group>* mutable_groups() { return &groups_; }

  // Updates the values from the gradients. Does not clear gradients.
  // Errors: INVALID_ARGUMENT when a gradient's size or dtype is not its
  // value's; whatever torch throws comes back as INTERNAL.
  absl::Status Step(const UsedMask& used = {});

  // Whether Step also takes gradients whose parts are not summed yet (see
  // FlatParameter::gradient_parts), in one pass with the update and with the
  // bits of summing them before.
  virtual bool sums_gradients() const { return false; }
  // Of the parts that the last Step summed: the sum's squared norm on this
  // rank.
  double summed_squared_norm() const { return summed_squared_norm_; }

  // Bytes of moments held by this rank.
  int64_t StateBytes() const;

  // Fused update calls made by the last Step.
  int64_t last_step_calls() const { return last_step_calls_; }

  // The state tensors of one member by name ("exp_avg", …), for checkpoints.
  // Empty when it is in no group.
  std::vector<std::pair<std::string, at::Tensor>> StateTensors(
      const FlatParameter& flat) const;
  // Its step counts, one per extent.
  std::vector<int64_t> StepCounts(const FlatParameter& flat) const;

  // Copies moments and step counts into *snapshot, reusing its memory where
  // shapes agree.
  void Save(OptimizerSnapshot* snapshot) const;

  // Puts moments and step counts back; groups and learning rates stay. A member
  // added since the snapshot, also one that was removed and came back, starts
  // afresh.
  // Errors: FAILED_PRECONDITION when a member's layout changed since; then
  // nothing was written.
  absl::Status Restore(const OptimizerSnapshot& snapshot);

 protected:
  Optimizer() = default;

  // One contiguous run of elements with equal step counts.
  struct Run {
    at::Tensor value, grad;
    std::vector<at::Tensor> parts;    // instead of grad; see sums_gradients()
    std::vector<at::Tensor> moments;  // in the order of StateNames()
    int64_t step = 0;                 // steps made before this one
  };

  // The number of the step being made, as the fused kernels take it: an fp32
  // scalar on the values' device.
  static at::Tensor StepNumber(const Run& run);

  // The names of the state tensors, each shaped and typed like the value.
  virtual std::vector<std::string> StateNames() const = 0;
  // What state tensors hold before the first step.
  virtual double InitialState() const { return 0; }
  virtual void Update(const Group& group, const Run& run) = 0;
  void AddSquaredNorm(double squared) { summed_squared_norm_ += squared; }

 private:
  struct State {
    std::vector<at::Tensor> moments;
    std::vector<int64_t> steps;  // one per extent
    std::vector<int> owner;      // the group of each extent; -1 = none
    uint64_t birth = 0;          // unique in the process
  };
  using Members = std::vector<std::shared_ptr<FlatParameter>>;

  absl::Status CheckMembers(const Group& group, const Members& members) const;
  absl::Status CheckMember(const Group& group,
                           const std::shared_ptr<FlatParameter>& member,
                           int index) const;
  void TakeIn(int index, Members members);
  absl::Status StepMember(int group_index, FlatParameter& flat,
                          const UsedMask& used);

  std::vector<Group> groups_;
  std::unordered_map<const FlatParameter*, State> state_;
  int64_t last_step_calls_ = 0;
  double summed_squared_norm_ = 0;
};

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_OPTIMIZER_H_
