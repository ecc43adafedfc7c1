// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// AdamW and Adam through PyTorch's fused kernels.
// Threads: as Optimizer.

#ifndef FTS_CORE_OPTIM_ADAM_H_
#define FTS_CORE_OPTIM_ADAM_H_

#include <string>
#include <vector>

#include "fts/core/optim/optimizer.h"

namespace fts::optim {

struct AdamOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  bool amsgrad = false;  // one more state tensor
  bool maximize = false;
};

// Weight decay applied to the values, apart from the gradient.
class FlatAdamW : public Optimizer {
 public:
  explicit FlatAdamW(AdamOptions options = {}) : options_(options) {}
  std::string name() const override { return "AdamW"; }
  // See fused_adamw.h.
  bool sums_gradients() const override;

 protected:
  std::vector<std::string> StateNames() const override;
  void Update(const Group& group, const Run& run) override;

 private:
  void UpdateFromParts(const Group& group, const Run& run);

  AdamOptions options_;
};

// Weight decay added to the gradient.
class FlatAdam : public Optimizer {
 public:
  explicit FlatAdam(AdamOptions options = {}) : options_(options) {}
  std::string name() const override { return "Adam"; }

 protected:
  std::vector<std::string> StateNames() const override;
  void Update(const Group& group, const Run& run) override;

 private:
  AdamOptions options_;
};

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_ADAM_H_
