// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/optimizer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <utility>

#include "fts/core/base/status.h"

namespace fts::optim {
namespace {

bool Takes(ExtentClass wanted, const Extent& extent) {
  return wanted == ExtentClass::kAll ||
         (wanted == ExtentClass::kDecay) == extent.decay;
}

bool IsUsed(const UsedMask& used, const Extent& extent) {
  const auto index = static_cast<size_t>(extent.param_index);
  return index >= used.size() || used[index];
}

int64_t Bytes(const std::vector<at::Tensor>& tensors) {
  int64_t bytes = 0;
  for (const at::Tensor& tensor : tensors) bytes += tensor.nbytes();
  return bytes;
}

std::string GroupName(const std::string& name) {
  return "optimizer group '" + name + "'";
}

}  // namespace

int64_t OptimizerSnapshot::bytes() const {
  int64_t bytes = 0;
  for (const auto& [flat, entry] : entries) bytes += Bytes(entry.moments);
  return bytes;
}

Optimizer::~Optimizer() = default;

absl::Status Optimizer::CheckMember(
    const GroupOptions& options, const std::shared_ptr<FlatParameter>& member,
    int index) const {
  const std::string where =
      GroupName(options.name) + ": member " + std::to_string(index);
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
    if (Takes(options.extents, extent) && owner >= 0) {
      return absl::InvalidArgumentError(
          where + ": parameter " + std::to_string(extent.param_index) +
          " is in " + GroupName(groups_[owner].name) + " already");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<int> Optimizer::AddGroup(
    const GroupOptions& options,
    std::vector<std::shared_ptr<FlatParameter>> members) {
  if (!(options.lr >= 0) || !(options.weight_decay >= 0)) {
    return absl::InvalidArgumentError(
        GroupName(options.name) + ": lr " + std::to_string(options.lr) +
        " and weight_decay " + std::to_string(options.weight_decay) +
        " must not be negative");
  }
  for (size_t i = 0; i < members.size(); ++i) {
    FTS_RETURN_IF_ERROR(CheckMember(options, members[i], static_cast<int>(i)));
    if (std::count(members.begin(), members.end(), members[i]) > 1) {
      return absl::InvalidArgumentError(GroupName(options.name) + ": member " +
                                        std::to_string(i) + " is listed twice");
    }
  }
  const int index = static_cast<int>(groups_.size());
  at::NoGradGuard no_grad;
  const size_t num_moments = StateNames().size();
  for (const auto& member : members) {
    State& state = state_[member.get()];
    const std::vector<Extent>& extents = member->extents();
    if (state.owner.empty()) {
      state.owner.assign(extents.size(), -1);
      state.steps.assign(extents.size(), 0);
      for (size_t m = 0; m < num_moments; ++m) {
        state.moments.push_back(at::zeros_like(member->value()));
      }
    }
    for (size_t i = 0; i < extents.size(); ++i) {
      if (Takes(options.extents, extents[i])) state.owner[i] = index;
    }
  }
  groups_.push_back({options.name, options.lr, options.lr, options.weight_decay,
                     options.extents, std::move(members)});
  return index;
}

absl::Status Optimizer::Step(const UsedMask& used) {
  last_step_calls_ = 0;
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
  const at::Tensor grad = flat.grad();
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
    run.grad = part(grad);
    for (const at::Tensor& moment : state.moments) {
      run.moments.push_back(part(moment));
    }
    run.step = step;
    Update(group, run);
    ++last_step_calls_;
  }
  return absl::OkStatus();
}

int64_t Optimizer::StateBytes() const {
  int64_t bytes = 0;
  for (const auto& [flat, state] : state_) bytes += Bytes(state.moments);
  return bytes;
}

std::vector<std::pair<std::string, at::Tensor>> Optimizer::StateTensors(
    const FlatParameter& flat) const {
  std::vector<std::pair<std::string, at::Tensor>> out;
  auto found = state_.find(&flat);
  if (found == state_.end()) return out;
  const std::vector<std::string> names = StateNames();
  for (size_t m = 0; m < names.size(); ++m) {
    out.emplace_back(names[m], found->second.moments[m]);
  }
  return out;
}

std::vector<int64_t> Optimizer::StepCounts(const FlatParameter& flat) const {
  auto found = state_.find(&flat);
  return found == state_.end() ? std::vector<int64_t>{} : found->second.steps;
}

void Optimizer::Save(OptimizerSnapshot* snapshot) const {
  at::NoGradGuard no_grad;
  std::unordered_map<const FlatParameter*, OptimizerSnapshot::Entry> old;
  old.swap(snapshot->entries);
  for (const auto& [flat, state] : state_) {
    OptimizerSnapshot::Entry& entry = snapshot->entries[flat];
    auto reusable = old.find(flat);
    if (reusable != old.end()) entry = std::move(reusable->second);
    entry.steps = state.steps;
    entry.moments.resize(state.moments.size());
    for (size_t m = 0; m < state.moments.size(); ++m) {
      const at::Tensor& moment = state.moments[m];
      at::Tensor& copy = entry.moments[m];
      if (!copy.defined() || copy.sizes() != moment.sizes() ||
          copy.scalar_type() != moment.scalar_type()) {
        copy = at::empty_like(moment, at::TensorOptions(at::kCPU));
      }
      copy.copy_(moment);
    }
  }
}

absl::Status Optimizer::Restore(const OptimizerSnapshot& snapshot) {
  at::NoGradGuard no_grad;
  for (const auto& [flat, state] : state_) {
    auto found = snapshot.entries.find(flat);
    if (found == snapshot.entries.end()) continue;
    const auto& entry = found->second;
    bool same = entry.steps.size() == state.steps.size() &&
                entry.moments.size() == state.moments.size();
    for (size_t m = 0; same && m < state.moments.size(); ++m) {
      same = entry.moments[m].sizes() == state.moments[m].sizes();
    }
    if (!same) {
      return absl::FailedPreconditionError(
          name() +
          ": the snapshot's layout is not the optimizer's any more; take a new "
          "one after a change of layout");
    }
  }
  for (auto& [flat, state] : state_) {
    auto found = snapshot.entries.find(flat);
    const bool known = found != snapshot.entries.end();
    for (size_t m = 0; m < state.moments.size(); ++m) {
      if (known) {
        state.moments[m].copy_(found->second.moments[m]);
      } else {
        state.moments[m].zero_();
      }
    }
    if (known) {
      state.steps = found->second.steps;
    } else {
      std::fill(state.steps.begin(), state.steps.end(), 0);
    }
  }
  return absl::OkStatus();
}

}  // namespace fts::optim
