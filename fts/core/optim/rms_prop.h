// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// RMSprop, by the operations of PyTorch's plain implementation: it has no fused
// kernel. An update needs memory for one or two temporaries of a run's size.
// Threads: as Optimizer.

#ifndef FTS_CORE_OPTIM_RMS_PROP_H_
#define FTS_CORE_OPTIM_RMS_PROP_H_

#include <string>
#include <vector>

#include "fts/core/optim/optimizer.h"

namespace fts::optim {

struct RmsPropOptions {
  double alpha = 0.99;
  double eps = 1e-8;
  double momentum = 0;
  bool centered = false;
  bool maximize = false;
};

// State: square_avg; momentum_buffer with momentum; grad_avg when centered.
class FlatRmsProp : public Optimizer {
 public:
  explicit FlatRmsProp(RmsPropOptions options = {}) : options_(options) {}
  std::string name() const override { return "RMSprop"; }

 protected:
  std::vector<std::string> StateNames() const override;
  void Update(const Group& group, const Run& run) override;

 private:
  RmsPropOptions options_;
};

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_RMS_PROP_H_
