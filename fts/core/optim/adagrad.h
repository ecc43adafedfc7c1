// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Adagrad through PyTorch's fused kernel.
// Threads: as Optimizer.

#ifndef FTS_CORE_OPTIM_ADAGRAD_H_
#define FTS_CORE_OPTIM_ADAGRAD_H_

#include <string>
#include <vector>

#include "fts/core/optim/optimizer.h"

namespace fts::optim {

struct AdagradOptions {
  double lr_decay = 0;
  double initial_accumulator_value = 0;
  double eps = 1e-10;
  bool maximize = false;
};

class FlatAdagrad : public Optimizer {
 public:
  explicit FlatAdagrad(AdagradOptions options = {}) : options_(options) {}
  std::string name() const override { return "Adagrad"; }

 protected:
  std::vector<std::string> StateNames() const override { return {"sum"}; }
  double InitialState() const override {
    return options_.initial_accumulator_value;
  }
  void Update(const Group& group, const Run& run) override;

 private:
  AdagradOptions options_;
};

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_ADAGRAD_H_
