// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The end of a step whose weights and gradients stand in memory that the ranks
// share: see [Note: the step in the bound form] in fts/core/shard/engine.h.
#include <ATen/ops/scalar_tensor.h>

#include <cmath>

#include "fts/core/base/status.h"
#include "fts/core/optim/clip.h"
#include "fts/core/session/session.h"

namespace fts {

absl::Status Session::UpdateBound(double local_loss, StepResult* result) {
  const double clock =
      options_.clock && ranks_.rank() == 0 ? options_.clock() : 0;
  FTS_ASSIGN_OR_RETURN(shard::StepSummary summary,
                       engine_->MeetBound(local_loss, clock));
  if (!std::isfinite(summary.loss)) return NotFinite(summary, local_loss);
  result->loss = summary.loss;
  result->lr = optim::LearningRates(optimizer().groups());
  const optim::FlatParameters flats(optimization_->flats().begin(),
                                    optimization_->flats().end());
  const auto clip = optimization_->clip_grad_norm(driver_->phase());
  // Parts are summed by the optimizer in passing, unless something must be
  // known of the sum before, or it cannot.
  const bool in_passing =
      !clip.has_value() && optimization_->optimizer().sums_gradients();
  double squared = 0;
  if (!in_passing) {
    engine_->SumBound();
    squared = optim::LocalSquaredNorm(flats).item<double>();
  }
  if (clip.has_value()) {
    FTS_ASSIGN_OR_RETURN(const double total, engine_->ShareNorm(squared));
    summary.grad_norm = std::sqrt(total);
    if (!std::isfinite(total)) return NotFinite(summary, local_loss);
    const at::Tensor norm = at::scalar_tensor(summary.grad_norm, at::kDouble);
    optim::ScaleGradients(flats, optim::ClipCoefficient(norm, *clip));
  }
  engine_->BeginUpdate();
  FTS_RETURN_IF_ERROR(optimization_->optimizer().Step(summary.used));
  if (in_passing) squared = optimization_->optimizer().summed_squared_norm();
  FTS_ASSIGN_OR_RETURN(const double total, engine_->EndUpdate(squared));
  if (!std::isfinite(total)) {
    // No rank writes gradients before all have come to tell.
    engine_->SumBound();
    summary.grad_norm = std::sqrt(total);
    return NotFinite(summary, local_loss, /*updated=*/true);
  }
  result->grad_norm = clip.has_value() ? summary.grad_norm : std::sqrt(total);
  engine_->FinishStep();
  if (options_.clock) seconds_ = summary.seconds;
  return absl::OkStatus();
}

}  // namespace fts
