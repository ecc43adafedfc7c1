// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/models/llama/dtypes.h"

namespace fts::llama {

std::optional<at::ScalarType> ToScalarType(safetensors::DType dtype) {
  switch (dtype) {
    case safetensors::DType::kF32:
      return at::kFloat;
    case safetensors::DType::kBF16:
      return at::kBFloat16;
    case safetensors::DType::kF16:
      return at::kHalf;
    default:
      return std::nullopt;
  }
}

std::optional<safetensors::DType> ToSafetensors(at::ScalarType dtype) {
  switch (dtype) {
    case at::kFloat:
      return safetensors::DType::kF32;
    case at::kBFloat16:
      return safetensors::DType::kBF16;
    case at::kHalf:
      return safetensors::DType::kF16;
    default:
      return std::nullopt;
  }
}

std::string HfDtypeName(at::ScalarType dtype) {
  if (dtype == at::kFloat) return "float32";
  return dtype == at::kBFloat16 ? "bfloat16" : "float16";
}

}  // namespace fts::llama
