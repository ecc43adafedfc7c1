// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/base/did_you_mean.h"

#include <gtest/gtest.h>

namespace fts {
namespace {

TEST(EditDistance, CountsEdits) {
  EXPECT_EQ(EditDistance("", ""), 0);
  EXPECT_EQ(EditDistance("", "abc"), 3);
  EXPECT_EQ(EditDistance("abc", ""), 3);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3);
  EXPECT_EQ(EditDistance("ab", "ba"), 1);
  EXPECT_EQ(EditDistance("trian", "train"), 1);
  EXPECT_EQ(EditDistance("ca", "abc"), 3);  // restricted: no edit in a swap
}

TEST(DidYouMean, FindsTheNearest) {
  const std::vector<std::string> keys = {"trainer", "optimizer", "schedule",
                                         "scheduler", "lr_scheduler"};
  EXPECT_EQ(DidYouMean("triner", keys), "; did you mean 'trainer'?");
  EXPECT_EQ(DidYouMean("optimiser", keys), "; did you mean 'optimizer'?");
  EXPECT_EQ(DidYouMean("schedul", keys), "; did you mean 'schedule'?");
  EXPECT_EQ(DidYouMean("schedulers", keys), "; did you mean 'scheduler'?");
  EXPECT_EQ(DidYouMean("LR-Scheduler", keys), "; did you mean 'lr_scheduler'?");
}

TEST(DidYouMean, SaysNothingWhenNothingIsNear) {
  EXPECT_EQ(DidYouMean("zebra", {"trainer", "mesh"}), "");
  EXPECT_EQ(DidYouMean("x", {"y"}), "");
  EXPECT_EQ(DidYouMean("", {"a"}), "");
  EXPECT_EQ(DidYouMean("a", {}), "");
  EXPECT_EQ(DidYouMean(std::string(1000, 'a'), {"a"}), "");
}

}  // namespace
}  // namespace fts
