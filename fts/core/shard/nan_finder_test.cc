// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/shard/nan_finder.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "fts/core/shard/chain_net_testutil.h"

namespace fts::shard {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;
using testing::Chain;
using testing::ChainInput;
using testing::ChainPlan;

TEST(NanFinderTest, NanAndInfinityAreFoundInEveryFloatingType) {
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16, at::kDouble}) {
    at::Tensor x = at::zeros({5}, dtype);
    EXPECT_FALSE(HasNonfinite(x));
    x[3] = std::nan("");
    EXPECT_TRUE(HasNonfinite(x));
    x[3] = -std::numeric_limits<double>::infinity();
    EXPECT_TRUE(HasNonfinite(x));
  }
  EXPECT_FALSE(HasNonfinite(at::ones({3}, at::kLong)));
  EXPECT_FALSE(HasNonfinite(at::zeros({0})));
  EXPECT_FALSE(HasNonfinite(at::Tensor()));
}

TEST(NanFinderTest, TheFirstOneStays) {
  const at::Tensor bad = at::full({2}, std::nan(""));
  NanFinder finder;
  finder.Check("the output of ", "a", bad);
  EXPECT_EQ(finder.first(), "");  // off
  finder.Enable(true);
  finder.Check("the output of ", "a", at::zeros({2}));
  finder.Check("the output of ", "b", bad);
  finder.Check("the gradient of ", "c", bad);
  EXPECT_EQ(finder.first(), "the output of b");
  finder.Clear();
  EXPECT_EQ(finder.first(), "");
}

TEST(NanFinderTest, FindingsAreJoinedByText) {
  EXPECT_EQ(JoinFindings({"", "the loss", "x", "the loss"}),
            "the loss on ranks 1, 3; x on rank 2");
  EXPECT_EQ(JoinFindings({"", ""}), "the sum over the ranks");
}

// What ExplainNonfinite says on every rank.
std::string Explain(int world, bool searched,
                    const std::function<double(Chain&, int rank)>& body) {
  std::vector<std::string> out(world);
  RunRanks(world, [&](RankComms comms) {
    const int rank = comms.first->rank();
    Plan plan = ChainPlan({0, 0, 0});
    plan.engine.find_nonfinite = searched;
    Chain chain(plan, comms.first, comms.second);
    chain.engine->Thaw(0);
    const double loss = body(chain, rank);
    EXPECT_TRUE(chain.Synchronize(loss).ok());
    const auto text = chain.engine->ExplainNonfinite(loss);
    EXPECT_TRUE(text.ok()) << text.status();
    out[rank] = *text;
    chain.engine->FinishStep();
    EXPECT_EQ(chain.engine->context().nonfinite.first(), "");
  });
  for (const std::string& text : out) EXPECT_EQ(text, out[0]);
  return out[0];
}

at::Tensor Bad(const at::Tensor& x) { return x / 0.0 * 0.0; }

TEST(NanFinderTest, AUnitsOutputIsNamedWithItsRank) {
  const auto body = [](Chain& chain, int rank) {
    at::Tensor x = chain.Run(0, ChainInput(rank, 0));
    x = chain.Run(1, rank == 1 ? Bad(x) : x);
    const at::Tensor loss = chain.Run(2, x).sum();
    loss.backward();
    return loss.item<double>();
  };
  for (const int world : {2, 3}) {
    EXPECT_EQ(Explain(world, true, body), "the output of u1 on rank 1");
    EXPECT_EQ(Explain(world, false, body), "the loss on rank 1");
  }
}

// Finite losses, an infinite gradient: of the hook's rank when searched for,
// else of the rank that holds the sum.
TEST(NanFinderTest, AGradientIsNamed) {
  const auto body = [](Chain& chain, int rank) {
    if (rank == 1) {
      chain.leaves[1].tensor.register_hook([](at::Tensor grad) {
        return grad * std::numeric_limits<double>::infinity();
      });
    }
    const at::Tensor loss = chain.Loss(ChainInput(rank, 0));
    loss.backward();
    return loss.item<double>();
  };
  EXPECT_EQ(Explain(2, true, body), "the gradient of u1.w on rank 1");
  EXPECT_EQ(Explain(2, false, body),
            "the summed gradient of u1.w on ranks 0, "
            "1");
}

TEST(NanFinderTest, OneRankAlone) {
  const auto body = [](Chain& chain, int) {
    const at::Tensor loss = Bad(chain.Loss(ChainInput(0, 0)));
    loss.backward();
    return loss.item<double>();
  };
  EXPECT_EQ(Explain(1, false, body), "the loss on rank 0");
  EXPECT_EQ(Explain(1, true, body), "the gradient of u2.w on rank 0");
}

}  // namespace
}  // namespace fts::shard
