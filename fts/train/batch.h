// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Makes input and label tensors from token numbers.
// The thin torch side of the data path: which samples is sample_order.h, where
// the tokens come from is token_source.h.
// Threads: free functions, safe concurrently.
#ifndef FTS_TRAIN_BATCH_H_
#define FTS_TRAIN_BATCH_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "fts/train/token_source.h"

namespace fts::train {

// Next-token pairs, int64 [rows, seq_len] on the CPU; rows may be 0. Both are
// views of one [rows, seq_len + 1] tensor and not contiguous.
struct Batch {
  at::Tensor inputs;
  at::Tensor labels;
  int64_t num_tokens() const { return labels.numel(); }
};

// Row b is sample samples[b]: tokens [s*seq_len, s*seq_len + seq_len + 1).
// Errors: those of TokenSource::Read.
absl::StatusOr<Batch> MakeBatch(const TokenSource& source,
                                const std::vector<int64_t>& samples,
                                int64_t seq_len);

// Adds rows until `multiple` divides their number: tokens 0, labels that no
// loss counts.
void PadBatch(int64_t multiple, Batch* batch);

}  // namespace fts::train

#endif  // FTS_TRAIN_BATCH_H_
