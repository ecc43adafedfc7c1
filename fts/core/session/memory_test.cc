// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// fts/core/plan/memory.h tells what a rank holds; the engine's ledger says what
// it does hold: the same, to the byte, in every phase. Also holds
// fts/core/plan/optimizer_moments.h against the optimizers themselves.
#include "fts/core/plan/memory.h"

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fts/core/plan/optimizer_moments.h"
#include "fts/core/session/session.h"
#include "fts/core/session/testing/toy_model.h"

namespace fts::testing {
namespace {

using comm::testing::RankComms;
using comm::testing::RunRanks;
using shard::Holding;

struct Case {
  const char* name;
  PrecisionSpec precision;
  at::ScalarType stored = at::kFloat;
  ToyOptions options;
  int64_t micro = 1;
};

PrecisionSpec Precision(const char* param, const char* master) {
  PrecisionSpec out;
  out.param = param;
  out.master = master;
  out.reduce = master;
  return out;
}

// One epoch of two steps in each phase; after it, prediction and ledger.
void Compare(const RankComms& comms, const Case& c) {
  SCOPED_TRACE(c.name);
  ToyModel model;
  std::map<std::string, at::Tensor> values;
  for (auto& [name, tensor] : model.NamedParameters()) {
    tensor.set_data(tensor.to(c.stored));
    values[name] = tensor.detach().clone();
  }
  ToyOptions options = c.options;
  options.precision = c.precision;
  SessionOptions made = MakeSessionOptions(model, options);
  MemoryOptions memory;
  memory.world_size = comms.first->size();
  memory.replicas = options.replicas;
  memory.param = c.precision.param;
  memory.master = c.precision.master;
  memory.reduce = c.precision.reduce;
  memory.micro_steps = c.micro;
  memory.moments =
      *MomentsByPhase(made.schedule, made.optimizer.name, made.optimizer.args);
  const int phases = static_cast<int>(made.schedule.phases.size());
  const auto predicted = PhaseMemory(made.plan, phases, memory);

  Diagnostics diags;
  Ranks ranks(comms.first, comms.second);
  ASSERT_TRUE(ranks.SplitReplicas(options.replicas).ok());
  auto session = Session::Create(PartsOf(model), made, ranks, &diags);
  ASSERT_TRUE(session.ok()) << session.status() << diags.ToString();
  ASSERT_TRUE((*session)->Load(LoadFrom(values)).ok());
  ASSERT_TRUE((*session)->RunStart().ok());
  shard::Ledger& ledger = (*session)->engine().ledger();
  int64_t step = 0;
  for (int phase = 0; phase < phases; ++phase) {
    SCOPED_TRACE(phase);
    ASSERT_TRUE((*session)->EpochStart(phase).ok());
    ASSERT_EQ((*session)->scheduler().phase(), phase);
    ledger.StartPhase();
    for (int i = 0; i < 2; ++i, ++step) {
      const auto result = (*session)->TrainStep(c.micro, [&](int64_t) {
        return absl::StatusOr<at::Tensor>(
            ToyLoss(model, step * memory.world_size + comms.first->rank(),
                    memory.world_size * c.micro));
      });
      ASSERT_TRUE(result.ok()) << result.status();
      ASSERT_TRUE((*session)->StepEnd(step).ok());
    }
    const RankBytes& want = predicted[phase];
    EXPECT_EQ(ledger.now(Holding::kShard),
              want.frozen_sharded + want.trainable_sharded + want.masters);
    EXPECT_EQ(ledger.now(Holding::kGathered), want.frozen_replicated +
                                                  want.trainable_replicated +
                                                  want.kept_gathered);
    EXPECT_EQ(ledger.peak(Holding::kGradient), want.gradients);
    EXPECT_EQ(ledger.now(Holding::kGradient), 0);
    EXPECT_EQ(ledger.now(Holding::kMoments), want.moments);
    if (want.unreduced > 0) {
      EXPECT_EQ(ledger.peak(Holding::kReduce), want.unreduced);
    }
    EXPECT_EQ(ledger.total() + ledger.peak(Holding::kGradient) + want.unreduced,
              want.total());
    EXPECT_GE(ledger.peak(Holding::kGathered),
              ledger.now(Holding::kGathered) + want.largest_gather);
    EXPECT_GT(want.gradients, 0);
    (*session)->SetMetric("val_loss", 1);
    ASSERT_TRUE((*session)->ValidationEnd(phase).ok());
    ASSERT_TRUE((*session)->EpochEnd(phase).ok());
  }
}

std::vector<Case> Cases() {
  const PrecisionSpec full = Precision("float32", "float32");
  const PrecisionSpec mixed = Precision("bfloat16", "float32");
  const PrecisionSpec half = Precision("bfloat16", "bfloat16");
  std::vector<Case> out = {
      {"sharded, fp32", full, at::kFloat, {}},
      {"sharded, bf16-mixed", mixed, at::kFloat, {}},
      {"sharded, bf16-mixed, stored in bf16", mixed, at::kBFloat16, {}},
      {"sharded, bf16-true", half, at::kFloat, {}},
      {"sharded, bf16-true, stored in bf16", half, at::kBFloat16, {}},
      {"sharded, fp32, stored in bf16", full, at::kBFloat16, {}},
  };
  for (size_t i = 0; i < 6; ++i) {
    Case replicated = out[i];
    replicated.name = "replicated, as above";
    replicated.options.plan = false;
    out.push_back(replicated);
  }
  Case kept = {"not resharded", mixed, at::kFloat, {}};
  kept.options.block_options = "{reshard_after_forward: false}";
  out.push_back(kept);
  // Units that compute in another dtype than the run does.
  for (const at::ScalarType stored : {at::kFloat, at::kBFloat16}) {
    Case lower = {"mp_policy: blocks in bf16", full, stored, {}};
    lower.options.block_options =
        "{mp_policy: {param_dtype: bfloat16, output_dtype: float32}}";
    out.push_back(lower);
    Case higher = {"mp_policy: blocks in fp32", half, stored, {}};
    higher.options.block_options =
        "{mp_policy: {param_dtype: float32, output_dtype: bfloat16}}";
    out.push_back(higher);
    higher.name = "mp_policy: blocks in fp64, not resharded";
    higher.options.block_options =
        "{mp_policy: {param_dtype: float64, output_dtype: bfloat16}, "
        "reshard_after_forward: false}";
    out.push_back(higher);
    Case as_stored = {"mp_policy: as stored", full, stored, {}};
    as_stored.options.block_options =
        "{mp_policy: {param_dtype: null, output_dtype: float32}}";
    if (stored == at::kFloat) out.push_back(as_stored);
  }
  Case ignored = {"ignored_params", mixed, at::kFloat, {}};
  ignored.options.block_options = "{ignored_params: ['.*norm.*']}";
  out.push_back(ignored);
  Case offload = {"offload", mixed, at::kBFloat16, {}};
  offload.options.block_options = "{cpu_offload_policy: {}}";
  out.push_back(offload);
  Case divided = {"gradient_divide_factor", full, at::kFloat, {}};
  divided.options.strategy = "gradient_divide_factor: 4\n";
  out.push_back(divided);
  Case no_decay = {"two groups", full, at::kFloat, {}};
  no_decay.options.no_decay = {"norm"};
  out.push_back(no_decay);
  Case never = {"a prefix that stays frozen", mixed, at::kBFloat16, {}};
  never.options.phases = {"[norm.*, head.*]", "['layers.2.*']"};
  out.push_back(never);
  for (size_t i = 0; i < 6; ++i) {
    for (const char* placement : {"auto", "resident"}) {
      Case resident = out[i];
      resident.name = "frozen segments resident, as above";
      resident.options.frozen_placement = placement;
      out.push_back(resident);
    }
  }
  Case both = {"not resharded and resident", mixed, at::kBFloat16, {}};
  both.options.block_options = "{reshard_after_forward: false}";
  both.options.frozen_placement = "resident";
  out.push_back(both);
  Case root = {"a root of its own", full, at::kFloat, {}};
  root.options.strategy = "unplanned: shard\n";
  out.push_back(root);
  for (const char* accumulation : {"sharded", "unsharded"}) {
    Case micro = {accumulation, full, at::kFloat, {}, 3};
    micro.options.strategy = absl::StrCat("accumulation: ", accumulation, "\n");
    out.push_back(micro);
    micro.precision = mixed;
    micro.options.block_options = "{reshard_after_backward: false}";
    out.push_back(micro);
  }
  return out;
}

TEST(Memory, ThePredictionIsWhatTheLedgerHolds) {
  for (const int world : {1, 2}) {
    for (const Case& c : Cases()) {
      SCOPED_TRACE("world " + std::to_string(world));
      RunRanks(world, [&](RankComms comms) { Compare(comms, c); });
      if (HasFailure()) return;
    }
  }
}

TEST(Memory, ReplicasGroupsAndDimensions) {
  const PrecisionSpec mixed = Precision("bfloat16", "float32");
  Case replicas = {"two replicas", mixed, at::kFloat, {}};
  replicas.options.replicas = 2;
  Case groups = {"in groups of two", mixed, at::kBFloat16, {}};
  groups.options.block_options = "{reshard_after_forward: 2}";
  Case all = {"a group of all", mixed, at::kFloat, {}};
  all.options.block_options = "{reshard_after_forward: 4}";
  Case placed = {"on the last dimension", mixed, at::kFloat, {}};
  placed.options.fsdp_plan = "  emb: {shard_placement: {dim: 1}}\n";
  for (const Case& c : {replicas, groups, all}) {
    RunRanks(4, [&](RankComms comms) { Compare(comms, c); });
    if (HasFailure()) return;
  }
  RunRanks(2, [&](RankComms comms) { Compare(comms, placed); });
}

TEST(Memory, FrozenAgainAndThawedAgain) {
  for (const int world : {1, 2}) {
    for (const at::ScalarType stored : {at::kFloat, at::kBFloat16}) {
      for (const bool plan : {true, false}) {
        SCOPED_TRACE("world " + std::to_string(world));
        Case c = {"rotating", Precision("bfloat16", "float32"), stored, {}};
        c.options.plan = plan;
        c.options.phases = {"[norm.*, head.*]",
                            "['layers.2.*']\n  freeze: [head.*]",
                            "['layers.1.*']\n  freeze: ['layers.2.*', norm.*]",
                            "[head.*, 'layers.2.*']"};
        RunRanks(world, [&](RankComms comms) { Compare(comms, c); });
        if (HasFailure()) return;
      }
    }
  }
}

TEST(Memory, MomentsOfEveryOptimizer) {
  const struct {
    const char* name;
    const char* args;
  } cases[] = {{"adamw", "{lr: 0.01}"},
               {"adam", "{lr: 0.01}"},
               {"sgd", "{lr: 0.01}"},
               {"sgd", "{lr: 0.01, momentum: 0.9}"},
               {"adagrad", "{lr: 0.01}"},
               {"rmsprop", "{lr: 0.01}"},
               {"rmsprop", "{lr: 0.01, momentum: 0.9}"},
               {"rmsprop", "{lr: 0.01, centered: true}"},
               {"rmsprop", "{lr: 0.01, momentum: 0.9, centered: true}"}};
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.name) + " " + c.args);
    RunRanks(1, [&](RankComms comms) {
      ToyModel model;
      ToyOptions toy;
      toy.optimizer_args = c.args;
      SessionOptions options = MakeSessionOptions(model, toy);
      options.optimizer.name = c.name;
      const auto moments = OptimizerMoments(c.name, options.optimizer.args);
      ASSERT_TRUE(moments.has_value());
      MemoryOptions memory;
      memory.moments = {*moments};
      const int64_t want = PhaseMemory(options.plan, 1, memory)[0].moments;
      Diagnostics diags;
      auto session = Session::Create(PartsOf(model), options,
                                     Ranks(comms.first, comms.second), &diags);
      ASSERT_TRUE(session.ok()) << session.status() << diags.ToString();
      ASSERT_TRUE((*session)->Load(LoadFrom(InitialValues())).ok());
      ASSERT_TRUE((*session)->RunStart().ok());
      EXPECT_EQ((*session)->engine().ledger().now(Holding::kMoments), want);
    });
  }
}

}  // namespace
}  // namespace fts::testing
