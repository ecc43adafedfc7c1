// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Stochastic gradient descent with momentum, through PyTorch's fused kernel.
// Threads: as Optimizer.

#ifndef FTS_CORE_OPTIM_SGD_H_
#define FTS_CORE_OPTIM_SGD_H_

#include <string>
#include <vector>

#include "fts/core/optim/optimizer.h"

namespace fts::optim {

struct SgdOptions {
  double momentum = 0;
  double dampening = 0;
  bool nesterov = false;  // needs momentum > 0 and dampening = 0
  bool maximize = false;
};

// Holds state only with momentum.
class FlatSgd : public Optimizer {
 public:
  explicit FlatSgd(SgdOptions options = {}) : options_(options) {}
  std::string name() const override { return "SGD"; }

 protected:
  std::vector<std::string> StateNames() const override;
  void Update(const Group& group, const Run& run) override;

 private:
  SgdOptions options_;
};

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_SGD_H_
