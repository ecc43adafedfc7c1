// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// State of optimizers: its size, saving and putting back, and members that
// leave and come back.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "fts/core/optim/adagrad.h"
#include "fts/core/optim/adam.h"
#include "fts/core/optim/optimizer.h"
#include "fts/core/optim/optimizer_testutil.h"
#include "fts/core/optim/sgd.h"

namespace fts::optim {
namespace {

TEST(OptimizerStateTest, RestoreRewindsMomentsAndStepsAndKeepsRates) {
  FlatAdamW optimizer;
  auto flat = std::make_shared<FakeFlat>();
  AddTwoGroups(optimizer, flat);
  flat->Fill(flat->grad_, 0);
  ASSERT_TRUE(optimizer.Step().ok());
  OptimizerSnapshot snapshot;
  optimizer.Save(&snapshot);
  const at::Tensor value = flat->value_.clone();
  EXPECT_EQ(snapshot.bytes(), 2 * 16 * 4);

  ASSERT_TRUE(optimizer.Step().ok());
  const at::Tensor wanted = flat->value_.clone();
  ASSERT_TRUE(optimizer.Step({true, false, true}).ok());
  auto late = std::make_shared<FakeFlat>();
  ASSERT_TRUE(optimizer.AddGroup({"late", 0.5, 0}, {late}).ok());
  late->Fill(late->grad_, 2);
  ASSERT_TRUE(optimizer.Step().ok());
  (*optimizer.mutable_groups())[0].lr = 0.01 * 0.7;

  ASSERT_TRUE(optimizer.Restore(snapshot).ok());
  EXPECT_EQ(optimizer.groups()[0].lr, 0.01 * 0.7);
  EXPECT_EQ(optimizer.groups().size(), 3u);
  EXPECT_EQ(optimizer.StepCounts(*flat), (std::vector<int64_t>{1, 1, 1}));
  // Added since: afresh.
  EXPECT_EQ(optimizer.StepCounts(*late), (std::vector<int64_t>{0, 0, 0}));
  EXPECT_EQ(optimizer.StateTensors(*late)[0].second.abs().max().item<float>(),
            0.0f);
  // The step made from there is the one made before, bit for bit.
  (*optimizer.mutable_groups())[0].lr = 0.01;
  flat->value_.copy_(value);
  ASSERT_TRUE(optimizer.Step().ok());
  EXPECT_TRUE(at::equal(flat->value_, wanted));
}

TEST(OptimizerStateTest, SavingAgainReusesTheMemory) {
  FlatAdamW optimizer;
  auto flat = std::make_shared<FakeFlat>();
  AddTwoGroups(optimizer, flat);
  OptimizerSnapshot snapshot;
  optimizer.Save(&snapshot);
  const void* before = snapshot.entries[flat.get()].moments[0].data_ptr();
  optimizer.Save(&snapshot);
  EXPECT_EQ(snapshot.entries[flat.get()].moments[0].data_ptr(), before);
  EXPECT_NE(before, optimizer.StateTensors(*flat)[0].second.data_ptr());
}

TEST(OptimizerStateTest, RestoringAnotherLayoutIsAnError) {
  FlatAdamW optimizer;
  auto flat = std::make_shared<FakeFlat>();
  AddTwoGroups(optimizer, flat);
  OptimizerSnapshot snapshot;
  optimizer.Save(&snapshot);
  snapshot.entries[flat.get()].moments[0] = at::zeros({3});
  EXPECT_EQ(optimizer.Restore(snapshot).message(),
            "AdamW: the snapshot's layout is not the optimizer's any more; "
            "take a new one after a change of layout");
}

TEST(OptimizerStateTest, CountsTheBytesOfMoments) {
  auto flat = std::make_shared<FakeFlat>();
  FlatAdamW adamw;
  AddTwoGroups(adamw, flat);
  EXPECT_EQ(adamw.StateBytes(), 2 * 16 * 4);
  FlatSgd plain;
  AddTwoGroups(plain, flat);
  EXPECT_EQ(plain.StateBytes(), 0);
  EXPECT_EQ(adamw.StateTensors(*flat)[1].first, "exp_avg_sq");
  FakeFlat other;
  EXPECT_TRUE(adamw.StateTensors(other).empty());
}

TEST(OptimizerStateTest, Bf16StatesAreBf16) {
  FlatAdamW optimizer;
  auto flat = std::make_shared<FakeFlat>(kSizes, 1, at::kBFloat16);
  ASSERT_TRUE(optimizer.AddGroup({"all", 0.01, 0.1}, {flat}).ok());
  flat->Fill(flat->grad_, 0);
  ASSERT_TRUE(optimizer.Step().ok());
  EXPECT_EQ(optimizer.StateBytes(), 2 * 16 * 2);
}

TEST(OptimizerStateTest, RemovedMembersGiveTheirStateBack) {
  FlatAdamW optimizer;
  auto stays = std::make_shared<FakeFlat>(),
       goes = std::make_shared<FakeFlat>();
  AddTwoGroups(optimizer, stays);
  AddTwoGroups(optimizer, goes);
  stays->Fill(stays->grad_, 0);
  goes->Fill(goes->grad_, 0);
  ASSERT_TRUE(optimizer.Step().ok());
  ASSERT_EQ(optimizer.StateBytes(), 2 * 2 * 16 * 4);
  FakeFlat stranger;

  optimizer.Remove({goes.get(), &stranger});
  EXPECT_EQ(optimizer.StateBytes(), 2 * 16 * 4);
  EXPECT_EQ(goes.use_count(), 1);
  ASSERT_EQ(optimizer.groups().size(), 4u);  // the places stay
  EXPECT_EQ(optimizer.groups()[0].members.size(), 1u);
  EXPECT_TRUE(optimizer.groups()[2].members.empty());
  EXPECT_TRUE(optimizer.groups()[3].members.empty());
  EXPECT_TRUE(optimizer.StateTensors(*goes).empty());

  const at::Tensor before = goes->value_.clone();
  ASSERT_TRUE(optimizer.Step().ok());
  EXPECT_EQ(optimizer.last_step_calls(), 2);
  EXPECT_TRUE(at::equal(goes->value_, before));
  EXPECT_EQ(optimizer.StepCounts(*stays), (std::vector<int64_t>{2, 2, 2}));
}

TEST(OptimizerStateTest, AMemberThatComesBackStartsAfresh) {
  FlatAdamW optimizer;
  auto flat = std::make_shared<FakeFlat>();
  ASSERT_TRUE(optimizer.AddGroup({"phase 0", 0.1, 0}, {flat}).ok());
  flat->Fill(flat->grad_, 0);
  ASSERT_TRUE(optimizer.Step().ok());
  OptimizerSnapshot snapshot;
  optimizer.Save(&snapshot);

  optimizer.Remove({flat.get()});
  ASSERT_TRUE(optimizer.AddGroup({"phase 2", 0.1, 0}, {flat}).ok());
  EXPECT_EQ(optimizer.StepCounts(*flat), (std::vector<int64_t>{0, 0, 0}));
  ASSERT_TRUE(optimizer.Step().ok());
  // The snapshot is of its earlier life, even though the address is the same.
  ASSERT_TRUE(optimizer.Restore(snapshot).ok());
  EXPECT_EQ(optimizer.StepCounts(*flat), (std::vector<int64_t>{0, 0, 0}));
  EXPECT_EQ(optimizer.StateTensors(*flat)[0].second.abs().max().item<float>(),
            0.0f);
}

TEST(OptimizerStateTest, AnotherOptimizersSnapshotStartsAllAfresh) {
  FlatAdamW first;
  FlatSgd second(SgdOptions{0.9});
  auto flat = std::make_shared<FakeFlat>();
  ASSERT_TRUE(first.AddGroup({"phase 0", 0.1, 0}, {flat}).ok());
  ASSERT_TRUE(second.AddGroup({"phase 0", 0.1, 0}, {flat}).ok());
  OptimizerSnapshot snapshot;
  first.Save(&snapshot);
  flat->Fill(flat->grad_, 0);
  ASSERT_TRUE(second.Step().ok());
  ASSERT_TRUE(second.Restore(snapshot).ok());
  EXPECT_EQ(second.StepCounts(*flat), (std::vector<int64_t>{0, 0, 0}));
}

TEST(OptimizerStateTest, AfreshMeansTheInitialValue) {
  AdagradOptions options;
  options.initial_accumulator_value = 0.25;
  FlatAdagrad optimizer(options);
  auto flat = std::make_shared<FakeFlat>();
  ASSERT_TRUE(optimizer.AddGroup({"all", 0.1, 0}, {flat}).ok());
  const at::Tensor sum = optimizer.StateTensors(*flat)[0].second;
  EXPECT_EQ(sum.min().item<float>(), 0.25f);
  flat->Fill(flat->grad_, 0);
  ASSERT_TRUE(optimizer.Step().ok());
  EXPECT_GT(sum.max().item<float>(), 0.25f);
  ASSERT_TRUE(optimizer.Restore({}).ok());
  EXPECT_EQ(sum.max().item<float>(), 0.25f);
}

}  // namespace
}  // namespace fts::optim
