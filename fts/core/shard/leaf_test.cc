// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/shard/leaf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <sstream>

#include "fts/core/shard/tensor_util.h"

namespace fts::shard {
namespace {

using ::testing::HasSubstr;

// The text of what `body` throws, or "" when it does not.
template <typename F>
std::string Thrown(F body) {
  try {
    body();
  } catch (const std::exception& e) {
    return e.what();
  }
  return "";
}

struct Fixture {
  at::Tensor parameter = torch::ones({2, 3}).set_requires_grad(true);
  at::Tensor flat = EmptyFlat(16, at::kFloat, at::kCPU);
  Leaf leaf{"layer.weight", parameter, /*offset=*/4, /*index=*/0, true};
  Fixture() {
    leaf.Adopt(flat, "layer");
    SilentWrites guard;
    flat.copy_(torch::arange(16));
  }
};

TEST(LeafTest, AdoptKeepsIdentityAndAliasesTheFlatBuffer) {
  Fixture f;
  EXPECT_EQ(f.parameter.unsafeGetTensorImpl(),
            f.leaf.tensor().unsafeGetTensorImpl());
  EXPECT_TRUE(f.parameter.is_leaf());
  EXPECT_TRUE(
      torch::equal(f.parameter.detach(),
                   torch::tensor({4.f, 5.f, 6.f, 7.f, 8.f, 9.f}).view({2, 3})));
}

TEST(LeafTest, EveryAccessWhilePoisonedNamesTheParameter) {
  Fixture f;
  f.leaf.Poison();
  FreeStorage(f.flat);
  const std::string want =
      "parameter 'layer.weight' was accessed while its unit 'layer' is "
      "resharded";
  EXPECT_THAT(Thrown([&] { f.parameter.sum().item<float>(); }),
              HasSubstr(want));
  EXPECT_THAT(Thrown([&] { f.parameter.clone(); }), HasSubstr(want));
  EXPECT_THAT(Thrown([&] { f.parameter.detach().fill_(1); }), HasSubstr(want));
  EXPECT_THAT(Thrown([&] {
                torch::mm(torch::ones({1, 2}), f.parameter);
              }),
              HasSubstr(want));
  EXPECT_THAT(Thrown([&] { f.parameter.data_ptr<float>(); }), HasSubstr(want));
  EXPECT_THAT(Thrown([&] { f.parameter.to(at::kDouble); }), HasSubstr(want));
}

TEST(LeafTest, SavingWhilePoisonedFailsInsteadOfWritingABadFile) {
  Fixture f;
  f.leaf.Poison();
  FreeStorage(f.flat);
  EXPECT_THAT(Thrown([&] {
                std::stringstream out;
                torch::save(f.parameter, out);
              }),
              HasSubstr("parameter 'layer.weight' was accessed"));
}

TEST(LeafTest, ExposeBringsValuesBackAndSavedViewsFollow) {
  Fixture f;
  const at::Tensor view = f.parameter.t();  // what mm's backward would save
  f.leaf.Poison();
  FreeStorage(f.flat);
  AllocateStorage(f.flat);
  {
    SilentWrites guard;
    f.flat.copy_(torch::arange(16) * 2);
  }
  f.leaf.Expose();
  EXPECT_EQ(f.parameter[0][0].item<float>(), 8);
  EXPECT_EQ(view[0][0].item<float>(), 8);
}

TEST(LeafTest, SilentWritesDoNotInvalidateSavedTensors) {
  Fixture f;
  at::Tensor x = torch::ones({1, 2}).set_requires_grad(true);
  const at::Tensor y = torch::mm(x, f.parameter).sum();
  {
    SilentWrites guard;
    f.flat.mul_(1);
  }
  y.backward();  // would throw "modified by an inplace operation"
  EXPECT_TRUE(x.grad().defined());
}

}  // namespace
}  // namespace fts::shard
