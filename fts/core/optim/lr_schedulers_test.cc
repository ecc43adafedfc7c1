// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The rules of schedulers that no table of rates shows: counts of groups, kinds
// of steps, saved states that do not fit, lambdas without a value.

#include "fts/core/optim/lr_schedulers.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fts/core/optim/composite_lr.h"
#include "fts/core/optim/lambda_lr.h"
#include "fts/core/optim/reduce_on_plateau.h"

namespace fts::optim {
namespace {

Group MakeGroup(double lr) {
  Group group;
  group.lr = group.initial_lr = lr;
  return group;
}

Expression Parse(const std::string& text) {
  size_t offset = 0;
  return *Expression::Parse(text, &offset);
}

TEST(LrSchedulerTest, FrequencyCountsFromTheFirst) {
  EXPECT_TRUE(LrStepIsDue(0, 1));
  std::vector<int64_t> due;
  for (int64_t i = 0; i < 9; ++i) {
    if (LrStepIsDue(i, 3)) due.push_back(i);
  }
  EXPECT_EQ(due, (std::vector<int64_t>{2, 5, 8}));
}

TEST(LrSchedulerTest, AStateOfAnotherSchedulerIsAnError) {
  std::vector<Group> groups{MakeGroup(0.1)};
  CosineAnnealingWarmRestarts restarts(5);
  ASSERT_TRUE(restarts.Attach(&groups).ok());
  EXPECT_EQ(restarts.Load(StepLr(1).Save()).message(),
            "CosineAnnealingWarmRestarts: the saved state holds 0 values, it "
            "needs 2; it is another scheduler's state");
  CompositeLr::Parts parts;
  parts.push_back(std::make_unique<StepLr>(1));
  ChainedLr chained(std::move(parts));
  EXPECT_EQ(chained.Load(StepLr(1).Save()).message(),
            "ChainedScheduler: the saved state has 0 schedulers, this one 1; "
            "it is another scheduler's");
}

TEST(ReduceOnPlateauTest, MinimumRatesFollowTheGroups) {
  ReduceOnPlateauOptions options;
  options.min_lr = {1e-4, 2e-4};
  ReduceOnPlateau scheduler(options);
  std::vector<Group> groups{MakeGroup(0.1), MakeGroup(0.1)};
  ASSERT_TRUE(scheduler.Attach(&groups).ok());
  groups.push_back(MakeGroup(1e-5));
  ASSERT_TRUE(scheduler.OnGroupsAdded().ok());
  EXPECT_EQ(scheduler.min_lrs(), (std::vector<double>{1e-4, 2e-4, 1e-4}));
}

TEST(ReduceOnPlateauTest, AListThatDoesNotFitIsAnError) {
  ReduceOnPlateauOptions options;
  options.min_lr = {1e-4, 2e-4};
  ReduceOnPlateau scheduler(options);
  std::vector<Group> groups{MakeGroup(0.1)};
  EXPECT_EQ(scheduler.Attach(&groups).message(),
            "ReduceLROnPlateau: min_lr lists 2 rates, the optimizer has 1 "
            "groups; give one rate, or one per group");
  EXPECT_TRUE(scheduler.CheckGroupCount(2).ok());
}

TEST(ReduceOnPlateauTest, IsSteppedWithAMetricOnly) {
  ReduceOnPlateau scheduler({});
  EXPECT_EQ(scheduler.Step().message(),
            "ReduceLROnPlateau is stepped with a metric");
  StepLr other(1);
  EXPECT_EQ(other.StepMetric(1.0).message(), "StepLR takes no metric");
}

TEST(LambdaLrTest, OneExpressionPerGroupOrOneForAll) {
  std::vector<Group> groups{MakeGroup(1), MakeGroup(1)};
  LambdaLr two({Parse("0.5"), Parse("0.25")});
  ASSERT_TRUE(two.Attach(&groups).ok());
  EXPECT_EQ(LearningRates(groups), (std::vector<double>{0.5, 0.25}));
  groups.push_back(MakeGroup(8));
  ASSERT_TRUE(two.OnGroupsAdded(/*apply_lambdas=*/true).ok());
  EXPECT_EQ(groups[2].lr, 2);
  EXPECT_EQ(groups[2].initial_lr, 2);
  EXPECT_EQ(two.base_lrs(), (std::vector<double>{1, 1, 8}));
  ASSERT_TRUE(two.Step().ok());
  EXPECT_EQ(LearningRates(groups), (std::vector<double>{0.5, 0.25, 2}));

  LambdaLr three({Parse("1"), Parse("1"), Parse("1")});
  EXPECT_EQ(three.CheckGroupCount(2).message(),
            "LambdaLR: lr_lambda lists 3 expressions, the optimizer has 2 "
            "groups; give one expression, or one per group");
  EXPECT_TRUE(three.has_lambdas());
  EXPECT_FALSE(StepLr(1).has_lambdas());
}

TEST(LambdaLrTest, AnExpressionThatFailsNamesTheEpoch) {
  std::vector<Group> groups{MakeGroup(1)};
  LambdaLr lambda({Parse("1 / (2 - epoch)")});
  ASSERT_TRUE(lambda.Attach(&groups).ok());
  ASSERT_TRUE(lambda.Step().ok());
  EXPECT_EQ(lambda.Step().message(),
            "LambdaLR: lr_lambda '1 / (2 - epoch)' fails at epoch 2: division "
            "by zero at character 3; it must have a value at every epoch");
  EXPECT_EQ(groups[0].lr, 1);  // as it was
  EXPECT_EQ(lambda.last_epoch(), 1);

  MultiplicativeLr falling({Parse("1 - epoch")});
  ASSERT_TRUE(falling.Attach(&groups).ok());
  ASSERT_TRUE(falling.Step().ok());
  EXPECT_EQ(falling.Step().message(),
            "MultiplicativeLR: lr_lambda '1 - epoch' is -1 at epoch 2; it must "
            "be a finite number of at least 0");
  LambdaLr infinite({Parse("math.inf")});
  EXPECT_EQ(infinite.Attach(&groups).message(),
            "LambdaLR: lr_lambda 'math.inf' is inf at epoch 0; it must be a "
            "finite number of at least 0");
}

TEST(CompositeLrTest, AsksItsParts) {
  ReduceOnPlateau plateau({});
  EXPECT_EQ(CompositeLr::WhyNot(plateau, false),
            "it is stepped with a metric, which only works on its own, as in "
            "PyTorch");
  EXPECT_EQ(CompositeLr::WhyNot(LinearLr(0.5, 1, 0), true),
            "its total_iters is 0");
  EXPECT_EQ(CompositeLr::WhyNot(LinearLr(0.5, 1, 0), false), "");
  CompositeLr::Parts parts;
  parts.push_back(std::make_unique<StepLr>(1));
  parts.push_back(std::make_unique<LambdaLr>(
      std::vector<Expression>{Parse("1"), Parse("1")}));
  ChainedLr chained(std::move(parts));
  EXPECT_TRUE(chained.has_lambdas());
  EXPECT_TRUE(chained.CheckGroupCount(2).ok());
  EXPECT_FALSE(chained.CheckGroupCount(3).ok());
  EXPECT_EQ(CompositeLr::WhyNot(chained, true),
            "PyTorch cannot begin one of these at a milestone; name it first, "
            "or list what it holds");
  EXPECT_EQ(CompositeLr::WhyNot(chained, false), "");
}

}  // namespace
}  // namespace fts::optim
