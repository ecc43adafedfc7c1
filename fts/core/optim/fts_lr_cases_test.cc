// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Cases 26 to 32 of FTS's conformance list: the groups' rates at transitions
// and after them, driven by hand in the order of a session (new optimizer,
// latest rates put back, new groups, new scheduler), as FTS 2.14.1 does it.

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "fts/core/optim/lr_scheduler_factory.h"
#include "fts/core/optim/new_lr_scheduler.h"

namespace fts::optim {
namespace {

YamlNode Parse(const std::string& yaml) {
  Diagnostics diags;
  auto node = ParseYaml(yaml, "s.yaml", &diags);
  EXPECT_TRUE(node.ok()) << diags.ToString();
  return node.ok() ? *node : YamlNode();
}

std::unique_ptr<LrScheduler> Make(const std::string& name,
                                  const YamlNode& args) {
  Diagnostics diags;
  auto made = MakeLrScheduler(name, args, &diags);
  EXPECT_TRUE(made.ok()) << diags.ToString();
  return *std::move(made);
}

Group MakeGroup(double lr) {
  Group group;
  group.lr = group.initial_lr = lr;
  return group;
}

// Starts as P, the usual run: a base rate of 1e-3 under StepLR(1, 0.7).
class FtsLrCases : public ::testing::Test {
 protected:
  void Start(const std::vector<double>& rates, const std::string& name = "",
             const std::string& args = "") {
    for (double lr : rates) groups_.push_back(MakeGroup(lr));
    scheduler_ =
        Make(name.empty() ? "StepLR" : name,
             Parse(name.empty() ? "{step_size: 1, gamma: 0.7}" : args));
    ASSERT_TRUE(scheduler_->Attach(&groups_).ok());
  }

  void Steps(int count) {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(scheduler_->Step().ok());
  }

  void Thaw(const std::vector<double>& rates, bool apply_lambdas = false) {
    for (double lr : rates) groups_.push_back(MakeGroup(lr));
    if (scheduler_ == nullptr) return;
    ASSERT_TRUE(scheduler_->OnGroupsAdded(apply_lambdas).ok());
  }

  // The groups so far over a new optimizer: at the rates it gives them, then
  // with those they had.
  void ReplaceOptimizer(const std::vector<double>& rates) {
    const std::vector<double> latest = LearningRates(groups_);
    ASSERT_EQ(rates.size(), latest.size());
    new_groups_.clear();
    for (double lr : rates) new_groups_.push_back(MakeGroup(lr));
    for (size_t i = 0; i < latest.size(); ++i) new_groups_[i].lr = latest[i];
    groups_.swap(new_groups_);
    scheduler_->Rebind(&groups_);
  }

  void ReplaceScheduler(const std::string& yaml) {
    Diagnostics diags;
    auto spec = ReadNewLrSchedulerSpec(Parse(yaml), &diags);
    ASSERT_TRUE(spec.ok()) << diags.ToString();
    PrepareGroupsForNewScheduler(&groups_, *spec);
    scheduler_ = Make(spec->scheduler.name, spec->scheduler.args);
    ASSERT_TRUE(scheduler_->Attach(&groups_).ok());
  }

  void ExpectRates(const std::vector<double>& wanted) {
    ASSERT_EQ(groups_.size(), wanted.size());
    for (size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_NEAR(groups_[i].lr, wanted[i], 1e-15) << i;
    }
  }

  void ExpectInitialRates(const std::vector<double>& wanted) {
    ASSERT_EQ(groups_.size(), wanted.size());
    for (size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_NEAR(groups_[i].initial_lr, wanted[i], 1e-15) << i;
    }
  }

  static std::string StepLr(double gamma) {
    return "lr_scheduler_init: {class_path: torch.optim.lr_scheduler.StepLR, "
           "init_args: {step_size: 1, gamma: " +
           std::to_string(gamma) + "}}\n";
  }

  std::vector<Group> groups_, new_groups_;
  std::unique_ptr<LrScheduler> scheduler_;
};

TEST_F(FtsLrCases, Case26ExplicitPhasesHaveRatesOfTheirOwn) {
  Start({1e-3});
  Thaw({1e-6});
  Thaw({1e-5});
  ExpectInitialRates({1e-3, 1e-6, 1e-5});
  EXPECT_EQ(scheduler_->base_lrs(), (std::vector<double>{1e-3, 1e-6, 1e-5}));
}

TEST_F(FtsLrCases, Case27TwoGroupsPerPhaseUnderNoDecay) {
  Start({1e-3, 1e-3});
  Steps(5);
  Thaw({1e-5, 1e-5});
  ExpectRates({1.6807e-4, 1.6807e-4, 1e-5, 1e-5});
  Steps(1);
  Thaw({1e-5, 1e-5});
  ExpectRates({1.17649e-4, 1.17649e-4, 7e-6, 7e-6, 1e-5, 1e-5});
}

// The transitions of case 24: at epochs 5, 6 and 7.
TEST_F(FtsLrCases, Case24RatesOfImplicitPhases) {
  Start({1e-3});
  Steps(5);
  for (int phase = 1; phase <= 3; ++phase) {
    Thaw({1e-5});
    EXPECT_EQ(groups_.back().lr, 1e-5);
    if (phase < 3) Steps(1);
  }
  ExpectRates({1e-3 * std::pow(0.7, 7), 1e-5 * 0.49, 1e-5 * 0.7, 1e-5});
}

TEST_F(FtsLrCases, Case28WithoutASchedulerRatesStay) {
  groups_ = {MakeGroup(0.1)};
  Thaw({1e-5});
  ExpectRates({0.1, 1e-5});
  Thaw({1e-5});
  ExpectRates({0.1, 1e-5, 1e-5});
}

TEST_F(FtsLrCases, Case29AReinitPerPhaseStartsFromInitialLr) {
  Start({1e-3});
  Steps(5);
  Thaw({1e-5});
  ReplaceScheduler(StepLr(0.7));
  ExpectRates({1e-3, 1e-5});
  EXPECT_EQ(scheduler_->last_epoch(), 0);
  Steps(1);
  ExpectRates({7e-4, 7e-6});
  Thaw({1e-5});
  ReplaceScheduler(StepLr(0.7));
  ExpectRates({1e-3, 1e-5, 1e-5});
}

TEST_F(FtsLrCases, Case29PresentRatesWhenAsked) {
  Start({1e-3});
  Steps(5);
  Thaw({1e-5});
  ReplaceScheduler(StepLr(0.5) + "use_current_optimizer_pg_lrs: true\n");
  ExpectRates({1.6807e-4, 1e-5});
  ExpectInitialRates({1e-3, 1e-5});
  Steps(1);
  ExpectRates({1.6807e-4 / 2, 5e-6});
  // A class that computes from base rates has them from initial_lr.
  ReplaceScheduler(
      "lr_scheduler_init: {class_path: LambdaLR, init_args: {lr_lambda: 0.5 ** "
      "epoch}}\nuse_current_optimizer_pg_lrs: true\n");
  ExpectRates({1e-3, 1e-5});
}

TEST_F(FtsLrCases, Case30ListedRatesForTheGroupsBefore) {
  Start({1e-3});
  Steps(3);
  Thaw({1e-5});
  Steps(2);
  Thaw({3e-6});
  ReplaceScheduler(StepLr(0.2) + "init_pg_lrs: [1.0e-06, 2.0e-06]\n");
  ExpectRates({1e-6, 2e-6, 3e-6});
  ExpectInitialRates({1e-6, 2e-6, 3e-6});
  EXPECT_EQ(scheduler_->base_lrs(), (std::vector<double>{1e-6, 2e-6, 3e-6}));
  Steps(1);
  ExpectRates({2e-7, 4e-7, 6e-7});
}

TEST_F(FtsLrCases, Case31ANewOptimizerKeepsTheLatestRates) {
  Start({1e-3});
  Steps(4);
  ReplaceOptimizer({2.2e-4});
  Thaw({1e-5});
  ExpectRates({2.401e-4, 1e-5});
  ExpectInitialRates({2.2e-4, 1e-5});
  // The scheduler goes on: base rates and count are those it had.
  EXPECT_EQ(scheduler_->base_lrs(), (std::vector<double>{1e-3, 1e-5}));
  EXPECT_EQ(scheduler_->last_epoch(), 4);
  Steps(1);
  ExpectRates({1.6807e-4, 7e-6});
  ReplaceOptimizer({2.2e-4, 1e-5});
  Thaw({1e-5});
  ExpectRates({1.6807e-4, 7e-6, 1e-5});
}

TEST_F(FtsLrCases, Case31WithANewSchedulerRatesAreTheNewOptimizers) {
  Start({1e-3});
  Steps(4);
  ReplaceOptimizer({2.2e-4});
  Thaw({1e-5});
  ReplaceScheduler(StepLr(0.5));
  ExpectRates({2.2e-4, 1e-5});
  Steps(1);
  ExpectRates({1.1e-4, 5e-6});
}

TEST_F(FtsLrCases, Case32NewGroupsTakeTheLambdaWhenAsked) {
  Start({1e-3}, "LambdaLR", "{lr_lambda: 'min(1.0, epoch / 100)'}");
  Steps(64);
  ExpectRates({6.4e-4});
  Thaw({1e-5}, /*apply_lambdas=*/true);
  ExpectRates({6.4e-4, 6.4e-6});
  ExpectInitialRates({1e-3, 6.4e-6});
  EXPECT_EQ(scheduler_->base_lrs(), (std::vector<double>{1e-3, 1e-5}));
  Steps(1);
  ExpectRates({6.5e-4, 6.5e-6});
}

TEST_F(FtsLrCases, Case32NewGroupsStartAtTheirRateOtherwise) {
  Start({1e-3}, "LambdaLR", "{lr_lambda: 'min(1.0, epoch / 100)'}");
  Steps(64);
  Thaw({1e-5});
  EXPECT_TRUE(scheduler_->has_lambdas());  // what the warning asks
  ExpectRates({6.4e-4, 1e-5});
  Steps(1);
  ExpectRates({6.5e-4, 6.5e-6});
}

}  // namespace
}  // namespace fts::optim
