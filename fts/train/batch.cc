// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/batch.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include "fts/core/base/status.h"
#include "fts/core/nn/loss.h"

namespace fts::train {

absl::StatusOr<Batch> MakeBatch(const TokenSource& source,
                                const std::vector<int64_t>& samples,
                                int64_t seq_len) {
  const int64_t rows = static_cast<int64_t>(samples.size());
  at::Tensor both = at::empty({rows, seq_len + 1}, at::kLong);
  int64_t* out = both.data_ptr<int64_t>();
  for (int64_t row = 0; row < rows; ++row) {
    FTS_RETURN_IF_ERROR(source.Read(samples[row] * seq_len, seq_len + 1,
                                    out + row * (seq_len + 1)));
  }
  Batch batch;
  batch.inputs = both.narrow(1, 0, seq_len);
  batch.labels = both.narrow(1, 1, seq_len);
  return batch;
}

void PadBatch(int64_t multiple, Batch* batch) {
  const int64_t rows = batch->inputs.size(0);
  const int64_t missing = (multiple - rows % multiple) % multiple;
  if (missing == 0) return;
  const auto with = [missing](const at::Tensor& rows_there, int64_t value) {
    return at::cat({rows_there, at::full({missing, rows_there.size(1)}, value,
                                         rows_there.options())});
  };
  batch->inputs = with(batch->inputs, 0);
  batch->labels = with(batch->labels, nn::kIgnoreLabel);
}

}  // namespace fts::train
