// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Optimizer groups: what shares a learning rate. Free of torch, so that the
// learning-rate schedulers are too.
// Threads: values.

#ifndef FTS_CORE_OPTIM_GROUP_H_
#define FTS_CORE_OPTIM_GROUP_H_

#include <memory>
#include <string>
#include <vector>

namespace fts::optim {

class FlatParameter;

// Which extents of its flat parameters a group takes.
enum class ExtentClass { kAll, kDecay, kNoDecay };

struct GroupOptions {
  std::string name;  // shown in messages and checkpoints, such as "phase 1"
  double lr = 0;
  double weight_decay = 0;
  ExtentClass extents = ExtentClass::kAll;
};

struct Group {
  std::string name;
  double lr = 0;          // the rate of the next step; schedulers write it
  double initial_lr = 0;  // the rate it was added with
  double weight_decay = 0;
  ExtentClass extents = ExtentClass::kAll;
  std::vector<std::shared_ptr<FlatParameter>> members;
};

// The rates in order, as `train_step` events print them.
std::vector<double> LearningRates(const std::vector<Group>& groups);

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_GROUP_H_
