// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Layers whose vocabulary is shared by the ranks of a group, in chunks
// (ChunkOf; the last ones may be shorter): the embedding of a rank's own rows,
// and the cross entropy of a rank's own logits.
// Threads: as Group.
#ifndef FTS_CORE_TP_VOCABULARY_H_
#define FTS_CORE_TP_VOCABULARY_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "fts/core/nn/loss.h"
#include "fts/core/tp/group.h"

namespace fts::tp {

// Rows of a table of `vocabulary` rows, of which `weight` [chunk, dim] is this
// rank's. ids: int64, any shape, the same on every rank. Returns [ids..., dim],
// one term of the sum over ranks (Layout::Unreduced): zero for rows of others.
// The weight's gradient has this rank's rows only.
// Throws std::invalid_argument on an id outside the table (on a CPU).
at::Tensor EmbeddingRows(const at::Tensor& ids, const at::Tensor& weight,
                         int64_t vocabulary, const Group& group);

// Token cross entropy as nn::SumCrossEntropy, of logits [..., chunk] that hold
// this rank's part of the vocabulary; labels int64 [...]. The same sum on every
// rank. Forward takes three all-reduces of one fp32 number per token (largest
// logit, sum of exponentials, the label's logit), backward none; no rank ever
// holds logits of the whole vocabulary. Differentiable once: create_graph
// throws std::runtime_error. Labels other than nn::kIgnoreLabel must be in [0,
// vocabulary): throws std::invalid_argument (on a CPU).
nn::LossSum SumCrossEntropy(const at::Tensor& logits, const at::Tensor& labels,
                            int64_t vocabulary, const GroupPtr& group,
                            const std::string& label = "loss");

}  // namespace fts::tp

#endif  // FTS_CORE_TP_VOCABULARY_H_
