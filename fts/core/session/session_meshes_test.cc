// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A scheduled run does not depend on how its ranks share the model: replicas,
// groups of reshard_after_forward, dimensions, units of several modules.
#include <ATen/ops/allclose.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "fts/core/session/session.h"
#include "fts/core/session/testing/toy_model.h"

namespace fts::testing {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;

constexpr int kSamples = 8;  // of a step, over ranks and micro-steps
constexpr int kSteps = 2;    // per phase

struct Curve {
  std::vector<double> loss, norm;
  std::map<std::string, at::Tensor> values;
};

// Three phases, one epoch each.
Curve Train(int world, const ToyOptions& options) {
  Curve curve;
  RunRanks(world, [&](RankComms comms) {
    ToyRank rank(comms, options);
    Curve mine;
    int64_t step = 0;
    for (int phase = 0; phase < 3; ++phase) {
      EXPECT_TRUE(rank.session->EpochStart(phase).ok());
      EXPECT_EQ(rank.session->scheduler().phase(), phase);
      for (int i = 0; i < kSteps; ++i, ++step) {
        const StepResult result = rank.Step(step, kSamples / world);
        mine.loss.push_back(result.loss);
        mine.norm.push_back(result.grad_norm);
        EXPECT_TRUE(rank.session->StepEnd(step).ok());
      }
      rank.session->SetMetric("val_loss", 1);
      EXPECT_TRUE(rank.session->ValidationEnd(phase).ok());
      EXPECT_TRUE(rank.session->EpochEnd(phase).ok());
    }
    EXPECT_TRUE(rank.session->engine().CheckReplicas().ok());
    mine.values = rank.Values();
    if (rank.rank == 0) curve = std::move(mine);
  });
  return curve;
}

void ExpectSame(const Curve& curve, const Curve& want) {
  ASSERT_EQ(curve.loss.size(), want.loss.size());
  for (size_t i = 0; i < want.loss.size(); ++i) {
    EXPECT_NEAR(curve.loss[i], want.loss[i], 1e-5 * want.loss[i]) << i;
    EXPECT_NEAR(curve.norm[i], want.norm[i], 1e-4 * want.norm[i]) << i;
  }
  for (const auto& [name, value] : want.values) {
    EXPECT_TRUE(at::allclose(curve.values.at(name), value, 1e-3, 1e-4)) << name;
  }
}

ToyOptions Options() {
  ToyOptions options;
  options.clip = 0.5;  // in force: the norm decides
  return options;
}

TEST(SessionMeshes, ReplicasTrainAsOneRankDoes) {
  const Curve want = Train(1, Options());
  for (const auto& [world, replicas] :
       std::map<int, int>{{2, 2}, {4, 2}, {8, 4}}) {
    SCOPED_TRACE(world);
    ToyOptions options = Options();
    options.replicas = replicas;
    ExpectSame(Train(world, options), want);
  }
}

TEST(SessionMeshes, EveryOptionTrainsAsOneRankDoes) {
  const Curve want = Train(1, Options());
  ToyOptions groups = Options();
  groups.block_options = "{reshard_after_forward: 2, act_ckpt: composable}";
  ExpectSame(Train(4, groups), want);
  ToyOptions placed = Options();
  placed.fsdp_plan = "  emb: {shard_placement: {dim: -1}}\n";
  placed.replicas = 2;
  ExpectSame(Train(4, placed), want);
  ToyOptions joined = Options();
  joined.block_options = "{one_unit: true, act_ckpt: composable}";
  joined.fsdp_plan = "  'emb|norm$': {one_unit: true}\n";
  ExpectSame(Train(2, joined), want);
}

TEST(SessionMeshes, ReplicasMustDivideTheRanks) {
  RunRanks(4, [](RankComms comms) {
    Ranks ranks(comms.first, comms.second);
    EXPECT_EQ(ranks.SplitReplicas(3).message(),
              "dp_replicate 3 does not divide the 4 data-parallel ranks; use a "
              "divisor");
    EXPECT_EQ(ranks.shard_group()->size(), 4);
    ASSERT_TRUE(ranks.SplitReplicas(2).ok());
    EXPECT_EQ(ranks.shard_group()->size(), 2);
    EXPECT_EQ(ranks.shard_group()->rank(), ranks.rank() % 2);
    EXPECT_EQ(ranks.shard_group()->replica(), ranks.rank() / 2);
  });
}

}  // namespace
}  // namespace fts::testing
