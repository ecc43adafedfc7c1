// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/session/unit_casts.h"

#include "fts/core/base/status.h"
#include "fts/core/shard/tensor_util.h"

namespace fts {

absl::StatusOr<UnitCasts> CastsOf(const UnitOptions& unit, at::ScalarType run) {
  UnitCasts casts;
  if (!unit.mp.has_value()) return casts;
  const MpPolicy& policy = *unit.mp;
  // An empty name is a null: no cast.
  if (policy.cast_forward_inputs && policy.param != "") {
    casts.inputs = run;
    if (policy.param.has_value()) {
      FTS_ASSIGN_OR_RETURN(casts.inputs, shard::DtypeFromName(*policy.param));
    }
  }
  if (policy.output.has_value() && policy.output != "") {
    FTS_ASSIGN_OR_RETURN(casts.outputs, shard::DtypeFromName(*policy.output));
  }
  return casts;
}

nn::Tensors CastFloating(nn::Tensors tensors,
                         std::optional<at::ScalarType> dtype) {
  if (!dtype.has_value()) return tensors;
  for (at::Tensor& tensor : tensors) {
    if (tensor.defined() && tensor.is_floating_point()) {
      tensor = tensor.to(*dtype);  // itself where it is that already
    }
  }
  return tensors;
}

}  // namespace fts
