// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// LambdaLR and MultiplicativeLR: rates times what expressions say of the epoch.
// Threads: as LrScheduler.

#ifndef FTS_CORE_OPTIM_LAMBDA_LR_H_
#define FTS_CORE_OPTIM_LAMBDA_LR_H_

#include <string>
#include <vector>

#include "fts/core/optim/expression.h"
#include "fts/core/optim/lr_scheduler.h"

namespace fts::optim {

// The common part. A factor that fails, is not finite or is negative is an
// error that names the epoch; PyTorch would go on with such a rate.
class LambdaBase : public LrScheduler {
 public:
  // One for all groups, or one per group that is there at Attach; groups added
  // later take the last.
  explicit LambdaBase(std::vector<Expression> lambdas)
      : lambdas_(std::move(lambdas)) {}

  absl::Status CheckGroupCount(size_t num_groups) const override;
  bool has_lambdas() const override { return true; }

  // The factor of group i (present or to come) at that epoch.
  absl::StatusOr<double> Factor(size_t i, int64_t epoch) const;

 protected:
  // The rate that the factor is applied to.
  virtual double BaseOf(size_t i) const = 0;
  // Whether the initial step, at epoch 0, applies the factor too.
  virtual bool applies_at_start() const = 0;

  absl::Status Advance(bool initial) override;
  absl::Status Restart() override { return MoveTo(0); }
  double NextLr(size_t i, bool) const override { return groups()[i].lr; }
  absl::StatusOr<double> NewGroupFactor() const override;

  absl::Status MoveTo(int64_t epoch);

 private:
  std::vector<Expression> lambdas_;
};

// The base rate times the factor.
class LambdaLr : public LambdaBase {
 public:
  using LambdaBase::LambdaBase;
  std::string name() const override { return "LambdaLR"; }

 protected:
  double BaseOf(size_t i) const override { return base_lrs_[i]; }
  bool applies_at_start() const override { return true; }
};

// The present rate times the factor; the initial step changes nothing.
class MultiplicativeLr : public LambdaBase {
 public:
  using LambdaBase::LambdaBase;
  std::string name() const override { return "MultiplicativeLR"; }

 protected:
  double BaseOf(size_t i) const override { return groups()[i].lr; }
  bool applies_at_start() const override { return false; }
};

}  // namespace fts::optim

#endif  // FTS_CORE_OPTIM_LAMBDA_LR_H_
