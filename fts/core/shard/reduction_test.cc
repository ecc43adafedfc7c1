// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/shard/reduction.h"

#include <gtest/gtest.h>

#include <cmath>
#include <ostream>
#include <string>
#include <vector>

namespace fts::shard {

std::ostream& operator<<(std::ostream& out, ReductionOp op) {
  switch (op) {
    case ReductionOp::kNone:
      return out << "none";
    case ReductionOp::kSum:
      return out << "sum";
    case ReductionOp::kAverage:
      return out << "average";
    case ReductionOp::kPremulSum:
      return out << "premul_sum";
  }
  return out;
}

namespace {

constexpr auto kNone = ReductionOp::kNone;
constexpr auto kSum = ReductionOp::kSum;
constexpr auto kAverage = ReductionOp::kAverage;
constexpr auto kPremulSum = ReductionOp::kPremulSum;

struct Row {
  std::vector<at::ScalarType> dtypes;
  std::optional<double> factor;
  int shard, replicate;
  bool force_sum;
  // What it gives.
  ReductionOp shard_op, replicate_op;
  double premul, pre, post;
};

const std::vector<at::ScalarType> kWide = {at::kFloat, at::kBFloat16,
                                           at::kDouble};
const std::vector<at::ScalarType> kHalf = {at::kHalf};
const std::vector<at::ScalarType> kAll = {at::kFloat, at::kBFloat16,
                                          at::kDouble, at::kHalf};

const std::vector<Row>& Table() {
  static const auto* const rows = new std::vector<Row>{
      // No factor: average over both groups; nothing when alone.
      {kWide, {}, 1, 1, false, kNone, kNone, 1, 1, 1},
      {kWide, {}, 4, 1, false, kAverage, kNone, 1, 1, 1},
      {kWide, {}, 4, 2, false, kAverage, kAverage, 1, 1, 1},
      {kWide, {}, 1, 2, false, kNone, kAverage, 1, 1, 1},
      // A factor: average where it is the shard size, else premultiplied.
      {kWide, 4, 4, 1, false, kAverage, kNone, 1, 1, 1},
      {kWide, 4, 4, 2, false, kAverage, kSum, 1, 1, 1},
      {kWide, 8, 4, 2, false, kPremulSum, kSum, 8, 1, 1},
      {kWide, 2.5, 4, 1, false, kPremulSum, kNone, 2.5, 1, 1},
      {kWide, 0.5, 4, 1, false, kPremulSum, kNone, 0.5, 1, 1},
      // Ours: f = 1, a plain sum.
      {kAll, 1, 1, 1, false, kNone, kNone, 1, 1, 1},
      {kAll, 1, 4, 1, false, kSum, kNone, 1, 1, 1},
      {kAll, 1, 4, 2, false, kSum, kSum, 1, 1, 1},
      {kAll, 1, 1, 4, false, kNone, kSum, 1, 1, 1},
      // Only sums: divided afterwards.
      {kWide, {}, 4, 2, true, kSum, kSum, 1, 1, 8},
      {kWide, 8, 4, 1, true, kSum, kNone, 1, 1, 8},
      {kWide, 3, 3, 1, true, kSum, kNone, 1, 1, 3},
      // One shard rank: divided on the spot.
      {kWide, 8, 1, 1, false, kNone, kNone, 1, 1, 8},
      {kWide, 8, 1, 4, false, kNone, kSum, 1, 1, 8},
      // float16: p doubles while it divides f and f/p > p.
      {kHalf, {}, 1, 1, false, kNone, kNone, 1, 1, 1},
      {kHalf, {}, 2, 1, false, kSum, kNone, 1, 2, 1},
      {kHalf, {}, 4, 1, false, kSum, kNone, 1, 2, 2},
      {kHalf, {}, 8, 1, false, kSum, kNone, 1, 4, 2},
      {kHalf, {}, 8, 2, false, kSum, kSum, 1, 4, 4},
      {kHalf, {}, 64, 1, false, kSum, kNone, 1, 8, 8},
      {kHalf, {}, 128, 1, false, kSum, kNone, 1, 16, 8},
      {kHalf, {}, 3, 1, false, kSum, kNone, 1, 2, 1.5},
      {kHalf, {}, 6, 1, false, kSum, kNone, 1, 4, 1.5},
      {kHalf, {}, 12, 1, false, kSum, kNone, 1, 4, 3},
      {kHalf, 2.5, 4, 1, false, kSum, kNone, 1, 1, 2.5},
      {kHalf, 0.5, 4, 1, false, kSum, kNone, 1, 1, 0.5},
      {kHalf, 8, 4, 1, true, kSum, kNone, 1, 4, 2},
      {kHalf, 8, 1, 1, false, kNone, kNone, 1, 4, 2},
  };
  return *rows;
}

TEST(Reduction, TheTable) {
  for (size_t i = 0; i < Table().size(); ++i) {
    const Row& row = Table()[i];
    for (const at::ScalarType dtype : row.dtypes) {
      SCOPED_TRACE("row " + std::to_string(i) + " " + c10::toString(dtype));
      const Reduction r = ReductionFor(
          {dtype, row.factor, row.shard, row.replicate, row.force_sum});
      EXPECT_EQ(r.shard, row.shard_op);
      EXPECT_EQ(r.replicate, row.replicate_op);
      EXPECT_EQ(r.premul_divisor, row.premul);
      EXPECT_EQ(r.pre_divide, row.pre);
      EXPECT_EQ(r.post_divide, row.post);
    }
  }
}

// With sums alone every row divides by its factor in all.
TEST(Reduction, AsSumsTheFactorIsWhatIsDividedBy) {
  for (size_t i = 0; i < Table().size(); ++i) {
    const Row& row = Table()[i];
    for (const at::ScalarType dtype : row.dtypes) {
      SCOPED_TRACE("row " + std::to_string(i) + " " + c10::toString(dtype));
      const SumReduction sums =
          AsSums(ReductionFor({dtype, row.factor, row.shard, row.replicate,
                               row.force_sum}),
                 row.shard, row.replicate);
      EXPECT_EQ(sums.pre_divide * sums.post_divide,
                row.factor.value_or(row.shard * row.replicate));
      // Dividing before a sum costs a pass over the whole gradient: only
      // float16 needs it.
      if (dtype != at::kHalf) {
        EXPECT_EQ(sums.pre_divide, 1);
      }
    }
  }
}

}  // namespace
}  // namespace fts::shard
