// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Updates against torch.optim's (testdata/optimizer_golden.py), and the rules
// about groups, unused parameters and saved state.

#include "fts/core/optim/optimizer.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <set>

#include "fts/core/optim/adam.h"
#include "fts/core/optim/clip.h"
#include "fts/core/optim/sgd.h"

namespace fts::optim {
namespace {

#include "fts/core/optim/testdata/optimizer_golden.inc"

const std::vector<int64_t> kSizes = {5, 3, 7};
constexpr int kSteps = 6;

bool Unused(int parameter, int step) {
  return parameter == 1 && (step == 2 || step == 3);
}

float Grid(int parameter, int element, int step) {
  return static_cast<float>((element * 37 + step * 11 + parameter * 5) % 17 -
                            8) /
         8.0f;
}

class FakeFlat : public FlatParameter {
 public:
  // Parameters of these sizes one after another; the last has no decay.
  explicit FakeFlat(std::vector<int64_t> sizes = kSizes, int64_t padding = 1,
                    at::ScalarType dtype = at::kFloat) {
    int64_t end = 0;
    for (size_t p = 0; p < sizes.size(); ++p) {
      extents_.push_back(
          {end, end + sizes[p], static_cast<int>(p), p + 1 != sizes.size()});
      end += sizes[p];
    }
    value_ = at::zeros({end + padding}, dtype);
    grad_ = at::zeros({end + padding}, dtype);
    Fill(value_, 100);
  }

  void Fill(at::Tensor tensor, int step) {
    for (const Extent& extent : extents_) {
      for (int64_t i = extent.begin; i < extent.end; ++i) {
        tensor[i] =
            Grid(extent.param_index, static_cast<int>(i - extent.begin), step);
      }
    }
  }

  at::Tensor value() override { return value_; }
  at::Tensor grad() override { return grad_; }
  const std::vector<Extent>& extents() const override { return extents_; }

  at::Tensor value_, grad_;
  std::vector<Extent> extents_;
};

UsedMask UsedAt(int step) {
  UsedMask used;
  for (size_t p = 0; p < kSizes.size(); ++p) {
    used.push_back(!Unused(static_cast<int>(p), step));
  }
  return used;
}

void AddTwoGroups(Optimizer& optimizer, std::shared_ptr<FakeFlat> flat) {
  ASSERT_TRUE(
      optimizer.AddGroup({"decay", 0.01, 0.1, ExtentClass::kDecay}, {flat})
          .ok());
  ASSERT_TRUE(
      optimizer.AddGroup({"no_decay", 0.01, 0.0, ExtentClass::kNoDecay}, {flat})
          .ok());
}

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
void ExpectGolden(Make make, const float (&wanted)[15]) {
  auto optimizer = make();
  auto flat = std::make_shared<FakeFlat>();
  flat->value_[15] = 42;
  AddTwoGroups(*optimizer, flat);
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

TEST(OptimizerTest, Bf16StatesAreBf16) {
  FlatAdamW optimizer;
  auto flat = std::make_shared<FakeFlat>(kSizes, 1, at::kBFloat16);
  ASSERT_TRUE(optimizer.AddGroup({"all", 0.01, 0.1}, {flat}).ok());
  flat->Fill(flat->grad_, 0);
  ASSERT_TRUE(optimizer.Step().ok());
  EXPECT_EQ(optimizer.StateBytes(), 2 * 16 * 2);
}

TEST(OptimizerTest, CountsTheBytesOfMoments) {
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

TEST(OptimizerTest, RestoreRewindsMomentsAndStepsAndKeepsRates) {
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

TEST(OptimizerTest, SavingAgainReusesTheMemory) {
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

TEST(OptimizerTest, RestoringAnotherLayoutIsAnError) {
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
            "optimizer group 'x': member 0 is listed twice");
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
