// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Which samples a rank trains on at which micro-step, and validates on.
// Pure arithmetic on counts: no files, no tensors. At an equal global batch the
// samples of an optimizer step do not depend on the mesh.
// Threads: const methods are safe concurrently.
#ifndef FTS_TRAIN_SAMPLE_ORDER_H_
#define FTS_TRAIN_SAMPLE_ORDER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/base/source_location.h"

namespace fts::train {

// floor((tokens - 1) / seq_len), 0 for no tokens: sample i is
// tokens[i*seq_len : i*seq_len + seq_len + 1] (inputs, and labels one later).
int64_t SampleCount(int64_t tokens, int64_t seq_len);

// [Note: the shuffle]
//
// The order of samples in an epoch is a function of (seed, epoch, n) alone, and
// part of the contract: other programs reproduce it. In Python:
//
//   M = (1 << 64) - 1
//   def mix(z):                                     # SplitMix64's finalizer
//       z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & M
//       z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & M
//       return z ^ (z >> 31)
//   def permutation(seed, epoch, n):
//       state = mix((seed + 0x9E3779B97F4A7C15) & M) ^ epoch
//       p = list(range(n))
//       for i in range(n - 1, 0, -1):               # Fisher-Yates, from the
//       end
//           bound = i + 1
//           while True:
//               state = (state + 0x9E3779B97F4A7C15) & M
//               x = mix(state)
//               if x >= (1 << 64) % bound:          # no modulo bias
//                   break
//           j = x % bound
//           p[i], p[j] = p[j], p[i]
//       return p
//
// A negative seed counts modulo 2^64. Micro-step k of data-parallel rank r then
// trains on p[(k*D + r)*batch_size : (k*D + r + 1)*batch_size].
std::vector<int64_t> ShufflePermutation(int64_t seed, int64_t epoch, int64_t n);

struct SampleOrderOptions {
  int64_t samples = 0;     // SampleCount() of the training file
  int64_t batch_size = 1;  // sequences per data-parallel rank and micro-step
  int64_t accumulate = 1;  // micro-steps per optimizer step
  int64_t dp_size = 1;     // D
  bool shuffle = true;
  int64_t seed = 0;
  std::optional<int64_t> steps_per_epoch;
  SourceLocation where;        // of steps_per_epoch, else of the data
  SourceLocation batch_where;  // of the batch size
};

// The samples of one epoch. Cheap to copy.
class EpochOrder {
 public:
  // The sample numbers for micro-step `micro` (0 .. accumulate-1) of optimizer
  // step `step` (0 .. steps_per_epoch-1, counted inside the epoch) on
  // data-parallel rank `dp_rank`: exactly batch_size of them.
  std::vector<int64_t> MicroBatch(int64_t step, int64_t micro,
                                  int64_t dp_rank) const;

 private:
  friend class SampleOrder;
  SampleOrderOptions options_;
  std::shared_ptr<const std::vector<int64_t>> permutation_;  // null = identity
};

// The order of training samples. Immutable.
class SampleOrder {
 public:
  // Errors (in `diags`): epoch_too_long when steps_per_epoch * G > samples, and
  // when there are fewer than G samples; out_of_range for counts below 1.
  static absl::StatusOr<SampleOrder> Create(const SampleOrderOptions& options,
                                            Diagnostics* diags);

  // Optimizer steps in an epoch: steps_per_epoch, else floor(samples / G).
  int64_t steps_per_epoch() const { return steps_per_epoch_; }
  // G = D * batch_size * accumulate, samples per optimizer step.
  int64_t global_batch() const { return global_batch_; }

  // Every epoch starts again at sample 0 of its own order. Shuffling costs one
  // pass over `samples` numbers: ask once per epoch.
  EpochOrder Epoch(int64_t epoch) const;

 private:
  SampleOrder() = default;
  SampleOrderOptions options_;
  int64_t steps_per_epoch_ = 0;
  int64_t global_batch_ = 0;
};

// A half-open range of sample numbers; may be empty.
struct SampleRange {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t size() const { return end - begin; }
  std::vector<int64_t> ToVector() const;
};

// Validation: every sample exactly once, in file order, the partial batch
// included. All ranks take the same number of steps; one with no sequence left
// gets an empty range and still joins the collectives. Immutable.
class ValidationOrder {
 public:
  // `limit` (trainer.limit_val_batches) caps the number of steps.
  ValidationOrder(int64_t samples, int64_t batch_size, int64_t dp_size,
                  std::optional<int64_t> limit = std::nullopt);

  // ceil(samples / (D * batch_size)), the same on all ranks.
  int64_t steps() const { return steps_; }
  // Samples (step*D + r)*batch_size up to the next batch or the end.
  SampleRange Batch(int64_t step, int64_t dp_rank) const;

 private:
  int64_t samples_, batch_size_, dp_size_, steps_;
};

}  // namespace fts::train

#endif  // FTS_TRAIN_SAMPLE_ORDER_H_
