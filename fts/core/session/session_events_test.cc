// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What a session does and holds in each phase: collectives counted exactly,
// bytes to the byte, forwards and recomputations; and that sharding and
// checkpointing compose bit-exactly.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fts/core/session/session.h"
#include "fts/core/session/testing/toy_model.h"

namespace fts::testing {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;
using shard::Holding;
using ::testing::ElementsAre;

// How often each event was recorded, without the marks around forwards and
// after backwards.
std::map<std::string, int> Count(const std::vector<std::string>& events) {
  std::map<std::string, int> out;
  for (const std::string& event : events) {
    if (event.rfind("pre_forward", 0) != 0 && event.rfind("post_", 0) != 0) {
      ++out[event];
    }
  }
  return out;
}
using Counts = std::map<std::string, int>;

// Elements of each unit, padded as two ranks hold them.
constexpr int64_t kBlockNumel = 6 + 12 * 6 + 12 + 6 * 12 + 6;
static_assert(kBlockNumel == 168, "the next line rounds it up to 2 * 16");
constexpr int64_t kBlockPadded = 192;
constexpr int64_t kHeadPadded = 96;  // 66 up to 2 * 16
constexpr int64_t kNormPadded = 16;  // 6, replicated: up to 16
constexpr int64_t kEmbPadded = 80;   // 66

TEST(SessionEventsTest, CollectivesPerPhaseAreExact) {
  RunRanks(2, [&](RankComms comms) {
    ToyOptions options;
    options.block_options = "{act_ckpt: composable}";
    ToyRank r(comms, options);
    shard::Trace& trace = r.session->engine().trace();
    auto step = [&](int64_t epoch) {
      EXPECT_TRUE(r.session->EpochStart(epoch).ok());
      trace.Enable(true);
      r.Step(epoch);
      Counts counts = Count(trace.Take());
      trace.Enable(false);
      EXPECT_TRUE(r.session->StepEnd(epoch).ok());
      EXPECT_TRUE(r.session->EpochEnd(epoch).ok());
      return counts;
    };
    // Phase 0: head and norm. Blocks are gathered for their forward only.
    EXPECT_EQ(step(0), (Counts{{"all_gather layers.0", 1},
                               {"reshard layers.0", 1},
                               {"all_gather layers.1", 1},
                               {"reshard layers.1", 1},
                               {"all_gather layers.2", 1},
                               {"reshard layers.2", 1},
                               {"all_gather head", 2},
                               {"reshard head", 2},
                               {"pre_backward head", 1},
                               {"reduce_scatter head", 1},
                               {"all_reduce (remainder)", 1},
                               {"all_reduce (step)", 1}}));
    EXPECT_EQ(step(1), (Counts{{"all_gather layers.0", 1},
                               {"reshard layers.0", 1},
                               {"all_gather layers.1", 1},
                               {"reshard layers.1", 1},
                               {"all_gather layers.2", 2},
                               {"reshard layers.2", 2},
                               {"pre_backward layers.2", 1},
                               {"reduce_scatter layers.2", 1},
                               {"all_gather head", 2},
                               {"reshard head", 2},
                               {"pre_backward head", 1},
                               {"reduce_scatter head", 1},
                               {"all_reduce (remainder)", 1},
                               {"all_reduce (step)", 1}}));
    Counts all = {{"all_reduce (remainder)", 1}, {"all_reduce (step)", 1}};
    for (const char* unit : {"layers.0", "layers.1", "layers.2", "head"}) {
      all[std::string("all_gather ") + unit] = 2;
      all[std::string("reshard ") + unit] = 2;
      all[std::string("pre_backward ") + unit] = 1;
      all[std::string("reduce_scatter ") + unit] = 1;
    }
    EXPECT_EQ(step(2), all);
  });
}

TEST(SessionEventsTest, FrozenPrefixHasNoGraphAndIsNeverRecomputed) {
  for (const int world : {1, 2}) {
    RunRanks(world, [&](RankComms comms) {
      ToyOptions options;
      options.block_options = "{act_ckpt: composable}";
      ToyRank r(comms, options);
      std::vector<int> seen;
      auto step = [&](int64_t epoch) {
        EXPECT_TRUE(r.session->EpochStart(epoch).ok());
        for (int i = 0; i < kBlocks; ++i) r.model->block(i).forwards = 0;
        r.Step(epoch);
        seen.clear();
        for (int i = 0; i < kBlocks; ++i) {
          seen.push_back(r.model->block(i).forwards);
        }
        EXPECT_TRUE(r.session->StepEnd(epoch).ok());
        EXPECT_TRUE(r.session->EpochEnd(epoch).ok());
      };
      step(0);
      EXPECT_THAT(seen, ElementsAre(1, 1, 1));
      EXPECT_THAT(r.model->block_has_graph, ElementsAre(false, false, false));
      step(1);
      EXPECT_THAT(seen, ElementsAre(1, 1, 2));
      EXPECT_THAT(r.model->block_has_graph, ElementsAre(false, false, true));
      step(2);
      EXPECT_THAT(seen, ElementsAre(2, 2, 2));
      EXPECT_THAT(r.model->block_has_graph, ElementsAre(true, true, true));
    });
  }
}

TEST(SessionEventsTest, LedgerIsExactPerPhase) {
  RunRanks(2, [&](RankComms comms) {
    ToyRank r(comms, {});
    auto& ledger = r.session->engine().ledger();
    // Remainder: norm (phase 0) and emb (phase 2), replicated, always there.
    const int64_t replicated = 4 * (kNormPadded + kEmbPadded);
    const int64_t sharded = 4 * (3 * kBlockPadded + kHeadPadded) / 2;
    EXPECT_EQ(ledger.now(Holding::kGathered), replicated);
    EXPECT_EQ(ledger.now(Holding::kShard), sharded);
    EXPECT_EQ(ledger.now(Holding::kGradient), 0);

    auto run = [&](int64_t epoch) {
      EXPECT_TRUE(r.session->EpochStart(epoch).ok());
      EXPECT_TRUE(r.session->EndPhaseUse().ok());
      r.Step(epoch);
      EXPECT_TRUE(r.session->StepEnd(epoch).ok());
      EXPECT_TRUE(r.session->EpochEnd(epoch).ok());
      auto use = r.session->EndPhaseUse();
      EXPECT_TRUE(use.ok()) << use.status();
      // Between steps nothing but shards, replicas and moments remains.
      EXPECT_EQ(ledger.now(Holding::kGathered), replicated);
      EXPECT_EQ(ledger.now(Holding::kShard), sharded);
      EXPECT_EQ(ledger.now(Holding::kGradient), 0);
      EXPECT_EQ(ledger.now(Holding::kReduce), 0);
      return *use;
    };
    PhaseUse use = run(0);
    EXPECT_EQ(use.bytes_gathered, 4 * (3 * kBlockPadded + 2 * kHeadPadded));
    EXPECT_EQ(use.bytes_reduced, 4 * (kHeadPadded + kNormPadded));
    EXPECT_EQ(use.gradient_bytes, 4 * (kHeadPadded / 2 + kNormPadded));
    EXPECT_EQ(use.moment_bytes, 2 * 4 * (kHeadPadded / 2 + kNormPadded));
    use = run(1);
    EXPECT_EQ(use.bytes_gathered, 4 * (4 * kBlockPadded + 2 * kHeadPadded));
    EXPECT_EQ(use.bytes_reduced,
              4 * (kBlockPadded + kHeadPadded + kNormPadded));
    EXPECT_EQ(use.gradient_bytes,
              4 * ((kBlockPadded + kHeadPadded) / 2 + kNormPadded));
    EXPECT_EQ(use.moment_bytes,
              2 * 4 * ((kBlockPadded + kHeadPadded) / 2 + kNormPadded));
    use = run(2);
    EXPECT_EQ(use.bytes_gathered, 4 * (6 * kBlockPadded + 2 * kHeadPadded));
    EXPECT_EQ(use.bytes_reduced,
              4 * (3 * kBlockPadded + kHeadPadded + kNormPadded + kEmbPadded));
    EXPECT_EQ(use.gradient_bytes, 4 * ((3 * kBlockPadded + kHeadPadded) / 2 +
                                       kNormPadded + kEmbPadded));
    EXPECT_EQ(use.moment_bytes, 2 * use.gradient_bytes);
    // Two units are gathered at once for a moment, no more.
    EXPECT_LE(ledger.peak(Holding::kGathered),
              replicated + 2 * 4 * kBlockPadded);
  });
}

TEST(SessionEventsTest, FrozenSegmentsHaveNoGradientAndNoState) {
  RunRanks(2, [&](RankComms comms) {
    ToyRank r(comms, {});
    ASSERT_TRUE(r.session->EpochStart(0).ok());
    bool checked = false;
    auto result = r.session->TrainStep(1, [&](int64_t) {
      const at::Tensor loss = ToyLoss(*r.model, r.rank, 2);
      for (const auto& segment : r.session->engine().segments()) {
        EXPECT_FALSE(segment->unreduced());
        for (const auto& leaf : segment->leaves()) {
          EXPECT_EQ(leaf->tensor().requires_grad(), segment->phase() == 0);
        }
      }
      checked = true;
      return absl::StatusOr<at::Tensor>(loss);
    });
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_TRUE(checked);
    EXPECT_EQ(r.session->engine().ledger().reduced.calls, 1);
    ASSERT_EQ(r.session->optimizer().groups().size(), 1u);
    EXPECT_EQ(r.session->optimizer().groups()[0].members.size(), 2u);
    for (const auto& [name, tensor] : r.model->NamedParameters()) {
      EXPECT_FALSE(tensor.grad().defined()) << name;
    }
  });
}

// Evaluation gathers and releases; a root that is not resharded stays.
TEST(SessionEventsTest, ReshardingFollowsOptionAndRootRule) {
  RunRanks(2, [&](RankComms comms) {
    ToyOptions options;
    options.strategy = "unplanned: shard\n";
    ToyRank r(comms, options);
    auto& engine = r.session->engine();
    ASSERT_EQ(engine.units().back()->module(), "");
    EXPECT_FALSE(engine.units().back()->reshard());
    EXPECT_TRUE(engine.units().front()->reshard());
    ASSERT_TRUE(r.session->EpochStart(0).ok());
    ASSERT_TRUE(r.session
                    ->Evaluate([&] {
                      ToyLoss(*r.model, 0, 1);
                      EXPECT_TRUE(engine.units().back()->gathered());
                      EXPECT_FALSE(engine.units().front()->gathered());
                      return absl::OkStatus();
                    })
                    .ok());
    r.Step(0);
    EXPECT_FALSE(engine.units().back()->gathered());  // it was updated
    engine.trace().Enable(true);
    r.Step(1);
    const Counts counts = Count(engine.trace().Take());
    EXPECT_EQ(counts.count("all_reduce (remainder)"), 0u);
    EXPECT_EQ(counts.at("reduce_scatter (root)"), 1);
    // norm's, which was updated; emb's is frozen and kept.
    EXPECT_EQ(counts.at("all_gather (root)"), 1);
  });
  RunRanks(2, [&](RankComms comms) {
    ToyOptions options;
    options.block_options = "{reshard_after_forward: false}";
    ToyRank r(comms, options);
    auto& engine = r.session->engine();
    for (int64_t epoch = 0; epoch < 3; ++epoch) {
      ASSERT_TRUE(r.session->EpochStart(epoch).ok());
      engine.trace().Enable(true);
      r.Step(epoch);
      const Counts counts = Count(engine.trace().Take());
      // Kept from forward to backward, and until the first update.
      for (int i = 0; i < kBlocks; ++i) {
        const std::string unit = "all_gather layers." + std::to_string(i);
        const int phase = engine.units()[i]->segments()[0]->phase();
        const bool resident = epoch > 0 && epoch <= phase;
        EXPECT_EQ(counts.count(unit) ? counts.at(unit) : 0, resident ? 0 : 1)
            << unit << " in phase " << epoch;
      }
      ASSERT_TRUE(r.session->StepEnd(epoch).ok());
      ASSERT_TRUE(r.session->EpochEnd(epoch).ok());
    }
  });
}

// The gradients of every parameter after one backward, gathered to full size.
std::map<std::string, at::Tensor> Gradients(ToyRank& r) {
  std::map<std::string, at::Tensor> out;
  auto& engine = r.session->engine();
  for (int phase = 0; phase < 3; ++phase) engine.Thaw(phase);
  ToyLoss(*r.model, r.rank, 2).backward();
  EXPECT_TRUE(engine.CompleteGradients().ok());
  for (const auto& segment : engine.segments()) {
    at::Tensor full = segment->grad();
    if (segment->sharded()) {
      full = at::zeros({segment->padded()});
      full.slice(0, segment->begin(),
                 segment->begin() + segment->grad().numel())
          .copy_(segment->grad());
      EXPECT_TRUE(
          (*engine.context().gather->AllGatherInPlace(full))->Wait().ok());
    }
    for (const auto& leaf : segment->leaves()) {
      out[leaf->name()] = leaf->RangeOf(full).clone();
    }
  }
  return out;
}

// Sharding and checkpointing in every nesting give the same bits.
TEST(SessionEventsTest, CheckpointAndShardingComposeBitExactly) {
  // Summed in rank order, as the communicator of the test does.
  std::map<std::string, at::Tensor> want;
  {
    ToyModel plain;
    for (int rank = 0; rank < 2; ++rank) {
      ToyLoss(plain, rank, 2).backward();
      for (auto& [name, tensor] : plain.NamedParameters()) {
        want[name] =
            rank == 0 ? tensor.grad().clone() : want[name] + tensor.grad();
        tensor.mutable_grad() = at::Tensor();
      }
    }
  }
  struct Case {
    const char* name;
    const char* plan;
  };
  const Case cases[] = {
      {"checkpoint inside a sharded block",
       "fsdp_plan: {'layers.\\d*$': {act_ckpt: composable}, head: {}}"},
      {"sharded units inside a checkpointed one",
       "fsdp_plan: {'layers.\\d.(up|down)$': {}, "
       "'layers.\\d*$': {act_ckpt: composable}}"},
      {"checkpoints nested, sharded at both levels",
       "fsdp_plan: {'layers.\\d.up$': {act_ckpt: composable}, "
       "'layers.\\d*$': {act_ckpt: composable}, head: {}}"},
      {"not resharded",
       "fsdp_plan: {'layers.\\d.up$': {reshard_after_forward: false}, "
       "'layers.\\d*$': {act_ckpt: composable, "
       "reshard_after_forward: false}}"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    RunRanks(2, [&](RankComms comms) {
      ToyOptions options;
      options.plan = false;
      options.strategy = c.plan;
      ToyRank r(comms, options);
      for (const auto& [name, gradient] : Gradients(r)) {
        EXPECT_TRUE(at::equal(gradient, want.at(name))) << name;
      }
      for (int i = 0; i < kBlocks; ++i) {
        EXPECT_EQ(r.model->block(i).forwards, 2);
      }
      for (const auto& unit : r.session->engine().units()) {
        EXPECT_FALSE(unit->gathered()) << unit->module();
      }
    });
  }
}

// A frozen unit inside a checkpointed one is gathered by the recomputation and
// let go again.
TEST(SessionEventsTest, FrozenUnitInsideACheckpointIsReleased) {
  RunRanks(2, [&](RankComms comms) {
    ToyOptions options;
    options.plan = false;
    options.strategy =
        "fsdp_plan: {'layers.\\d.norm$': {}, "
        "'layers.\\d*$': {act_ckpt: composable}}";
    // The block's own weights train, its norm does not, nor does anything
    // before the block.
    options.phases = {"['layers.2.(up|down).*', head.*]",
                      "['layers.[012].norm.*', norm.*]",
                      "['layers.[01].(up|down).*', emb.*]"};
    ToyRank r(comms, options);
    ASSERT_TRUE(r.session->EpochStart(0).ok());
    r.Step(0);
    EXPECT_EQ(r.model->block(2).forwards, 2);
    for (const auto& unit : r.session->engine().units()) {
      EXPECT_FALSE(unit->gathered()) << unit->module();
    }
  });
}

}  // namespace
}  // namespace fts::testing
