// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The casts of a unit's mp_policy at the boundary of its module: floating
// inputs to the dtype it computes in, floating outputs to output_dtype. They
// are part of the graph, so gradients come back in the dtype of what was cast,
// and they run again when a recomputation calls the module again.
// Threads: pure functions.
#ifndef FTS_CORE_SESSION_UNIT_CASTS_H_
#define FTS_CORE_SESSION_UNIT_CASTS_H_

#include <ATen/core/Tensor.h>

#include <optional>

#include "absl/status/statusor.h"
#include "fts/core/nn/module.h"
#include "fts/core/plan/plan.h"

namespace fts {

struct UnitCasts {
  std::optional<at::ScalarType> inputs, outputs;  // absent: as they come
};

// `run`: what the run's precision computes in. Without mp_policy nothing is
// cast. Errors: INVALID_ARGUMENT for a name that is no parameter dtype.
absl::StatusOr<UnitCasts> CastsOf(const UnitOptions& unit, at::ScalarType run);

// Every defined floating tensor in `dtype`; the others, and all of them when it
// is absent, untouched.
nn::Tensors CastFloating(nn::Tensors tensors,
                         std::optional<at::ScalarType> dtype);

}  // namespace fts

#endif  // FTS_CORE_SESSION_UNIT_CASTS_H_
