// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/optimizer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/scalar_tensor.h>

#include <algorithm>
#include <atomic>
#include <unordered_set>
#include <utility>

#include "fts/core/base/status.h"

namespace fts::optim {
namespace {

bool Takes(const Group& group, const Extent& extent) {
  if (group.extents != ExtentClass::kAll &&
      (group.extents == ExtentClass::kDecay) != extent.decay) {
    return false;
  }
  if (!group.parameters.has_value()) return true;
  const auto index = static_cast<size_t>(extent.param_index);
  return index < group.parameters->size() && (*group.parameters)[index];
}

bool IsUsed(const UsedMask& used, const Extent& extent) {
  const auto index = static_cast<size_t>(extent.param_index);
  return index >= used.size() || used[index];
}

std::string GroupName(const std::string& name) {
  return "optimizer group '" + name + "'";
}

uint64_t NewBirth() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

}  // namespace

Optimizer::~Optimizer() = default;

absl::Status Optimizer::CheckMember(
    const Group& group, const std::shared_ptr<FlatParameter>& member,
    int index) const {
  const std::string where =
      GroupName(group.name) + ": member " + std::to_string(index);
  if (member == nullptr) {
    return absl::InvalidArgumentError(where + " is null");
  }
  const at::Tensor value = member->value();
  if (!value.defined() || value.dim() != 1 || !value.is_contiguous() ||
      !value.is_floating_point()) {
    return absl::InvalidArgumentError(
        where + ": its value must be a contiguous 1-D floating-point tensor");
  }
  int64_t last = 0;
  for (const Extent& extent : member->extents()) {
    if (extent.begin < last || extent.end < extent.begin ||
        extent.end > value.numel() || extent.param_index < 0) {
      return absl::InvalidArgumentError(
          where + ": extent [" + std::to_string(extent.begin) + ", " +
          std::to_string(extent.end) + ") of parameter " +
          std::to_string(extent.param_index) +
          " is out of order or bounds; the tensor has " +
          std::to_string(value.numel()) + " elements");
    }
    last = extent.end;
  }
  auto known = state_.find(member.get());
  if (known == state_.end()) return absl::OkStatus();
  for (size_t i = 0; i < member->extents().size(); ++i) {
    const Extent& extent = member->extents()[i];
    const int owner = known->second.owner[i];
    if (owner >= 0 && Takes(group, extent)) {
      return absl::InvalidArgumentError(
          where + ": parameter " + std::to_string(extent.param_index) +
          " is in " + GroupName(groups_[owner].name) + " already");
    }
  }
  return absl::OkStatus();
}

absl::Status Optimizer::CheckMembers(const Group& group,
                                     const Members& members) const {
  std::unordered_set<const FlatParameter*> seen;
  for (size_t i = 0; i < members.size(); ++i) {
    FTS_RETURN_IF_ERROR(CheckMember(group, members[i], static_cast<int>(i)));
    if (!seen.insert(members[i].get()).second) {
      return absl::InvalidArgumentError(GroupName(group.name) + ": member " +
                                        std::to_string(i) + " is listed twice");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<int> Optimizer::AddGroup(const GroupOptions& options,
                                        Members members) {
  if (!(options.lr >= 0) || !(options.weight_decay >= 0)) {
    return absl::InvalidArgumentError(
        GroupName(options.name) + ": lr " + std::to_string(options.lr) +
        " and weight_decay " + std::to_string(options.weight_decay) +
        " must not be negative");
  }
  Group group{
      options.name,    options.lr,         options.lr, options.weight_decay,
      options.extents, options.parameters, {}};
  FTS_RETURN_IF_ERROR(CheckMembers(group, members));
  const int index = static_cast<int>(groups_.size());
  groups_.push_back(std::move(group));
  TakeIn(index, std::move(members));
  return index;
}

absl::Status Optimizer::ExtendGroup(int index, Members members) {
  if (index < 0 || index >= static_cast<int>(groups_.size())) {
    return absl::InvalidArgumentError("there is no optimizer group " +
                                      std::to_string(index) + "; there are " +
                                      std::to_string(groups_.size()));
  }
  FTS_RETURN_IF_ERROR(CheckMembers(groups_[index], members));
  TakeIn(index, std::move(members));
  return absl::OkStatus();
}

void Optimizer::TakeIn(int index, Members members) {
  Group& group = groups_[index];
  at::NoGradGuard no_grad;
  const size_t num_moments = StateNames().size();
  for (std::shared_ptr<FlatParameter>& member : members) {
    State& state = state_[member.get()];
    const std::vector<Extent>& extents = member->extents();
    if (state.birth == 0) {
      state.birth = NewBirth();
      state.owner.assign(extents.size(), -1);
      state.steps.assign(extents.size(), 0);
      for (size_t m = 0; m < num_moments; ++m) {
        state.moments.push_back(at::full_like(member->value(), InitialState()));
      }
    }
    for (size_t i = 0; i < extents.size(); ++i) {
      if (Takes(group, extents[i])) state.owner[i] = index;
    }
    group.members.push_back(std::move(member));
  }
}

void Optimizer::Remove(const std::vector<const FlatParameter*>& members) {
  std::unordered_set<const FlatParameter*> gone;
  for (const FlatParameter* member : members) {
    if (state_.erase(member) > 0) gone.insert(member);
  }
  if (gone.empty()) return;
  for (Group& group : groups_) {
    Members& old = group.members;
    old.erase(std::remove_if(old.begin(), old.end(),
                             [&](const std::shared_ptr<FlatParameter>& member) {
                               return gone.count(member.get()) > 0;
                             }),
              old.end());
  }
}

at::Tensor Optimizer::StepNumber(const Run& run) {
  return at::scalar_tensor(static_cast<double>(run.step + 1),
                           run.value.options().dtype(at::kFloat));
}

absl::Status Optimizer::Step(const UsedMask& used) {
  last_step_calls_ = 0;
  summed_squared_norm_ = 0;
  at::NoGradGuard no_grad;
  try {
    for (size_t g = 0; g < groups_.size(); ++g) {
      for (const auto& member : groups_[g].members) {
        FTS_RETURN_IF_ERROR(StepMember(static_cast<int>(g), *member, used));
      }
    }
  } catch (const std::exception& error) {
    return absl::InternalError(name() + " step: " + error.what());
  }
  return absl::OkStatus();
}

absl::Status Optimizer::StepMember(int group_index, FlatParameter& flat,
                                   const UsedMask& used) {
  const std::vector<at::Tensor> parts =
      sums_gradients() ? flat.gradient_parts() : std::vector<at::Tensor>();
  const at::Tensor grad = parts.empty() ? flat.grad() : parts[0];
  if (!grad.defined()) return absl::OkStatus();
  const at::Tensor value = flat.value();
  const Group& group = groups_[group_index];
  if (grad.sizes() != value.sizes() ||
      grad.scalar_type() != value.scalar_type()) {
    return absl::InvalidArgumentError(
        GroupName(group.name) + ": a gradient is " +
        std::string(c10::toString(grad.scalar_type())) + " of " +
        std::to_string(grad.numel()) + " elements, its value " +
        std::string(c10::toString(value.scalar_type())) + " of " +
        std::to_string(value.numel()));
  }
  State& state = state_.at(&flat);
  const std::vector<Extent>& extents = flat.extents();
  auto in_run = [&](size_t i) {
    return state.owner[i] == group_index && IsUsed(used, extents[i]);
  };
  size_t i = 0;
  while (i < extents.size()) {
    if (extents[i].begin == extents[i].end || !in_run(i)) {
      ++i;
      continue;
    }
    // Grow the run while the next extent touches it and counts as many steps.
    const int64_t begin = extents[i].begin;
    const int64_t step = state.steps[i];
    int64_t end = begin;
    for (; i < extents.size(); ++i) {
      if (extents[i].begin == extents[i].end) continue;
      if (extents[i].begin != end || !in_run(i) || state.steps[i] != step) {
        break;
      }
      end = extents[i].end;
      ++state.steps[i];
    }
    const bool whole = begin == 0 && end == value.numel();
    auto part = [&](const at::Tensor& tensor) {
      return whole ? tensor : tensor.narrow(0, begin, end - begin);
    };
    Run run;
    run.value = part(value);
    if (parts.empty()) run.grad = part(grad);
    for (const at::Tensor& of_rank : parts) run.parts.push_back(part(of_rank));
    for (const at::Tensor& moment : state.moments) {
      run.moments.push_back(part(moment));
    }
    run.step = step;
    Update(group, run);
    ++last_step_calls_;
  }
  return absl::OkStatus();
}

}  // namespace fts::optim
