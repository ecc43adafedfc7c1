// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The mirror of a torch::nn::Module, so that it trains as a model written with
// fts::nn does. A header of its own: few files need it, and none pays for
// <torch/nn/module.h> by including it.
// Threads: reads the module's registrations only, no values.

#ifndef FTS_CORE_NN_MIRROR_TORCH_H_
#define FTS_CORE_NN_MIRROR_TORCH_H_

#include "absl/status/statusor.h"
#include "fts/core/nn/mirror.h"

namespace fts::nn {

// Every registered module and parameter of `root`, under their names and in
// their order; undefined parameters (a Linear without bias) are left out, and
// buffers stay what they are. Classes are shown as PyTorch spells them:
// "Linear" for torch::nn::LinearImpl, "Block" for my::BlockImpl. Lists and
// dictionaries of modules or of parameters are containers, a Sequential is not.
// A module registered under two names is one module under the first.
// Nothing may be registered in, or taken from, `root` afterwards.
// Errors: those of Mirror::Create; INVALID_ARGUMENT for a registration that
// fts::nn::Module refuses: a parameter that is no leaf, a parameter and a
// module of one name, a child that is null.
absl::StatusOr<Mirror> MirrorOf(const torch::nn::Module& root);

}  // namespace fts::nn

#endif  // FTS_CORE_NN_MIRROR_TORCH_H_
