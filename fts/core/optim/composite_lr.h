// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// SequentialLR and ChainedScheduler: schedulers made of schedulers.
// Threads: as LrScheduler.

#ifndef FTS_CORE_OPTIM_COMPOSITE_LR_H_
#define FTS_CORE_OPTIM_COMPOSITE_LR_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fts/core/optim/lr_scheduler.h"

namespace fts::optim {

// The common part. Groups added on the way are new to every part, also to those
// whose turn has not come.
class CompositeLr : public LrScheduler {
 public:
  using Parts = std::vector<std::unique_ptr<LrScheduler>>;

  // Why a scheduler cannot be a part, in words for messages; "" when it can.
  // `at_milestone`: SequentialLR begins it later.
  static std::string WhyNot(const LrScheduler& part, bool at_milestone);

  absl::Status CheckGroupCount(size_t num_groups) const override;
  void Rebind(std::vector<Group>* groups) override;
  bool has_lambdas() const override;

  // State parts: one per part.
  LrSchedulerState Save() const override;
  absl::Status Load(const LrSchedulerState& state) override;

 protected:
  explicit CompositeLr(Parts parts) : parts_(std::move(parts)) {}

  // Constructs the parts one after another, as PyTorch's user does.
  absl::Status Construct() override;
  // PyTorch takes the step back in the parts alone.
  void Undo() override;
  void TakeIn(size_t first_new) override;
  std::string NoRestart() const override;
  double NextLr(size_t i, bool) const override { return groups()[i].lr; }

  size_t num_parts() const { return parts_.size(); }
  absl::Status AdvancePart(size_t part, bool initial);
  absl::Status RestartPart(size_t part);
  absl::StatusOr<double> FactorOfPart(size_t part) const;

 private:
  Parts parts_;
};

// One part after the other, each from its milestone on. At the milestone a part
// begins from the base rates, where its class has a closed form.
class SequentialLr : public CompositeLr {
 public:
  // Ascending milestones, one fewer than parts.
  SequentialLr(Parts parts, std::vector<int64_t> milestones)
      : CompositeLr(std::move(parts)), milestones_(std::move(milestones)) {}
  std::string name() const override { return "SequentialLR"; }

 protected:
  absl::Status Construct() override;
  absl::Status Advance(bool initial) override;
  absl::StatusOr<double> NewGroupFactor() const override;

 private:
  size_t PartInForce() const;

  std::vector<int64_t> milestones_;
};

// All parts at every step, one on top of the other.
class ChainedLr : public CompositeLr {
 public:
  explicit ChainedLr(Parts parts) : CompositeLr(std::move(parts)) {}
  std::string name() const override { return "ChainedScheduler"; }

 protected:
  absl::Status Advance(bool initial) override;
  absl::StatusOr<double> NewGroupFactor() const override;
};

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_COMPOSITE_LR_H_
