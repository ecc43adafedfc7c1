// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/composite_lr.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"

namespace fts::optim {

std::string CompositeLr::WhyNot(const LrScheduler& part, bool at_milestone) {
  if (part.needs_metric()) {
    return "it is stepped with a metric, which only works on its own, as in "
           "PyTorch";
  }
  return at_milestone ? part.NoRestart() : "";
}

absl::Status CompositeLr::CheckGroupCount(size_t num_groups) const {
  for (const auto& part : parts_) {
    FTS_RETURN_IF_ERROR(part->CheckGroupCount(num_groups));
  }
  return absl::OkStatus();
}

void CompositeLr::Rebind(std::vector<Group>* groups) {
  LrScheduler::Rebind(groups);
  for (const auto& part : parts_) part->Rebind(groups);
}

bool CompositeLr::has_lambdas() const {
  return std::any_of(parts_.begin(), parts_.end(),
                     [](const auto& part) { return part->has_lambdas(); });
}

absl::Status CompositeLr::Construct() {
  LrScheduler::TakeIn(0);
  for (const auto& part : parts_) FTS_RETURN_IF_ERROR(part->Construct());
  last_epoch_ = 0;
  return absl::OkStatus();
}

void CompositeLr::Undo() {
  for (const auto& part : parts_) part->Undo();
}

void CompositeLr::TakeIn(size_t first_new) {
  LrScheduler::TakeIn(first_new);
  for (const auto& part : parts_) part->TakeIn(first_new);
}

std::string CompositeLr::NoRestart() const {
  return "PyTorch cannot begin one of these at a milestone; name it first, or "
         "list what it holds";
}

absl::Status CompositeLr::AdvancePart(size_t part, bool initial) {
  return parts_[part]->Advance(initial);
}

absl::Status CompositeLr::RestartPart(size_t part) {
  return parts_[part]->Restart();
}

absl::StatusOr<double> CompositeLr::FactorOfPart(size_t part) const {
  return parts_[part]->NewGroupFactor();
}

LrSchedulerState CompositeLr::Save() const {
  LrSchedulerState state = LrScheduler::Save();
  for (const auto& part : parts_) state.parts.push_back(part->Save());
  return state;
}

absl::Status CompositeLr::Load(const LrSchedulerState& state) {
  if (state.parts.size() != parts_.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(name(), ": the saved state has ", state.parts.size(),
                     " schedulers, this one ", parts_.size(),
                     "; it is another scheduler's"));
  }
  FTS_RETURN_IF_ERROR(LrScheduler::Load(state));
  for (size_t i = 0; i < parts_.size(); ++i) {
    FTS_RETURN_IF_ERROR(parts_[i]->Load(state.parts[i]));
  }
  return absl::OkStatus();
}

absl::Status SequentialLr::Construct() {
  FTS_RETURN_IF_ERROR(CompositeLr::Construct());
  for (Group& group : groups()) group.lr = group.initial_lr;
  Undo();
  return AdvancePart(0, /*initial=*/true);
}

size_t SequentialLr::PartInForce() const {
  return static_cast<size_t>(
      std::upper_bound(milestones_.begin(), milestones_.end(), last_epoch_) -
      milestones_.begin());
}

absl::Status SequentialLr::Advance(bool) {
  ++last_epoch_;
  const size_t part = PartInForce();
  if (part > 0 && milestones_[part - 1] == last_epoch_) {
    return RestartPart(part);
  }
  return AdvancePart(part, /*initial=*/false);
}

absl::StatusOr<double> SequentialLr::NewGroupFactor() const {
  return FactorOfPart(PartInForce());
}

absl::Status ChainedLr::Advance(bool) {
  ++last_epoch_;
  for (size_t i = 0; i < num_parts(); ++i) {
    FTS_RETURN_IF_ERROR(AdvancePart(i, /*initial=*/false));
  }
  return absl::OkStatus();
}

absl::StatusOr<double> ChainedLr::NewGroupFactor() const {
  double product = 1;
  for (size_t i = 0; i < num_parts(); ++i) {
    FTS_ASSIGN_OR_RETURN(const double factor, FactorOfPart(i));
    product *= factor;
  }
  return product;
}

}  // namespace fts::optim
