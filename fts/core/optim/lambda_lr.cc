// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/optim/lambda_lr.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "fts/core/base/status.h"

namespace fts::optim {

absl::Status LambdaBase::CheckGroupCount(size_t num_groups) const {
  const size_t listed = lambdas_.size();
  if (listed == 1 || listed == num_groups) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      name(), ": lr_lambda lists ", listed, " expressions, the optimizer has ",
      num_groups, " groups; give one expression, or one per group"));
}

absl::StatusOr<double> LambdaBase::Factor(size_t i, int64_t epoch) const {
  const Expression& lambda = lambdas_[std::min(i, lambdas_.size() - 1)];
  const absl::StatusOr<double> factor = lambda.Evaluate(epoch);
  const std::string start =
      absl::StrCat(name(), ": lr_lambda '", lambda.text(), "' ");
  if (!factor.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(start, "fails at epoch ", epoch, ": ",
                     std::string(factor.status().message()),
                     "; it must have a value at every epoch"));
  }
  if (!std::isfinite(*factor) || *factor < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(start, "is ", *factor, " at epoch ", epoch,
                     "; it must be a finite number of at least 0"));
  }
  return factor;
}

absl::Status LambdaBase::MoveTo(int64_t epoch) {
  std::vector<double> rates(groups().size());
  for (size_t i = 0; i < rates.size(); ++i) {
    FTS_ASSIGN_OR_RETURN(const double factor, Factor(i, epoch));
    rates[i] = BaseOf(i) * factor;
  }
  last_epoch_ = epoch;
  SetRates(rates);
  return absl::OkStatus();
}

absl::Status LambdaBase::Advance(bool initial) {
  if (initial && !applies_at_start()) return LrScheduler::Advance(initial);
  return MoveTo(last_epoch_ + 1);
}

absl::StatusOr<double> LambdaBase::NewGroupFactor() const {
  return Factor(lambdas_.size() - 1, last_epoch_);
}

}  // namespace fts::optim
