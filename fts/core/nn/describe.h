// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A live module tree as the torch-free description that schedules and plans
// are resolved against.
// Threads: reads names and shapes only, never values.

#ifndef FTS_CORE_NN_DESCRIBE_H_
#define FTS_CORE_NN_DESCRIBE_H_

#include "fts/core/match/model_description.h"
#include "fts/core/nn/module.h"

namespace fts::nn {

// Modules parents first, parameters in registration order; a tied tensor's
// further names carry `shared_with`.
ModelDescription Describe(const Module& root);

// "float32", "bfloat16", "float16", … as PyTorch prints them without "torch.".
std::string DtypeName(at::ScalarType dtype);

}  // namespace fts::nn

#endif  // FTS_CORE_NN_DESCRIBE_H_
