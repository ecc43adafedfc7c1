// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0

#include "fts/core/nn/parameter_source.h"

#include <ATen/core/grad_mode.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fts/core/base/status.h"

namespace fts::nn {

ParameterSource::~ParameterSource() = default;

absl::Status ParameterSource::CheckRange(const std::string& name, int64_t begin,
                                         int64_t end,
                                         const at::Tensor& dst) const {
  const Info* info = Find(name);
  if (info == nullptr) {
    return absl::NotFoundError(absl::StrCat(
        "parameter '", name, "' is not in the source of initial values"));
  }
  int64_t numel = 1;
  for (int64_t dim : info->shape) numel *= dim;
  if (begin < 0 || begin > end || end > numel) {
    return absl::OutOfRangeError(absl::StrCat("elements [", begin, ", ", end,
                                              ") of parameter '", name,
                                              "', which has ", numel));
  }
  if (!dst.defined() || dst.dim() != 1 || dst.numel() != end - begin ||
      !dst.is_contiguous() || !dst.device().is_cpu() ||
      !dst.is_floating_point()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "elements [", begin, ", ", end, ") of parameter '", name,
        "' need a contiguous 1-D floating-point CPU tensor of that length"));
  }
  return absl::OkStatus();
}

absl::Status LoadParameters(Module& root, const ParameterSource& source) {
  at::NoGradGuard no_grad;
  for (const auto& [name, tensor] : root.NamedParameters()) {
    const ParameterSource::Info* info = source.Find(name);
    if (info != nullptr && tensor.sizes() != at::IntArrayRef(info->shape)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "parameter '", name, "' has shape [",
          absl::StrJoin(tensor.sizes(), ", "), "], its source has [",
          absl::StrJoin(info->shape, ", "), "]"));
    }
    const at::Tensor flat = tensor.detach().view(at::IntArrayRef({-1}));
    FTS_RETURN_IF_ERROR(source.CopyRange(name, 0, flat.numel(), flat));
  }
  return absl::OkStatus();
}

}  // namespace fts::nn
