// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/batch.h"

#include <ATen/ops/empty.h>

#include "fts/core/base/status.h"

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

}  // namespace fts::train
