// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The part of Optimizer that shows, saves and puts back its state.

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <utility>

#include "fts/core/optim/optimizer.h"

namespace fts::optim {
namespace {

int64_t Bytes(const std::vector<at::Tensor>& tensors) {
  int64_t bytes = 0;
  for (const at::Tensor& tensor : tensors) bytes += tensor.nbytes();
  return bytes;
}

}  // namespace

int64_t OptimizerSnapshot::bytes() const {
  int64_t bytes = 0;
  for (const auto& [flat, entry] : entries) bytes += Bytes(entry.moments);
  return bytes;
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
    entry.birth = state.birth;
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
    if (found == snapshot.entries.end() || found->second.birth != state.birth) {
      continue;
    }
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
    const bool known =
        found != snapshot.entries.end() && found->second.birth == state.birth;
    for (size_t m = 0; m < state.moments.size(); ++m) {
      if (known) {
        state.moments[m].copy_(found->second.moments[m]);
      } else {
        state.moments[m].fill_(InitialState());
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
