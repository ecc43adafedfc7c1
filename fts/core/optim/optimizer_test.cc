// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Updates against torch.optim's (testdata/optimizer_golden.py), and the rules
// about groups and unused parameters.

#include "fts/core/optim/optimizer.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "fts/core/optim/adagrad.h"
#include "fts/core/optim/adam.h"
#include "fts/core/optim/clip.h"
#include "fts/core/optim/optimizer_testutil.h"
#include "fts/core/optim/rms_prop.h"
#include "fts/core/optim/sgd.h"

namespace fts::optim {
namespace {

#include "fts/core/optim/testdata/optimizer_golden.inc"

void RunSteps(Optimizer& optimizer, FakeFlat& flat) {
  for (int step = 0; step < kSteps; ++step) {
    flat.Fill(flat.grad_, step);
    // What an unused parameter's range holds must not matter.
    if (!UsedAt(step)[1]) flat.grad_.narrow(0, 5, 3).fill_(1e9);
    const absl::Status status = optimizer.Step(UsedAt(step));
    ASSERT_TRUE(status.ok()) << status;
  }
}

template <typename Make>
void ExpectGolden(Make make, const float (&wanted)[15], double lr = 0.01) {
  auto optimizer = make();
  auto flat = std::make_shared<FakeFlat>();
  flat->value_[15] = 42;
  AddTwoGroups(*optimizer, flat);
  for (Group& group : *optimizer->mutable_groups()) group.lr = lr;
  RunSteps(*optimizer, *flat);
  for (int i = 0; i < 15; ++i) {
    EXPECT_NEAR(flat->value_[i].item<float>(), wanted[i], 4e-7)
        << optimizer->name() << " at " << i;
  }
  EXPECT_EQ(flat->value_[15].item<float>(), 42.0f) << "padding was touched";
}

AdamOptions GoldenAdam() { return {0.8, 0.95, 1e-6}; }

TEST(OptimizerTest, AdamWMatchesPyTorch) {
  ExpectGolden([] { return std::make_unique<FlatAdamW>(GoldenAdam()); },
               kAdamW);
}

TEST(OptimizerTest, AdamMatchesPyTorch) {
  ExpectGolden([] { return std::make_unique<FlatAdam>(GoldenAdam()); }, kAdam);
}

TEST(OptimizerTest, SgdMatchesPyTorch) {
  ExpectGolden([] { return std::make_unique<FlatSgd>(SgdOptions{}); }, kSgd);
  ExpectGolden(
      [] {
        return std::make_unique<FlatSgd>(SgdOptions{0.9, 0.1, false});
      },
      kSgdMomentum);
  ExpectGolden(
      [] {
        return std::make_unique<FlatSgd>(SgdOptions{0.9, 0, true});
      },
      kSgdNesterov);
}

TEST(OptimizerTest, MaximizeAndAmsgradMatchPyTorch) {
  SgdOptions sgd;
  sgd.momentum = 0.9;
  sgd.maximize = true;
  ExpectGolden([&] { return std::make_unique<FlatSgd>(sgd); }, kSgdMaximize);
  AdamOptions adam = GoldenAdam();
  adam.maximize = true;
  ExpectGolden([&] { return std::make_unique<FlatAdamW>(adam); },
               kAdamWMaximize);
  adam.beta2 = 0.6;
  adam.amsgrad = true;
  ExpectGolden([&] { return std::make_unique<FlatAdam>(adam); },
               kAdamAmsgradMaximize);
  adam.maximize = false;
  ExpectGolden([&] { return std::make_unique<FlatAdamW>(adam); },
               kAdamWAmsgrad);
}

TEST(OptimizerTest, AdagradMatchesPyTorch) {
  AdagradOptions options;
  ExpectGolden([&] { return std::make_unique<FlatAdagrad>(options); },
               kAdagrad);
  options.maximize = true;
  ExpectGolden([&] { return std::make_unique<FlatAdagrad>(options); },
               kAdagradMaximize);
  // Another rate, so that lr_decay shows.
  options = {0.1, 0.25, 1e-3, false};
  ExpectGolden([&] { return std::make_unique<FlatAdagrad>(options); },
               kAdagradDecay, 0.05);
}

TEST(OptimizerTest, RmsPropMatchesPyTorch) {
  RmsPropOptions options;
  ExpectGolden([&] { return std::make_unique<FlatRmsProp>(options); },
               kRmsProp);
  options = {0.9, 1e-4, 0.8, false, false};
  ExpectGolden([&] { return std::make_unique<FlatRmsProp>(options); },
               kRmsPropMomentum);
  options = {0.9, 1e-2, 0, true, false};
  ExpectGolden([&] { return std::make_unique<FlatRmsProp>(options); },
               kRmsPropCentered);
  options = {0.8, 1e-2, 0.5, true, true};
  ExpectGolden([&] { return std::make_unique<FlatRmsProp>(options); },
               kRmsPropAll);
}

TEST(OptimizerTest, GroupsTakeTheParametersTheyAreMadeFor) {
  FlatSgd optimizer;
  auto flat = std::make_shared<FakeFlat>(std::vector<int64_t>{2, 2, 2, 2}, 0);
  flat->grad_.fill_(1);
  const at::Tensor before = flat->value_.clone();
  GroupOptions head{"phase 1 head", 1.0, 0};
  head.parameters = {false, false, true};  // 3 is past the end: not in it
  GroupOptions rest{"phase 1 rest", 0.5, 0};
  rest.parameters = {true, false, false, true};
  ASSERT_TRUE(optimizer.AddGroup(head, {flat}).ok());
  ASSERT_TRUE(optimizer.AddGroup(rest, {flat}).ok());
  ASSERT_TRUE(optimizer.Step().ok());
  const float moved[] = {0.5, 0.5, 0, 0, 1, 1, 0.5, 0.5};
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ((before[i] - flat->value_[i]).item<float>(), moved[i]) << i;
  }
  GroupOptions again{"phase 2", 0.5, 0};
  again.parameters = {false, true, true};
  EXPECT_EQ(optimizer.AddGroup(again, {flat}).status().message(),
            "optimizer group 'phase 2': member 0: parameter 2 is in optimizer "
            "group 'phase 1 head' already");
  // Together with a class: parameter 3 is the one without decay.
  GroupOptions both{"phase 2", 0.5, 0, ExtentClass::kDecay};
  both.parameters = {false, true, false, true};
  ASSERT_TRUE(optimizer.AddGroup(both, {flat}).ok());
}

TEST(OptimizerTest, AGroupCanBeExtended) {
  FlatAdamW optimizer;
  auto first = std::make_shared<FakeFlat>(),
       more = std::make_shared<FakeFlat>();
  AddTwoGroups(optimizer, first);
  ASSERT_TRUE(optimizer.ExtendGroup(0, {more}).ok());
  EXPECT_EQ(optimizer.groups()[0].members.size(), 2u);
  ASSERT_TRUE(optimizer.Step().ok());
  // Group 0 takes the decay class only.
  EXPECT_EQ(optimizer.StepCounts(*more), (std::vector<int64_t>{1, 1, 0}));
  ASSERT_TRUE(optimizer.ExtendGroup(1, {more}).ok());
  ASSERT_TRUE(optimizer.Step().ok());
  EXPECT_EQ(optimizer.StepCounts(*more), (std::vector<int64_t>{2, 2, 1}));
  EXPECT_EQ(optimizer.StateBytes(), 2 * 2 * 16 * 4);

  EXPECT_EQ(optimizer.ExtendGroup(0, {more}).message(),
            "optimizer group 'decay': member 0: parameter 0 is in optimizer "
            "group 'decay' already");
  EXPECT_EQ(optimizer.ExtendGroup(2, {}).message(),
            "there is no optimizer group 2; there are 2");
}

TEST(OptimizerTest, OneCallPerGroupWhenAllAreUsed) {
  FlatAdamW optimizer;
  auto flat = std::make_shared<FakeFlat>();
  AddTwoGroups(optimizer, flat);
  ASSERT_TRUE(optimizer.Step().ok());
  EXPECT_EQ(optimizer.last_step_calls(), 2);
}

TEST(OptimizerTest, RunsSplitAroundUnusedAndLaggingParameters) {
  FlatAdamW optimizer;
  auto flat = std::make_shared<FakeFlat>(std::vector<int64_t>{2, 2, 2, 2});
  ASSERT_TRUE(optimizer.AddGroup({"all", 0.1, 0}, {flat}).ok());
  ASSERT_TRUE(optimizer.Step({true, false, true, true}).ok());
  EXPECT_EQ(optimizer.last_step_calls(), 2);
  EXPECT_EQ(optimizer.StepCounts(*flat), (std::vector<int64_t>{1, 0, 1, 1}));
  ASSERT_TRUE(optimizer.Step().ok());
  EXPECT_EQ(optimizer.last_step_calls(), 3);
  ASSERT_TRUE(optimizer.Step({false, false, false, false}).ok());
  EXPECT_EQ(optimizer.last_step_calls(), 0);
}

TEST(OptimizerTest, EmptyExtentsAndPartsOfParametersAreFine) {
  FlatAdamW optimizer;
  auto flat = std::make_shared<FakeFlat>(std::vector<int64_t>{0, 3, 0, 2}, 0);
  flat->Fill(flat->grad_, 1);
  ASSERT_TRUE(optimizer.AddGroup({"all", 0.1, 0}, {flat}).ok());
  ASSERT_TRUE(optimizer.Step().ok());
  EXPECT_EQ(optimizer.last_step_calls(), 1);
}

TEST(OptimizerTest, AnUnusedParameterDoesNotMove) {
  FlatAdamW optimizer;
  auto flat = std::make_shared<FakeFlat>();
  AddTwoGroups(optimizer, flat);
  flat->Fill(flat->grad_, 0);
  ASSERT_TRUE(optimizer.Step().ok());
  const at::Tensor before = flat->value_.clone();
  ASSERT_TRUE(optimizer.Step({true, false, true}).ok());
  EXPECT_TRUE(at::equal(flat->value_.narrow(0, 5, 3), before.narrow(0, 5, 3)));
  EXPECT_FALSE(at::equal(flat->value_.narrow(0, 0, 5), before.narrow(0, 0, 5)));
}

TEST(OptimizerTest, WithoutAGradientNothingMoves) {
  FlatAdamW optimizer;
  auto flat = std::make_shared<FakeFlat>();
  AddTwoGroups(optimizer, flat);
  flat->grad_ = at::Tensor();
  const at::Tensor before = flat->value_.clone();
  ASSERT_TRUE(optimizer.Step().ok());
  EXPECT_TRUE(at::equal(flat->value_, before));
}

TEST(OptimizerTest, SplittingAFlatChangesNothing) {
  // The same elements as one flat, and as two that cut the last parameter.
  FlatAdamW whole, parts;
  auto flat = std::make_shared<FakeFlat>(kSizes, 0);
  ASSERT_TRUE(whole.AddGroup({"all", 0.01, 0.1}, {flat}).ok());
  auto left = std::make_shared<FakeFlat>(),
       right = std::make_shared<FakeFlat>();
  left->extents_ = {{0, 5, 0, true}, {5, 8, 1, true}, {8, 10, 2, true}};
  right->extents_ = {{0, 5, 2, true}};
  left->value_ = flat->value_.narrow(0, 0, 10).clone();
  right->value_ = flat->value_.narrow(0, 10, 5).clone();
  ASSERT_TRUE(parts.AddGroup({"all", 0.01, 0.1}, {left, right}).ok());
  for (int step = 0; step < kSteps; ++step) {
    flat->Fill(flat->grad_, step);
    left->grad_ = flat->grad_.narrow(0, 0, 10).clone();
    right->grad_ = flat->grad_.narrow(0, 10, 5).clone();
    ASSERT_TRUE(whole.Step(UsedAt(step)).ok());
    ASSERT_TRUE(parts.Step(UsedAt(step)).ok());
  }
  EXPECT_TRUE(at::allclose(at::cat({left->value_, right->value_}), flat->value_,
                           0, 1e-7));
}

TEST(OptimizerTest, NamesWrongGroups) {
  FlatAdamW optimizer;
  auto flat = std::make_shared<FakeFlat>();
  AddTwoGroups(optimizer, flat);
  EXPECT_EQ(optimizer.AddGroup({"again", 0.1, 0}, {flat}).status().message(),
            "optimizer group 'again': member 0: parameter 0 is in optimizer "
            "group 'decay' already");
  EXPECT_EQ(optimizer.AddGroup({"x", -1, 0}, {}).status().message(),
            "optimizer group 'x': lr -1.000000 and weight_decay 0.000000 must "
            "not be negative");
  EXPECT_EQ(optimizer.AddGroup({"x", 1, 0}, {nullptr}).status().message(),
            "optimizer group 'x': member 0 is null");
  auto bad = std::make_shared<FakeFlat>();
  bad->extents_[1] = {4, 99, 1, true};
  EXPECT_EQ(optimizer.AddGroup({"x", 1, 0}, {bad}).status().message(),
            "optimizer group 'x': member 0: extent [4, 99) of parameter 1 is "
            "out of order or bounds; the tensor has 16 elements");
  auto twice = std::make_shared<FakeFlat>();
  EXPECT_EQ(optimizer.AddGroup({"x", 1, 0}, {twice, twice}).status().message(),
            "optimizer group 'x': member 1 is listed twice");
  EXPECT_EQ(optimizer.groups().size(), 2u);
}

TEST(OptimizerTest, AGradientOfAnotherDtypeIsAnError) {
  FlatAdamW optimizer;
  auto flat = std::make_shared<FakeFlat>();
  ASSERT_TRUE(optimizer.AddGroup({"all", 0.1, 0}, {flat}).ok());
  flat->grad_ = flat->grad_.to(at::kBFloat16);
  EXPECT_EQ(optimizer.Step().message(),
            "optimizer group 'all': a gradient is BFloat16 of 16 elements, its "
            "value Float of 16");
}

TEST(ClipTest, CoefficientIsPyTorchs) {
  EXPECT_NEAR(ClipCoefficient(at::tensor(4.0, at::kDouble), 1.0).item<double>(),
              1.0 / (4.0 + 1e-6), 1e-15);
  EXPECT_EQ(ClipCoefficient(at::tensor(0.5, at::kDouble), 1.0).item<double>(),
            1.0);
  EXPECT_TRUE(std::isnan(
      ClipCoefficient(at::tensor(NAN, at::kDouble), 1.0).item<double>()));
}

TEST(ClipTest, NormAndScalingCoverAllGradients) {
  auto a = std::make_shared<FakeFlat>(), b = std::make_shared<FakeFlat>();
  auto none = std::make_shared<FakeFlat>();
  a->Fill(a->grad_, 1);
  b->Fill(b->grad_, 2);
  none->grad_ = at::Tensor();
  const FlatParameters flats{a, none, b};
  const double wanted = a->grad_.to(at::kDouble).square().sum().item<double>() +
                        b->grad_.to(at::kDouble).square().sum().item<double>();
  const at::Tensor squared = LocalSquaredNorm(flats);
  EXPECT_NEAR(squared.item<double>(), wanted, 1e-5);
  ScaleGradients(flats, ClipCoefficient(squared.sqrt(), 1.0));
  EXPECT_NEAR(LocalSquaredNorm(flats).sqrt().item<double>(), 1.0, 1e-5);
  EXPECT_EQ(LocalSquaredNorm({none}).item<double>(), 0.0);
}

// Summed in float alone, the square is 1.5 % short here.
TEST(ClipTest, LongGradientsKeepTheirNorm) {
  auto flat = std::make_shared<FakeFlat>();
  const int64_t n = 10000001;
  flat->grad_ = at::full({n}, 0.1f);
  const double value = 0.1f;
  EXPECT_NEAR(LocalSquaredNorm({flat}).item<double>() / (n * value * value),
              1.0, 1e-5);
}

}  // namespace
}  // namespace fts::optim
