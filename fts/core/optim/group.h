// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Optimizer groups: what shares a learning rate. Free of torch, so that the
// learning-rate schedulers are too.
// Threads: values.

#ifndef FTS_CORE_OPTIM_GROUP_H_
#define FTS_CORE_OPTIM_GROUP_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fts::optim {

class FlatParameter;

// Which extents of its flat parameters a group takes.
enum class ExtentClass { kAll, kDecay, kNoDecay };

// A set of parameters by Extent::param_index; indices past the end are not in
// it. Absent: all parameters.
using ParameterSet = std::optional<std::vector<bool>>;

struct GroupOptions {
  // Shown to users in messages and checkpoints: "phase 1", "phase 1 no_decay",
  // "phase 1 model.layers.3".
  std::string name;
  double lr = 0;
  double weight_decay = 0;
  // The group takes the extents that are in both.
  ExtentClass extents = ExtentClass::kAll;
  ParameterSet parameters = std::nullopt;
};

struct Group {
  std::string name;
  double lr = 0;          // the rate of the next step; schedulers write it
  double initial_lr = 0;  // the rate it was added with, or a later base rate
  double weight_decay = 0;
  ExtentClass extents = ExtentClass::kAll;
  ParameterSet parameters = std::nullopt;
  // Empty once a freeze took them out: the group keeps its place, so that lists
  // of rates keep their order.
  std::vector<std::shared_ptr<FlatParameter>> members;
};

// The rates in order, as `train_step` events print them.
std::vector<double> LearningRates(const std::vector<Group>& groups);

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_GROUP_H_
