// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Random initialisation that depends on a seed and the parameter's name only:
// not on the order of calls, the mesh, or the dtype (values are drawn in fp32
// and then cast).
// Threads: each call uses a generator of its own; the default one is untouched.

#ifndef FTS_CORE_NN_INIT_H_
#define FTS_CORE_NN_INIT_H_

#include <cstdint>
#include <string>

#include "fts/core/nn/module.h"

namespace fts::nn {

// The seed of one parameter's generator. Stable across versions and machines.
uint64_t ParameterSeed(uint64_t seed, const std::string& name);

// Fills the parameter with normal(0, std) values.
void InitNormal(at::Tensor parameter, double std, uint64_t seed,
                const std::string& name);

// Fills a whole tree as Hugging Face does for Llama: weights of two or more
// dimensions normal(0, std), parameters named "bias" zero, other vectors (norm
// scales) one. A tied tensor is drawn once, under its first name.
void InitParameters(Module& root, double std, uint64_t seed);

}  // namespace fts::nn

#endif  // FTS_CORE_NN_INIT_H_
