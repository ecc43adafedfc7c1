// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The schedulers against 200 steps of PyTorch's, and the rates of scheduled
// fine-tuning runs that need no more than groups and a scheduler.

#include "fts/core/optim/lr_schedulers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fts/core/optim/reduce_on_plateau.h"

namespace fts::optim {
namespace {

struct Row {
  const char* name;
  int step;
  double first, second;
};
const Row kGolden[] = {
#include "fts/core/optim/testdata/lr_golden.inc"
};

constexpr int kSteps = 200;
constexpr int kThaw = 30;

Group MakeGroup(double lr) {
  Group group;
  group.lr = group.initial_lr = lr;
  return group;
}

void Thaw(std::vector<Group>* groups, LrScheduler* scheduler,
          std::vector<double> rates) {
  for (double lr : rates) groups->push_back(MakeGroup(lr));
  if (scheduler != nullptr) {
    EXPECT_TRUE(scheduler->OnGroupsAdded().ok());
  }
}

double Metric(int step) {
  return 1.0 / (1 + std::min(step, 40) + std::max(step - 90, 0) / 7);
}

absl::Status Advance(LrScheduler& scheduler, int step) {
  return scheduler.needs_metric() ? scheduler.StepMetric(Metric(step))
                                  : scheduler.Step();
}

ReduceOnPlateauOptions Plateau() {
  ReduceOnPlateauOptions options;
  options.factor = 0.5;
  options.patience = 3;
  options.cooldown = 2;
  options.min_lr = {1e-4};
  return options;
}

ReduceOnPlateauOptions PlateauMax() {
  ReduceOnPlateauOptions options;
  options.minimize = false;
  options.threshold = 0.01;
  options.relative = false;
  options.patience = 5;
  return options;
}

std::map<std::string, std::function<std::unique_ptr<LrScheduler>()>> Cases() {
  return {
      {"step", [] { return std::make_unique<StepLr>(7, 0.9); }},
      {"step_1", [] { return std::make_unique<StepLr>(1, 0.97); }},
      {"multi_step",
       [] {
         return std::make_unique<MultiStepLr>(
             std::vector<int64_t>{3, 35, 35, 120}, 0.5);
       }},
      {"exponential", [] { return std::make_unique<ExponentialLr>(0.985); }},
      {"constant", [] { return std::make_unique<ConstantLr>(0.25, 33); }},
      {"linear", [] { return std::make_unique<LinearLr>(0.1, 0.9, 50); }},
      {"linear_default", [] { return std::make_unique<LinearLr>(); }},
      {"cosine", [] { return std::make_unique<CosineAnnealingLr>(23, 1e-4); }},
      {"cosine_long", [] { return std::make_unique<CosineAnnealingLr>(500); }},
      {"restarts",
       [] { return std::make_unique<CosineAnnealingWarmRestarts>(9); }},
      {"restarts_2",
       [] {
         return std::make_unique<CosineAnnealingWarmRestarts>(10, 2, 1e-5);
       }},
      {"plateau", [] { return std::make_unique<ReduceOnPlateau>(Plateau()); }},
      {"plateau_max",
       [] { return std::make_unique<ReduceOnPlateau>(PlateauMax()); }},
  };
}

TEST(LrSchedulersTest, MatchPyTorchOver200StepsWithAGroupAddedOnTheWay) {
  size_t compared = 0;
  for (const auto& [name, make] : Cases()) {
    std::map<int, const Row*> rows;
    for (const Row& row : kGolden) {
      if (row.name == name) rows[row.step] = &row;
    }
    ASSERT_EQ(rows.size(), 89u) << name;
    std::vector<Group> groups{MakeGroup(0.1)};
    auto scheduler = make();
    ASSERT_TRUE(scheduler->Attach(&groups).ok());
    for (int step = 0; step <= kSteps; ++step) {
      if (step == kThaw) Thaw(&groups, scheduler.get(), {0.02});
      if (rows.count(step) != 0) {
        const Row& row = *rows[step];
        EXPECT_NEAR(groups[0].lr, row.first, 1e-12) << name << " at " << step;
        if (groups.size() > 1) {
          EXPECT_NEAR(groups[1].lr, row.second, 1e-12)
              << name << " at " << step;
        }
        ++compared;
      }
      ASSERT_TRUE(Advance(*scheduler, step).ok());
    }
    EXPECT_EQ(scheduler->last_epoch(), kSteps + 1) << name;
  }
  EXPECT_EQ(compared, std::size(kGolden));
}

TEST(LrSchedulersTest, SavedStateContinuesTheSame) {
  for (const auto& [name, make] : Cases()) {
    std::vector<Group> groups{MakeGroup(0.1)};
    auto scheduler = make();
    ASSERT_TRUE(scheduler->Attach(&groups).ok());
    for (int step = 0; step < 47; ++step) {
      if (step == kThaw) Thaw(&groups, scheduler.get(), {0.02});
      ASSERT_TRUE(Advance(*scheduler, step).ok());
    }
    std::vector<Group> resumed_groups = groups;
    auto resumed = make();
    ASSERT_TRUE(resumed->Attach(&resumed_groups).ok());
    resumed_groups = groups;
    ASSERT_TRUE(resumed->Load(scheduler->Save()).ok());
    for (int step = 47; step < 150; ++step) {
      ASSERT_TRUE(Advance(*scheduler, step).ok());
      ASSERT_TRUE(Advance(*resumed, step).ok());
      ASSERT_EQ(LearningRates(groups), LearningRates(resumed_groups))
          << name << " at " << step;
    }
  }
}

void ExpectRates(const std::vector<Group>& groups,
                 const std::vector<double>& wanted) {
  ASSERT_EQ(groups.size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_NEAR(groups[i].lr, wanted[i], 1e-15) << i;
  }
}

// StepLR(1, 0.7) on a base rate of 1e-3, as in the runs below.
class ScheduledRunTest : public ::testing::Test {
 protected:
  void Start(std::vector<double> rates) {
    for (double lr : rates) groups_.push_back(MakeGroup(lr));
    ASSERT_TRUE(scheduler_.Attach(&groups_).ok());
  }
  void Epochs(int count) {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(scheduler_.Step().ok());
  }

  std::vector<Group> groups_;
  StepLr scheduler_{1, 0.7};
};

TEST_F(ScheduledRunTest, ImplicitPhasesThawAtEpochsFiveSixSeven) {
  Start({1e-3});
  Epochs(5);
  for (int phase = 1; phase <= 3; ++phase) {
    Thaw(&groups_, &scheduler_, {1e-5});
    EXPECT_EQ(groups_.size(), static_cast<size_t>(phase + 1));
    EXPECT_EQ(groups_.back().lr, 1e-5);
    if (phase < 3) Epochs(1);
  }
  ExpectRates(groups_,
              {1e-3 * std::pow(0.7, 7), 1e-5 * 0.49, 1e-5 * 0.7, 1e-5});
}

TEST_F(ScheduledRunTest, PhaseRatesOfTheirOwn) {
  Start({1e-3});
  Thaw(&groups_, &scheduler_, {1e-6});
  Thaw(&groups_, &scheduler_, {1e-5});
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(groups_[i].initial_lr,
              (std::vector<double>{1e-3, 1e-6, 1e-5})[i]);
  }
  EXPECT_EQ(scheduler_.base_lrs(), (std::vector<double>{1e-3, 1e-6, 1e-5}));
}

TEST_F(ScheduledRunTest, TwoGroupsPerPhaseUnderNoDecay) {
  Start({1e-3, 1e-3});
  Epochs(5);
  Thaw(&groups_, &scheduler_, {1e-5, 1e-5});
  ExpectRates(groups_, {1.6807e-4, 1.6807e-4, 1e-5, 1e-5});
  Epochs(1);
  Thaw(&groups_, &scheduler_, {1e-5, 1e-5});
  ExpectRates(groups_, {1.17649e-4, 1.17649e-4, 7e-6, 7e-6, 1e-5, 1e-5});
}

TEST(ScheduledRunWithoutSchedulerTest, RatesStay) {
  std::vector<Group> groups{MakeGroup(0.1)};
  Thaw(&groups, nullptr, {1e-5});
  EXPECT_EQ(LearningRates(groups), (std::vector<double>{0.1, 1e-5}));
}

TEST(ReduceOnPlateauTest, MinimumRatesFollowTheGroups) {
  ReduceOnPlateauOptions options;
  options.min_lr = {1e-4, 2e-4};
  ReduceOnPlateau scheduler(options);
  std::vector<Group> groups{MakeGroup(0.1), MakeGroup(0.1)};
  ASSERT_TRUE(scheduler.Attach(&groups).ok());
  Thaw(&groups, &scheduler, {1e-5});
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

}  // namespace
}  // namespace fts::optim
