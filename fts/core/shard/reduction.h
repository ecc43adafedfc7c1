// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// How gradients are summed over the ranks without overflow: which operation,
// and what they are divided by before and after it.
//
// [Note: the reduction table]
// `factor` f is what the sum over all data-parallel ranks is divided by; absent
// means their number. The rows are PyTorch's, so that a run reduces in the same
// arithmetic:
//   float32, bfloat16, no f  average over both groups
//   the same, f              average when f is the shard size, else a sum of
//                            inputs multiplied by 1/f; over replicas a sum
//   float16                  divide by p, sum, divide by f/p, with p a power of
//                            two near the root of f, so that neither the inputs
//                            nor the sum leave float16's range
//   force_sum                sum, divide by f
//   one shard rank           no collective, the division is local
// float64 has range to spare and goes with float32 (PyTorch: with float16).
// fts itself sums and lets the loss divide by the step's tokens: f = 1, which
// divides by nothing in every row.
//
// Threads: pure functions.

#ifndef FTS_CORE_SHARD_REDUCTION_H_
#define FTS_CORE_SHARD_REDUCTION_H_

#include <c10/core/ScalarType.h>

#include <optional>

namespace fts::shard {

enum class ReductionOp {
  kNone,  // one rank: no collective
  kSum,
  kAverage,
  kPremulSum,  // each input multiplied by 1 / premul_divisor, then summed
};

struct ReductionRequest {
  at::ScalarType dtype = at::kFloat;  // gradients are reduced in
  std::optional<double> factor;       // > 0
  int shard_size = 1;
  int replicate_size = 1;
  bool force_sum = false;
};

struct Reduction {
  ReductionOp shard = ReductionOp::kSum;      // over the shard ranks
  ReductionOp replicate = ReductionOp::kSum;  // over the replicas, after that
  double premul_divisor = 1;                  // of kPremulSum
  double pre_divide = 1;   // this rank's gradient, before anything
  double post_divide = 1;  // the result
};

// The table.
Reduction ReductionFor(const ReductionRequest& request);

// The same result with sums alone, which is all that comm::Communicator has.
struct SumReduction {
  double pre_divide = 1;
  double post_divide = 1;
};
SumReduction AsSums(const Reduction& reduction, int shard_size,
                    int replicate_size);

}  // namespace fts::shard

#endif  // FTS_CORE_SHARD_REDUCTION_H_
