// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The three floating-point dtypes of checkpoints in the spellings of
// safetensors, torch and config.json.
// Threads: pure functions.
#ifndef FTS_MODELS_LLAMA_DTYPES_H_
#define FTS_MODELS_LLAMA_DTYPES_H_

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>

#include "fts/core/safetensors/dtype.h"

namespace fts::llama {

// Nothing for dtypes other than F32, BF16 and F16.
std::optional<at::ScalarType> ToScalarType(safetensors::DType dtype);
std::optional<safetensors::DType> ToSafetensors(at::ScalarType dtype);

// "float32", "bfloat16", "float16". Precondition: one of the three.
std::string HfDtypeName(at::ScalarType dtype);

}  // namespace fts::llama

#endif  // FTS_MODELS_LLAMA_DTYPES_H_
