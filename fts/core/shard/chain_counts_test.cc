// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Upstream's test_fully_shard_comm: how many collectives, of how many bytes,
// in which order, for forward, backward, accumulation, evaluation, several
// forwards per backward, unused units and frozen prefixes. Counts come from the
// ledger and from what the trace calls collectives, so that they hold whatever
// else is recorded.
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "fts/core/shard/chain_testutil.h"

namespace fts::shard {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::vector<int64_t>& Widths() {
  static const std::vector<int64_t> widths = {3, 7, 1, 5};
  return widths;
}
constexpr int kBlocks = 3;

// The trace's collectives, without a "(prefetch)" that may stand behind them.
// No test here has a replicated remainder: what is called so is the root's.
std::vector<std::string> Collectives(ShardEngine& engine) {
  std::vector<std::string> out;
  for (std::string event : engine.trace().Take()) {
    const std::string kind = event.substr(0, event.find(' '));
    if (kind != "all_gather" && kind != "reduce_scatter" &&
        kind != "all_reduce") {
      continue;
    }
    const size_t note = event.find(" (prefetch)");
    if (note != std::string::npos) event.resize(note);
    const size_t rest = event.find("(remainder)");
    if (rest != std::string::npos) event.replace(rest, 11, "(root)");
    out.push_back(event);
  }
  return out;
}

int64_t Count(const std::vector<std::string>& events, const char* prefix) {
  return std::count_if(events.begin(), events.end(),
                       [&](const auto& e) { return e.rfind(prefix, 0) == 0; });
}

struct Rank : ChainRank {
  Rank(RankComms comms, ChainPlan options = {})
      : ChainRank(comms, Chain(Widths()), PlanOf(Chain(Widths()), options)) {
    ThawAll();
    engine->trace().Enable(true);
  }
  std::vector<std::string> Events() { return Collectives(*engine); }
  at::Tensor Loss(int step) { return chain.Loss(chain.Input(rank(), step)); }
};

class ChainCountsTest : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Worlds, ChainCountsTest, ::testing::Values(2, 4, 8));

// blocks + 1 gathers forward, blocks backward (the root stays, upstream's
// root rule), blocks + 1 reduce-scatters.
TEST_P(ChainCountsTest, OneStep) {
  RunRanks(GetParam(), [](RankComms comms) {
    Rank r(comms);
    for (int step = 0; step < 2; ++step) {
      const at::Tensor loss = r.Loss(step);
      EXPECT_THAT(r.Events(), ElementsAre("all_gather (root)", "all_gather 0",
                                          "all_gather 1", "all_gather 2"));
      loss.backward();
      const auto events = r.Events();
      EXPECT_EQ(Count(events, "all_gather"), kBlocks);
      EXPECT_EQ(Count(events, "reduce_scatter"), kBlocks + 1);
      EXPECT_EQ(Count(events, "all_reduce"), 0);
      r.Sgd(0.01);
    }
    int64_t bytes = 0;
    for (const auto& segment : r.engine->segments()) {
      bytes += segment->padded() * 4;
    }
    EXPECT_EQ(r.engine->ledger().reduced.bytes, 2 * bytes);
  });
}

// Kept gathered after forward: nothing to gather again.
TEST_P(ChainCountsTest, WithoutResharding) {
  RunRanks(GetParam(), [](RankComms comms) {
    Rank r(comms, {/*reshard=*/false, {}, true});
    const at::Tensor loss = r.Loss(0);
    EXPECT_EQ(Count(r.Events(), "all_gather"), kBlocks + 1);
    loss.backward();
    const auto events = r.Events();
    EXPECT_EQ(Count(events, "all_gather"), 0);
    EXPECT_EQ(Count(events, "reduce_scatter"), kBlocks + 1);
    r.Sgd(0.01);
  });
}

// Reductions in reverse first-forward order on every rank.
TEST_P(ChainCountsTest, OrderOfReductions) {
  RunRanks(GetParam(), [](RankComms comms) {
    Rank r(comms);
    r.Loss(0).backward();
    auto events = r.Events();
    events.erase(std::remove_if(events.begin(), events.end(),
                                [](const auto& e) {
                                  return e.rfind("reduce_scatter", 0) != 0;
                                }),
                 events.end());
    EXPECT_THAT(events,
                ElementsAre("reduce_scatter 2", "reduce_scatter 1",
                            "reduce_scatter 0", "reduce_scatter (root)"));
    r.Sgd(0.01);
  });
}

TEST(ChainCountsWorld1Test, NoCollectiveAtAll) {
  RunRanks(1, [](RankComms comms) {
    Rank r(comms);
    r.Loss(0).backward();
    r.Sgd(0.01);
    EXPECT_THAT(r.Events(), IsEmpty());
    EXPECT_EQ(r.engine->ledger().gathered.calls, 0);
    EXPECT_EQ(r.engine->ledger().reduced.calls, 0);
  });
}

// Sharded partial sums: every micro-step gathers and reduces, and the memory
// of gradients stays 1/N.
TEST(ChainAccumulationTest, EveryMicroStepReduces) {
  RunRanks(2, [](RankComms comms) {
    Rank r(comms);
    int64_t chunks = 0;
    for (const auto& segment : r.engine->segments()) {
      chunks += Bytes(segment->shard());
    }
    for (int micro = 0; micro < 3; ++micro) r.Loss(micro).backward();
    const auto events = r.Events();
    EXPECT_EQ(Count(events, "reduce_scatter"), 3 * (kBlocks + 1));
    EXPECT_EQ(Count(events, "all_reduce"), 0);
    EXPECT_EQ(r.engine->ledger().peak(Holding::kGradient), chunks);
    r.Sgd(0.01);
  });
}

// Two forwards, one backward: reduced once, in one order.
TEST(ChainOrderTest, TwoForwardsOneBackward) {
  RunRanks(2, [](RankComms comms) {
    Rank r(comms);
    (r.Loss(0) + r.Loss(1)).backward();
    const auto events = r.Events();
    EXPECT_EQ(Count(events, "reduce_scatter"), kBlocks + 1);
    // A gather per unit and forward, but for the root which stays; a unit that
    // its first backward has used stays for its second.
    EXPECT_EQ(Count(events, "all_gather"), 2 * kBlocks + 1 + kBlocks);
    r.Sgd(0.01);
  });
}

// An evaluation gathers each unit once and leaves nothing behind but the root,
// which the root rule keeps.
TEST(ChainOrderTest, AnEvaluationBetweenSteps) {
  RunRanks(2, [](RankComms comms) {
    Rank r(comms);
    r.Loss(0).backward();
    r.Sgd(0.01);
    r.Events();
    const int64_t before = r.engine->ledger().now(Holding::kGathered);
    {
      at::NoGradGuard guard;
      r.Loss(1);
      r.Loss(2);
    }
    auto events = r.Events();
    EXPECT_EQ(Count(events, "all_gather"), 2 * kBlocks + 1);
    EXPECT_EQ(Count(events, "reduce_scatter"), 0);
    EXPECT_EQ(r.engine->ledger().now(Holding::kReduce), 0);
    // And the next step is like any other.
    r.Loss(3).backward();
    events = r.Events();
    EXPECT_EQ(Count(events, "reduce_scatter"), kBlocks + 1);
    r.Sgd(0.01);
    EXPECT_EQ(r.engine->ledger().now(Holding::kGathered), before);
  });
}

// A unit that no rank runs is neither gathered nor reduced.
TEST(ChainOrderTest, AUnitThatIsNotRun) {
  RunRanks(2, [](RankComms comms) {
    Rank r(comms);
    r.chain.Block(1, r.chain.Block(0, r.chain.Input(r.rank(), 0)))
        .sum()
        .backward();
    const auto events = r.Events();
    EXPECT_EQ(Count(events, "all_gather 2"), 0);
    EXPECT_EQ(Count(events, "reduce_scatter 2"), 0);
    EXPECT_EQ(Count(events, "reduce_scatter"), 2);
    r.Sgd(0.01);
  });
}

// Upstream gathers a frozen prefix in backward too; there is nothing to do
// with it.
TEST(ChainOrderTest, AFrozenPrefixIsNotGatheredInBackward) {
  RunRanks(2, [](RankComms comms) {
    ChainRank r(comms, Chain(Widths()),
                PlanOf(Chain(Widths()), {true, {1, 1, 0}, true}));
    r.engine->Thaw(0);
    r.engine->trace().Enable(true);
    const at::Tensor loss = r.chain.Loss(r.chain.Input(r.rank(), 0));
    Collectives(*r.engine);
    loss.backward();
    EXPECT_THAT(Collectives(*r.engine),
                ElementsAre("all_gather 2", "reduce_scatter 2"));
    r.Sgd(0.01);
  });
}

}  // namespace
}  // namespace fts::shard
