// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Every scheduler, made from its keywords, against 200 steps of PyTorch's with
// groups added on the way as FTS adds them (testdata/lr_golden.py).

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "fts/core/optim/lr_scheduler_factory.h"

namespace fts::optim {
namespace {

struct Row {
  int step;
  double rates[3];
};
struct Case {
  const char* name;
  const char* args;
  bool apply_lambdas;
  std::vector<Row> rows;
};

const std::vector<Case>& Golden() {
  static const auto* const golden = new std::vector<Case>{
#include "fts/core/optim/testdata/lr_golden.inc"
  };
  return *golden;
}

constexpr int kSteps = 200;

Group MakeGroup(double lr) {
  Group group;
  group.lr = group.initial_lr = lr;
  return group;
}

double Metric(int step) {
  return 1.0 / (1 + std::min(step, 40) + std::max(step - 90, 0) / 7);
}

absl::Status Advance(LrScheduler* scheduler, int step) {
  return scheduler->needs_metric() ? scheduler->StepMetric(Metric(step))
                                   : scheduler->Step();
}

std::unique_ptr<LrScheduler> Make(const Case& c) {
  Diagnostics diags;
  auto args = ParseYaml(c.args, "c.yaml", &diags);
  EXPECT_TRUE(args.ok()) << c.args;
  auto made = MakeLrScheduler(c.name, *args, &diags);
  EXPECT_TRUE(made.ok()) << c.name << ' ' << c.args << ": " << diags.ToString();
  return made.ok() ? *std::move(made) : nullptr;
}

// What a run does before the step: new groups at 30 and 60.
void MayThaw(int step, bool apply_lambdas, std::vector<Group>* groups,
             LrScheduler* scheduler) {
  if (step != 30 && step != 60) return;
  groups->push_back(MakeGroup(step == 30 ? 0.02 : 3e-5));
  const absl::Status status = scheduler->OnGroupsAdded(apply_lambdas);
  EXPECT_TRUE(status.ok()) << status;
}

TEST(LrGoldenTest, RatesArePyTorchsOver200Steps) {
  std::set<std::string> names;
  for (const Case& c : Golden()) {
    names.insert(c.name);
    auto scheduler = Make(c);
    ASSERT_NE(scheduler, nullptr);
    EXPECT_EQ(scheduler->name(), c.name);
    std::vector<Group> groups{MakeGroup(0.1)};
    ASSERT_TRUE(scheduler->Attach(&groups).ok());
    auto row = c.rows.begin();
    for (int step = 0; step <= kSteps; ++step) {
      MayThaw(step, c.apply_lambdas, &groups, scheduler.get());
      if (row != c.rows.end() && row->step == step) {
        for (size_t i = 0; i < groups.size(); ++i) {
          ASSERT_NEAR(groups[i].lr, row->rates[i], 1e-12)
              << c.name << ' ' << c.args << ": group " << i << " at " << step;
        }
        ++row;
      }
      ASSERT_TRUE(Advance(scheduler.get(), step).ok());
    }
    EXPECT_EQ(row, c.rows.end());
    EXPECT_EQ(c.rows.size(), 84u);
  }
  EXPECT_EQ(names.size(), 13u);
  EXPECT_GE(Golden().size(), 60u);
}

TEST(LrGoldenTest, SavedStateContinuesTheSame) {
  for (const Case& c : Golden()) {
    for (int stop : {1, 47, 93}) {
      std::vector<Group> groups{MakeGroup(0.1)};
      auto scheduler = Make(c);
      ASSERT_TRUE(scheduler->Attach(&groups).ok());
      for (int step = 0; step < stop; ++step) {
        MayThaw(step, c.apply_lambdas, &groups, scheduler.get());
        ASSERT_TRUE(Advance(scheduler.get(), step).ok());
      }
      // A resumed run: all groups are there, then the state is put back.
      std::vector<Group> resumed_groups = groups;
      auto resumed = Make(c);
      const bool listed = !resumed->CheckGroupCount(groups.size()).ok();
      resumed_groups.resize(listed ? 1 : groups.size());
      ASSERT_TRUE(resumed->Attach(&resumed_groups).ok());
      if (listed) {
        resumed_groups = groups;
        ASSERT_TRUE(resumed->OnGroupsAdded().ok());
      }
      resumed_groups = groups;
      ASSERT_TRUE(resumed->Load(scheduler->Save()).ok());
      for (int step = stop; step < 150; ++step) {
        MayThaw(step, c.apply_lambdas, &groups, scheduler.get());
        MayThaw(step, c.apply_lambdas, &resumed_groups, resumed.get());
        ASSERT_TRUE(Advance(scheduler.get(), step).ok());
        ASSERT_TRUE(Advance(resumed.get(), step).ok());
        ASSERT_EQ(LearningRates(groups), LearningRates(resumed_groups))
            << c.name << ' ' << c.args << " at " << step;
      }
    }
  }
}

TEST(LrGoldenTest, AnotherOptimizersGroupsGoOnTheSame) {
  for (const Case& c : Golden()) {
    std::vector<Group> groups{MakeGroup(0.1)};
    auto scheduler = Make(c), rebound = Make(c);
    ASSERT_TRUE(scheduler->Attach(&groups).ok());
    std::vector<Group> before{MakeGroup(0.1)};
    ASSERT_TRUE(rebound->Attach(&before).ok());
    std::vector<Group> after;
    for (int step = 0; step < 120; ++step) {
      if (step == 50) {
        after = before;
        before.clear();
        rebound->Rebind(&after);
      }
      std::vector<Group>& now = step < 50 ? before : after;
      MayThaw(step, c.apply_lambdas, &groups, scheduler.get());
      MayThaw(step, c.apply_lambdas, &now, rebound.get());
      ASSERT_TRUE(Advance(scheduler.get(), step).ok());
      ASSERT_TRUE(Advance(rebound.get(), step).ok());
      ASSERT_EQ(LearningRates(groups), LearningRates(now))
          << c.name << ' ' << c.args << " at " << step;
    }
  }
}

}  // namespace
}  // namespace fts::optim
