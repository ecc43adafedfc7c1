// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/sample_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace fts::train {
namespace {

using Ints = std::vector<int64_t>;

SampleOrder Make(const SampleOrderOptions& options) {
  Diagnostics diags;
  auto order = SampleOrder::Create(options, &diags);
  EXPECT_TRUE(order.ok()) << diags.ToString();
  return *order;
}

std::string Error(const SampleOrderOptions& options) {
  Diagnostics diags;
  EXPECT_FALSE(SampleOrder::Create(options, &diags).ok());
  return diags.ToString();
}

TEST(SampleCount, IsFloorOfTokensMinusOne) {
  EXPECT_EQ(SampleCount(0, 4), 0);
  EXPECT_EQ(SampleCount(1, 4), 0);
  EXPECT_EQ(SampleCount(4, 4), 0);
  EXPECT_EQ(SampleCount(5, 4), 1);
  EXPECT_EQ(SampleCount(8, 4), 1);
  EXPECT_EQ(SampleCount(9, 4), 2);
}

// The numbers come from the Python text in the header.
TEST(ShufflePermutation, MatchesTheDocumentedAlgorithm) {
  EXPECT_EQ(ShufflePermutation(42, 0, 10),
            (Ints{4, 6, 7, 0, 9, 5, 1, 2, 3, 8}));
  EXPECT_EQ(ShufflePermutation(42, 1, 10),
            (Ints{8, 7, 9, 0, 1, 2, 5, 6, 4, 3}));
  EXPECT_EQ(ShufflePermutation(-1, 3, 12),
            (Ints{5, 1, 4, 2, 10, 6, 0, 8, 9, 3, 11, 7}));
  uint64_t hash = 0;
  for (int64_t v : ShufflePermutation(7, 2, 10007)) hash = hash * 1000003 + v;
  EXPECT_EQ(hash, 0x99649aff85103525u);
}

TEST(ShufflePermutation, IsAPermutation) {
  for (int64_t n : {0, 1, 2, 3, 1000}) {
    Ints p = ShufflePermutation(1, 0, n);
    std::sort(p.begin(), p.end());
    for (int64_t i = 0; i < n; ++i) ASSERT_EQ(p[i], i);
    ASSERT_EQ(static_cast<int64_t>(p.size()), n);
  }
}

// Every element lands everywhere about equally often; a walk of the swap in
// the wrong range fails this by far.
TEST(ShufflePermutation, IsUniform) {
  constexpr int kN = 6, kRounds = 6000;
  int seen[kN][kN] = {};
  for (int round = 0; round < kRounds; ++round) {
    const Ints p = ShufflePermutation(5, round, kN);
    for (int i = 0; i < kN; ++i) ++seen[i][p[i]];
  }
  for (auto& row : seen) {
    for (int count : row) EXPECT_NEAR(count, kRounds / kN, 150);
  }
}

TEST(SampleOrder, WithoutShuffleRanksTakeConsecutiveSamples) {
  SampleOrderOptions options;
  options.samples = 29;
  options.batch_size = 2;
  options.accumulate = 3;
  options.dp_size = 2;
  options.shuffle = false;
  const SampleOrder order = Make(options);
  EXPECT_EQ(order.global_batch(), 12);
  EXPECT_EQ(order.steps_per_epoch(), 2);  // the last 5 are dropped
  const EpochOrder epoch = order.Epoch(0);
  EXPECT_EQ(epoch.MicroBatch(0, 0, 0), (Ints{0, 1}));
  EXPECT_EQ(epoch.MicroBatch(0, 0, 1), (Ints{2, 3}));
  EXPECT_EQ(epoch.MicroBatch(0, 1, 0), (Ints{4, 5}));
  EXPECT_EQ(epoch.MicroBatch(0, 2, 1), (Ints{10, 11}));
  EXPECT_EQ(epoch.MicroBatch(1, 0, 0), (Ints{12, 13}));
  EXPECT_EQ(order.Epoch(3).MicroBatch(1, 2, 1), (Ints{22, 23}));
}

TEST(SampleOrder, ShuffleTakesTheSamePlacesOfThePermutation) {
  SampleOrderOptions options;
  options.samples = 10;
  options.batch_size = 2;
  options.dp_size = 2;
  options.seed = 42;
  const SampleOrder order = Make(options);
  EXPECT_EQ(order.Epoch(0).MicroBatch(0, 0, 0), (Ints{4, 6}));
  EXPECT_EQ(order.Epoch(0).MicroBatch(0, 0, 1), (Ints{7, 0}));
  EXPECT_EQ(order.Epoch(1).MicroBatch(1, 0, 1), (Ints{5, 6}));
}

// What one optimizer step sees depends on G only.
TEST(SampleOrder, StepsDoNotDependOnTheMesh) {
  struct Mesh {
    int64_t dp, batch, accumulate;
  };
  std::vector<std::vector<std::set<int64_t>>> seen;
  for (Mesh mesh : {Mesh{1, 8, 1}, {1, 2, 4}, {2, 4, 1}, {4, 1, 2}}) {
    SampleOrderOptions options;
    options.samples = 50;
    options.seed = 3;
    options.dp_size = mesh.dp;
    options.batch_size = mesh.batch;
    options.accumulate = mesh.accumulate;
    const SampleOrder order = Make(options);
    const EpochOrder epoch = order.Epoch(2);
    std::vector<std::set<int64_t>> steps(order.steps_per_epoch());
    for (size_t step = 0; step < steps.size(); ++step) {
      for (int64_t micro = 0; micro < mesh.accumulate; ++micro) {
        for (int64_t rank = 0; rank < mesh.dp; ++rank) {
          for (int64_t s : epoch.MicroBatch(step, micro, rank)) {
            EXPECT_TRUE(steps[step].insert(s).second);
          }
        }
      }
    }
    seen.push_back(steps);
  }
  ASSERT_EQ(seen[0].size(), 6u);
  for (const auto& steps : seen) EXPECT_EQ(steps, seen[0]);
}

TEST(SampleOrder, StepsPerEpochShortensTheEpoch) {
  SampleOrderOptions options;
  options.samples = 100;
  options.batch_size = 10;
  options.steps_per_epoch = 10;
  EXPECT_EQ(Make(options).steps_per_epoch(), 10);
  options.steps_per_epoch = 4;
  EXPECT_EQ(Make(options).steps_per_epoch(), 4);
}

TEST(SampleOrderErrors, EpochTooLong) {
  SampleOrderOptions options;
  options.samples = 100;
  options.batch_size = 4;
  options.accumulate = 2;
  options.dp_size = 2;
  options.steps_per_epoch = 7;
  options.where = {std::make_shared<const std::string>("run.yaml"), 7, 20};
  options.batch_where = {options.where.file, 5, 3};
  EXPECT_EQ(Error(options),
            "run.yaml:7:20: error: trainer.steps_per_epoch is 7, but "
            "data.train has 100 samples and one optimizer step takes 16 "
            "samples (data-parallel size 2 * batch_size 4 * accumulate 2), so "
            "at most 6 steps; lower it, or leave it out for all the data "
            "[epoch_too_long]\n");
  options.steps_per_epoch.reset();
  options.samples = 15;
  EXPECT_EQ(Error(options),
            "run.yaml:5:3: error: data.train has 15 samples, but one "
            "optimizer step takes 16 samples (data-parallel size 2 * "
            "batch_size 4 * accumulate 2); use more data or a smaller batch or "
            "seq_len [epoch_too_long]\n");
}

TEST(SampleOrderErrors, CountsBelowOneAreAllNamed) {
  SampleOrderOptions options;
  options.samples = 10;
  options.batch_size = 0;
  options.accumulate = -1;
  options.steps_per_epoch = 0;
  EXPECT_EQ(
      Error(options),
      "error: data.batch_size is 0; it must be at least 1 [out_of_range]\n"
      "error: trainer.accumulate is -1; it must be at least 1 "
      "[out_of_range]\n"
      "error: trainer.steps_per_epoch is 0; it must be at least 1 "
      "[out_of_range]\n");
}

TEST(ValidationOrder, CoversEverySampleOnce) {
  for (int64_t samples : {0, 1, 7, 8, 9, 23}) {
    const ValidationOrder order(samples, 2, 4);
    EXPECT_EQ(order.steps(), (samples + 7) / 8);
    Ints seen;
    for (int64_t step = 0; step < order.steps(); ++step) {
      for (int64_t rank = 0; rank < 4; ++rank) {
        const SampleRange range = order.Batch(step, rank);
        EXPECT_GE(range.size(), 0);
        EXPECT_LE(range.size(), 2);
        for (int64_t s : range.ToVector()) seen.push_back(s);
      }
    }
    ASSERT_EQ(static_cast<int64_t>(seen.size()), samples);
    for (int64_t i = 0; i < samples; ++i) EXPECT_EQ(seen[i], i);
  }
}

TEST(ValidationOrder, RanksWithoutASequenceGetEmptyBatches) {
  const ValidationOrder order(9, 2, 4);
  EXPECT_EQ(order.Batch(1, 0).ToVector(), (Ints{8}));
  for (int64_t rank : {1, 2, 3}) EXPECT_EQ(order.Batch(1, rank).size(), 0);
}

TEST(ValidationOrder, LimitCapsTheSteps) {
  EXPECT_EQ(ValidationOrder(100, 2, 2, 3).steps(), 3);
  EXPECT_EQ(ValidationOrder(100, 2, 2, 1000).steps(), 25);
}

}  // namespace
}  // namespace fts::train
