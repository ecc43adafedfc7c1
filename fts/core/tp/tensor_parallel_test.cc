// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/tp/tensor_parallel.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fts/core/tp/traced_testutil.h"

namespace fts::tp {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;

at::Tensor Values(at::IntArrayRef sizes, double from) {
  int64_t numel = 1;
  for (const int64_t size : sizes) numel *= size;
  return at::arange(numel, at::kFloat).add_(from).view(sizes);
}

TEST(TensorParallel, CutsParametersInPlaceAndJoinsThemAgain) {
  const std::map<std::string, at::Tensor> whole = {
      {"rows", Values({7, 3}, 0)},       // 3, 3, 1
      {"columns", Values({2, 5}, 100)},  // 2, 2, 1
      {"deep", Values({2, 6, 2}, 200)},
      {"norm", Values({4}, 300)}};
  TpPlan plan;
  plan.size = 3;
  plan.parameters["rows"].placement = Placement::Shard(0);
  plan.parameters["columns"].placement = Placement::Shard(-1);
  plan.parameters["deep"].placement = Placement::Shard(1);
  plan.parameters["norm"].partial_gradient = true;
  RunRanks(3, [&](RankComms comms) {
    Traced t(comms);
    NamedTensors parameters;
    for (const auto& [name, value] : whole) {
      parameters.emplace_back(name, at::empty(value.sizes()).requires_grad_());
    }
    const auto tp = *TensorParallel::Create(plan, parameters, t.group);
    const RangeLoader loader =
        tp->LocalLoader([&](const std::string& name, int64_t begin, int64_t end,
                            at::Tensor dst) {
          dst.copy_(whole.at(name).view({-1}).narrow(0, begin, end - begin));
          return absl::OkStatus();
        });
    const int rank = t.group->rank();
    for (const auto& [name, parameter] : parameters) {
      SCOPED_TRACE(name + " on rank " + std::to_string(rank));
      const at::Tensor& full = whole.at(name);
      at::Tensor want = full;
      if (name == "rows") want = full.narrow(0, 3 * rank, rank < 2 ? 3 : 1);
      if (name == "columns") want = full.narrow(1, 2 * rank, rank < 2 ? 2 : 1);
      if (name == "deep") want = full.narrow(1, 2 * rank, 2);
      EXPECT_EQ(parameter.sizes(), want.sizes());
      EXPECT_TRUE(parameter.requires_grad());
      // In pieces, as flat ranges over data-parallel ranks ask for them.
      at::Tensor flat = at::empty({want.numel()});
      const int64_t cut = want.numel() / 2;
      ASSERT_TRUE(loader(name, 0, cut, flat.narrow(0, 0, cut)).ok());
      ASSERT_TRUE(loader(name, cut, want.numel(),
                         flat.narrow(0, cut, want.numel() - cut))
                      .ok());
      EXPECT_TRUE(at::equal(flat, want.reshape({-1})));
      EXPECT_TRUE(at::equal(*tp->Whole(name, flat.view(want.sizes())), full));
    }
  });
}

TEST(TensorParallel, SaysWhatDoesNotFit) {
  const auto group = std::make_shared<const Group>(0, 2);
  TpPlan plan;
  plan.size = 4;
  EXPECT_EQ(TensorParallel::Create(plan, {}, group).status().message(),
            "the tp_plan was resolved for 4 ranks along tp, but there are 2");
  plan.size = 2;
  plan.parameters["w"].placement = Placement::Shard(0);
  EXPECT_EQ(TensorParallel::Create(plan, {}, group).status().message(),
            "the tp_plan splits parameter 'w', which the model does not have");
  EXPECT_EQ(TensorParallel::Create(plan, {{"w", at::empty({1, 3})}},
                                   std::make_shared<const Group>(1, 2))
                .status()
                .message(),
            "parameter 'w' leaves nothing for the last of 2 ranks along tp; "
            "use a smaller mesh.tp");
  plan.parameters["w"].shape = {8, 3};
  EXPECT_EQ(
      TensorParallel::Create(plan, {{"w", at::empty({4, 3})}}, group)
          .status()
          .message(),
      "parameter 'w' has shape [4, 3], but the tp_plan was resolved for [8, "
      "3]; a model whose parameters another session has cut must be made anew");
  plan.parameters["w"].shape.clear();
  plan.loss_parallel = true;
  plan.loss_module = "head";
  EXPECT_EQ(TensorParallel::Create(plan, {{"w", at::empty({4, 3})}}, group)
                .status()
                .message(),
            "loss_parallel: the tp_plan has no rule for module 'head', which "
            "makes the logits");
}

}  // namespace
}  // namespace fts::tp
