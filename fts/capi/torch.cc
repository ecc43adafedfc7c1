// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/capi/torch.h"

#include <torch/headeronly/version.h>

#include "fts/capi/internal/text.h"
#include "fts/capi/internal/torch_handles.h"
#include "fts/core/base/status.h"

using fts::capi::CheckTag;
using fts::capi::NotNull;
using fts::capi::TorchGuard;

namespace {

#define FTS_STRING_OF(x) #x
#define FTS_STRING(x) FTS_STRING_OF(x)
constexpr char kTag[] =
    TORCH_VERSION "/cxx11abi=" FTS_STRING(_GLIBCXX_USE_CXX11_ABI);

}  // namespace

absl::Status fts::capi::CheckTag(fts_string tag, const char* function) {
  const std::string given = fts::capi::ToString(tag);
  if (given == kTag) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(function, ": the caller's LibTorch is '", given,
                   "', this library was built for '", kTag,
                   "'; an at::Tensor of the one is none of the other. Install "
                   "the torch that "
                   "fts was built for, or build fts for yours"));
}

fts_string fts_torch_tag(void) noexcept { return {kTag, sizeof(kTag) - 1}; }

fts_status* fts_tensor_from_at(const void* at_tensor, fts_string tag,
                               fts_tensor** out) noexcept {
  if (out != nullptr) *out = nullptr;
  return TorchGuard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(CheckTag(tag, "fts_tensor_from_at"));
    FTS_RETURN_IF_ERROR(NotNull(at_tensor, "fts_tensor_from_at: at_tensor"));
    FTS_RETURN_IF_ERROR(NotNull(out, "fts_tensor_from_at: out"));
    const auto& tensor = *static_cast<const at::Tensor*>(at_tensor);
    if (!tensor.defined()) {
      return absl::InvalidArgumentError(
          "fts_tensor_from_at: the tensor is undefined");
    }
    *out = new fts_tensor(tensor);
    return absl::OkStatus();
  });
}

fts_status* fts_tensor_to_at(const fts_tensor* tensor, fts_string tag,
                             void* at_tensor) noexcept {
  return TorchGuard([&]() -> absl::Status {
    FTS_RETURN_IF_ERROR(CheckTag(tag, "fts_tensor_to_at"));
    FTS_RETURN_IF_ERROR(NotNull(tensor, "fts_tensor_to_at: tensor"));
    FTS_RETURN_IF_ERROR(NotNull(at_tensor, "fts_tensor_to_at: at_tensor"));
    *static_cast<at::Tensor*>(at_tensor) = tensor->value;
    return absl::OkStatus();
  });
}
