// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Which modules of a Llama are split into attention heads, for plans that must
// not cut one.
// Threads: pure functions. No torch.
#ifndef FTS_MODELS_LLAMA_HEADS_H_
#define FTS_MODELS_LLAMA_HEADS_H_

#include "fts/core/match/model_description.h"
#include "fts/models/llama/config.h"

namespace fts::llama {

// The description of a model of this shape, under native names, with `heads`
// set for wq and wo (query heads), wk and wv (key and value heads).
ModelDescription WithHeads(const ModelDescription& native,
                           const LlamaConfig& config);

}  // namespace fts::llama

#endif  // FTS_MODELS_LLAMA_HEADS_H_
