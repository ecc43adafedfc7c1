// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A run that reaches a phase by thawing is the same, bit for bit, as one that
// starts there from the weights and moments of that moment.
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include "fts/core/session/session.h"
#include "fts/core/session/testing/toy_model.h"

namespace fts::testing {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;
using Values = std::map<std::string, at::Tensor>;

constexpr int64_t kSteps = 2;  // of an epoch, which is a phase

// Moments and step counts of one optimizer, put into another with the same
// groups.
void CopyState(const optim::Optimizer& from, optim::Optimizer& to) {
  optim::OptimizerSnapshot theirs, ours;
  from.Save(&theirs);
  to.Save(&ours);
  ASSERT_EQ(from.groups().size(), to.groups().size());
  for (size_t g = 0; g < to.groups().size(); ++g) {
    const auto& members = to.groups()[g].members;
    ASSERT_EQ(from.groups()[g].members.size(), members.size());
    for (size_t m = 0; m < members.size(); ++m) {
      const auto& source = theirs.entries.at(from.groups()[g].members[m].get());
      auto& target = ours.entries.at(members[m].get());
      target.moments = source.moments;
      target.steps = source.steps;
    }
  }
  ASSERT_TRUE(to.Restore(ours).ok());
}

TEST(PhaseStartTest, ThawingIntoAPhaseEqualsStartingThere) {
  for (const int world : {1, 2}) {
    for (const bool mixed : {false, true}) {
      for (const char* strategy : {"", "unplanned: shard\n"}) {
        SCOPED_TRACE(std::string(strategy) + std::to_string(world) +
                     (mixed ? " mixed" : ""));
        RunRanks(world, [&](RankComms comms) {
          ToyOptions options;
          options.block_options = "{act_ckpt: composable}";
          options.strategy = strategy;
          options.clip = 0.5;
          if (mixed) options.precision.param = "bfloat16";
          ToyRank thawed(comms, options), started(comms, options);
          for (int64_t epoch = 0; epoch < 2; ++epoch) {
            for (ToyRank* r : {&thawed, &started}) {
              ASSERT_TRUE(r->session->EpochStart(epoch).ok());
              for (int64_t i = 0; i < kSteps && r == &thawed; ++i) {
                r->NextStep();
              }
              ASSERT_TRUE(r->session->EpochEnd(epoch).ok());
            }
          }
          for (ToyRank* r : {&thawed, &started}) {
            ASSERT_TRUE(r->session->EpochStart(2).ok());
            EXPECT_EQ(r->session->scheduler().phase(), 2);
          }
          // Without the state the two would differ.
          EXPECT_FALSE(at::equal(thawed.Values().at("layers.2.up.weight"),
                                 started.Values().at("layers.2.up.weight")));
          ASSERT_TRUE(started.session->Load(LoadFrom(thawed.Values())).ok());
          CopyState(
              thawed.session->optimizer(),
              const_cast<optim::Optimizer&>(started.session->optimizer()));
          for (int64_t i = 0; i < 3; ++i) {  // on the same samples
            const StepResult want = thawed.Step(2 * kSteps + i);
            const StepResult got = started.Step(2 * kSteps + i);
            EXPECT_EQ(got.loss, want.loss) << i;
            EXPECT_EQ(got.grad_norm, want.grad_norm) << i;
            EXPECT_EQ(got.lr, want.lr) << i;
          }
          const Values want = thawed.Values(), got = started.Values();
          for (const auto& [name, value] : want) {
            EXPECT_TRUE(at::equal(got.at(name), value)) << name;
          }
        });
      }
    }
  }
}

}  // namespace
}  // namespace fts::testing
