// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A model's parameters as layers, from the output to the input: the head, the
// numbered blocks from the last to the first, the embeddings. Schedules are
// generated along them, and lr_decay counts them.
// Threads: pure functions.
#ifndef FTS_CORE_SCHEDULE_LAYERS_H_
#define FTS_CORE_SCHEDULE_LAYERS_H_

#include <string>
#include <vector>

#include "fts/core/match/model_description.h"

namespace fts {

struct Layer {
  enum class Kind { kHead, kBlock, kEmbeddings };
  Kind kind = Kind::kBlock;
  std::string name;  // "head", the block's module ("model.layers.3"; "root" for
                     // parameters outside any module), or "embeddings"
  std::vector<std::string> params;  // registration order, never empty
};

// Every parameter that is no tied alias, in one layer each.
//
// A block is a numbered module, such as model.layers.3, at the outermost
// numbered level; in a model without any, every module that holds parameters
// is one and the last of them is the head. The head is what is registered after
// the last block; the embeddings are what is registered before the first block,
// and every embedding module. Norms and biases go with their block; parameters
// between two stacks of blocks go with the block before them.
std::vector<Layer> ModelLayers(const ModelDescription& model);

}  // namespace fts

#endif  // FTS_CORE_SCHEDULE_LAYERS_H_
