// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The exact text of every warning of the linter, and silence where nothing is
// odd. Also covers lint_entries and show_names.
#include "fts/core/schedule/lint.h"

#include <gtest/gtest.h>

#include <string>

#include "fts/core/schedule/generate.h"
#include "fts/core/schedule/schedule_testutil.h"
#include "fts/core/schedule/show_names.h"

namespace fts {
namespace {

using schedule_testing::ModelA;
using schedule_testing::ModelOf;
using schedule_testing::Names;

// All of phase 0 and 1's own warnings are Resolve's; only the linter's here.
std::string Lint(const std::string& text, const ModelDescription& model,
                 const LintContext& context = {}, ResolveOptions options = {}) {
  Diagnostics resolving, linting;
  const auto yaml = ParseYaml(text, "s.yaml", &resolving);
  if (!yaml.ok()) return resolving.ToString();
  options.epoch_transitions_only = context.epoch_transitions_only;
  const auto schedule = ResolveSchedule(*yaml, model, options, &resolving);
  if (!schedule.ok()) return resolving.ToString();
  LintSchedule(*yaml, *schedule, model, context, &linting);
  EXPECT_TRUE(linting.ok());
  return linting.ToString();
}

// emb, layers 0..n-1 of wq, wk and norm, head.
ModelDescription Layers(int n) {
  Names names = {"m.emb.weight"};
  for (int i = 0; i < n; ++i) {
    for (const char* part : {"att.wq", "att.wk", "att_norm"}) {
      names.push_back("m.layers." + std::to_string(i) + "." + part);
    }
  }
  names.push_back("m.head.weight");
  return ModelOf(names);
}

ModelDescription Llama() {
  Diagnostics diags;
  auto model = ReadModelDescription(
      "fts/core/schedule/testdata/llama_4_layers.json", &diags);
  EXPECT_TRUE(model.ok()) << diags.ToString();
  return model.ok() ? *model : ModelDescription();
}

TEST(Lint, TheSeedScheduleIsClean) {
  Diagnostics diags;
  const auto yaml =
      ReadYamlFile("fts/core/schedule/testdata/llama_ft_schedule.yaml", &diags);
  ASSERT_TRUE(yaml.ok()) << diags.ToString();
  const auto schedule = ResolveSchedule(*yaml, Llama(), {}, &diags);
  ASSERT_TRUE(schedule.ok());
  for (const int64_t max_epochs : {4, 100}) {
    LintContext context;
    context.max_epochs = max_epochs;
    context.reach.patience = 2;
    context.reach.steps_per_epoch = 10;
    LintSchedule(*yaml, *schedule, Llama(), context, &diags);
    EXPECT_EQ(diags.ToString(), "");
  }
}

TEST(Lint, GeneratedSchedulesAreClean) {
  const ModelDescription model = Llama();
  for (int phases = 0; phases <= 6; ++phases) {
    Diagnostics diags;
    const auto yaml = phases == 0
                          ? GenerateImplicitSchedule(model)
                          : *GenerateBlockSchedule(model, phases, &diags);
    const auto schedule = ResolveSchedule(yaml, model, {}, &diags);
    ASSERT_TRUE(schedule.ok());
    LintSchedule(yaml, *schedule, model, {}, &diags);
    EXPECT_EQ(diags.ToString(), "") << phases;
  }
}

TEST(Lint, ANumberThatGoesOn) {
  const std::string rest = ", m.emb.weight, m.head.weight]}";
  const std::string others = "1: {params: ['m.layers.([02-9])\\..*']}\n";
  EXPECT_EQ(
      Lint("0: {params: [m.layers.1" + rest + "\n" + others, Layers(12)),
      "s.yaml:1:14: warning: phase 0, entry 'm.layers.1' also selects 6 "
      "parameters where a number goes on (m.layers.10 and m.layers.11): '.' is "
      "any character and a pattern need not match to the end; write "
      "'m.layers.1\\.' to leave them out [prefix_match]\n");
  EXPECT_EQ(
      Lint("0: {params: ['m.layers.1.*'" + rest + "\n" + others, Layers(16)),
      "s.yaml:1:14: warning: phase 0, entry 'm.layers.1.*' also selects 18 "
      "parameters where a number goes on (m.layers.10, m.layers.11, "
      "m.layers.12, m.layers.13 and 2 more): '.' is any character and a "
      "pattern need not match to the end; write 'm.layers.1\\..*' to leave "
      "them out [prefix_match]\n");
  // Nothing is there to take.
  EXPECT_EQ(
      Lint("0: {params: ['m.layers.1.*'" + rest + "\n" + others, Layers(10)),
      "");
  EXPECT_EQ(Lint("0: {params: [m.layers.1" + rest + "\n" + others, Layers(10)),
            "");
}

TEST(Lint, OnlyLongerNumbers) {
  const ModelDescription model = ModelOf({"m.10.w", "m.11.w"});
  EXPECT_EQ(Lint("0: {params: [m.1]}", model),
            "s.yaml:1:14: warning: phase 0, entry 'm.1' selects only 2 "
            "parameters where a number goes on (m.10 and m.11): '.' is any "
            "character and a pattern need not match to the end; name these "
            "numbers if they are meant [prefix_match]\n");
  EXPECT_EQ(Lint("0: {params: ['m.1\\d']}", model), "");
}

TEST(Lint, TheBeginningOfAWord) {
  const std::string rest = "1: {params: [m.emb, m.head, '.*norm$']}";
  EXPECT_EQ(Lint("0: {params: ['m.layers.\\d.att.w']}\n" + rest, Layers(1)),
            "s.yaml:1:14: warning: phase 0, entry 'm.layers.\\d.att.w' "
            "selects 2 parameters of which it matches only the beginning of a "
            "word (m.layers.0.att.wq and m.layers.0.att.wk); write "
            "'m.layers.\\d.att.w.*' if that is meant [prefix_match]\n");
  EXPECT_EQ(Lint("0: {params: ['m.layers.\\d.att.w.*']}\n" + rest, Layers(1)),
            "");
  EXPECT_EQ(
      Lint("0: {params: ['m.layers.0.att']}\n1: {params: [m.emb, m.head]}",
           Layers(1)),
      "s.yaml:1:14: warning: phase 0, entry 'm.layers.0.att' also "
      "selects 1 parameter of which it matches only the beginning of a "
      "word (m.layers.0.att_norm); write 'm.layers.0.att\\.' to leave "
      "them out [prefix_match]\n");
  // A whole module is meant.
  EXPECT_EQ(Lint("0: {params: [m.layers.0]}\n1: {params: [m.emb, m.head]}",
                 Layers(1)),
            "");
}

TEST(Lint, FullMatchHasNoPrefixes) {
  LintContext context;
  ResolveOptions options;
  context.match = options.match = MatchRule::kFull;
  EXPECT_EQ(Lint("0: {params: ['m.layers.1.*', 'm.emb.*', 'm.head.*', "
                 "'m.layers.[02-9]\\..*']}",
                 Layers(12), context, options),
            "");
}

TEST(Lint, FrozenForEver) {
  EXPECT_EQ(Lint("0: {params: [m.head.weight]}\n1: {params: ['m.layers.2\\.']}",
                 Layers(6)),
            "s.yaml:1:1: warning: 16 of 20 tensors (80.0 % of the parameters) "
            "stay frozen for the whole run: m.emb (1), m.layers.0 to 1 (6) "
            "and m.layers.3 to 5 (9); add them to a phase if they should train "
            "[frozen_forever]\n");
}

TEST(Lint, FrozenBecauseOfMaxDepth) {
  ResolveOptions options;
  options.max_depth = 0;
  EXPECT_EQ(
      Lint("0: {params: [m.head]}\n1: {params: ['m.layers.*']}", Layers(2), {},
           options),
      "s.yaml:1:1: warning: 7 of 8 tensors (87.5 % of the parameters) "
      "stay frozen for the whole run: m.emb (1) and m.layers.0 to 1 (6); 6 "
      "of them only because of max_depth 0; add them to a phase if they "
      "should train [frozen_forever]\n");
}

TEST(Lint, TiedEmbeddings) {
  ModelDescription model = Layers(2);
  model.parameters.back().shared_with = "m.emb.weight";
  EXPECT_EQ(Lint("0: {params: [m.emb.weight]}\n1: {params: ['m.layers.1.*']}\n"
                 "2: {params: ['m.layers.0.*']}",
                 model),
            "s.yaml:1:1: warning: phase 0 thaws 'm.emb.weight', tied to "
            "'m.head.weight', while 6 tensors between the two are still "
            "frozen: gradients then run through the whole model, and no frozen "
            "prefix saves time or memory; thaw it in phase 2, or untie it "
            "[tied_thaw]\n");
  EXPECT_EQ(Lint("0: {params: ['m.layers.1.*']}\n1: {params: ['m.layers.0.*']}"
                 "\n2: {params: [m.emb.weight]}",
                 model),
            "");
  const std::string partly =
      Lint("0: {params: [m.emb.weight, 'm.layers.1.*']}", model);
  EXPECT_NE(partly.find("while 3 tensors between the two are still frozen"),
            std::string::npos)
      << partly;
  EXPECT_NE(partly.find("; leave it frozen, or untie it [tied_thaw]"),
            std::string::npos)
      << partly;
}

constexpr char kThree[] =
    "0: {params: [model.3]}\n1: {params: [model.2]}\n"
    "2: {params: ['model.[01]']}\n";

TEST(Lint, PhasesThatCanNeverBegin) {
  LintContext context;
  context.max_epochs = 7;  // 4 for phase 0, 3 for phase 1
  EXPECT_EQ(Lint(kThree, ModelA(), context),
            "s.yaml:3:1: warning: phase 2 can never begin: it begins at epoch "
            "7 at the earliest (early stopping with patience 3), but "
            "max_epochs is 7; raise max_epochs, or let the phases before end "
            "sooner [unreachable_phase]\n");
  context.max_epochs = 8;
  EXPECT_EQ(Lint(kThree, ModelA(), context), "");
  context.max_epochs = 4;
  EXPECT_EQ(Lint(kThree, ModelA(), context),
            "s.yaml:2:1: warning: phases 1 to 2 can never begin: phase 1 "
            "begins at epoch 4 at the earliest (early stopping with "
            "patience 3), but max_epochs is 4; raise max_epochs, or let the "
            "phases before end sooner [unreachable_phase]\n");
  context.max_epochs.reset();
  context.max_steps = 40;
  context.reach.steps_per_epoch = 10;
  EXPECT_EQ(Lint(kThree, ModelA(), context),
            "s.yaml:2:1: warning: phases 1 to 2 can never begin: phase 1 "
            "begins at step 40 at the earliest (early stopping with "
            "patience 3), but max_steps is 40; raise max_steps, or let the "
            "phases before end sooner [unreachable_phase]\n");
  context.reach.steps_per_epoch.reset();  // then it is not known
  EXPECT_EQ(Lint(kThree, ModelA(), context), "");
}

TEST(Lint, EpochsThatCutTheSchedule) {
  LintContext context;
  context.epoch_transitions_only = true;
  context.max_epochs = 3;
  EXPECT_EQ(Lint("0: {params: [model.3], max_transition_epoch: 1}\n"
                 "1: {params: [model.2], max_transition_epoch: 3}\n"
                 "2: {params: ['model.[01]'], max_transition_epoch: 3}\n",
                 ModelA(), context),
            "s.yaml:3:1: warning: phase 2 can never begin: it begins at epoch "
            "3 at the earliest (max_transition_epoch 3), but max_epochs is 3; "
            "raise max_epochs, or let the phases before end sooner "
            "[unreachable_phase]\n");
}

TEST(Lint, EpochsThatAreNotAfterThatOfPhase0) {
  EXPECT_EQ(Lint("0: {params: [model.3], max_transition_epoch: 5}\n"
                 "1: {params: [model.2], max_transition_epoch: 2}\n"
                 "2: {params: ['model.[01]']}\n",
                 ModelA()),
            "s.yaml:2:24: warning: phase 1: max_transition_epoch 2 is not "
            "after that of phase 0 (5): it counts from the start of the run, "
            "so the phase may last only one epoch; raise it [early_limit]\n");
  EXPECT_EQ(Lint("0: {params: [model.3], max_transition_epoch: 2}\n"
                 "1: {params: [model.2], max_transition_epoch: 5}\n"
                 "2: {params: ['model.[01]']}\n",
                 ModelA()),
            "");
}

TEST(Lint, KeysWithoutEffect) {
  LintContext context;
  context.has_validation = false;
  context.restore_best = MakeLocation("run.yaml", 7, 3);
  EXPECT_EQ(
      Lint("0: {params: [model.3], max_transition_epoch: 1}\n"
           "1: {params: ['model.[0-2]']}\n",
           ModelA(), context),
      "run.yaml:7:3: warning: restore_best has no effect: without validation "
      "data there is no best; add data.val, or remove it [no_effect]\n");
  EXPECT_EQ(Lint("0: {params: ['model.[0-2]'], lr_decay: 0.5}\n"
                 "1: {params: [model.3], lr_decay: 0.5}\n",
                 ModelA()),
            "s.yaml:2:24: warning: phase 1: lr_decay has no effect: all params "
            "of the phase are in one layer; remove it, or thaw more layers in "
            "the phase [no_effect]\n");
  EXPECT_EQ(
      Lint("0: {params: ['model.*']}\n1: {params: [], lr: 0.1}\n", ModelA()),
      "s.yaml:2:17: warning: phase 1: lr has no effect: the phase thaws "
      "nothing, so it adds no optimizer group; remove it [no_effect]\n");
}

TEST(Lint, ALearningRateOfZero) {
  EXPECT_EQ(
      Lint("0: {params: ['model.[1-3]']}\n1: {params: [model.0], lr: 0}\n",
           ModelA()),
      "s.yaml:2:24: warning: phase 1: lr 0: what it thaws costs "
      "gradients and moments and never moves; set an lr, or leave the "
      "phase out [zero_lr]\n");
}

TEST(Lint, NothingWasWritten) {
  Schedule schedule;
  schedule.phases.resize(1);
  schedule.phases[0].params = ModelA().CanonicalNames();
  Diagnostics diags;
  LintSchedule(YamlNode(), schedule, ModelA(), {}, &diags);
  EXPECT_EQ(diags.ToString(), "");
}

TEST(ShowNames, Blocks) {
  using namespace schedule_internal;
  EXPECT_EQ(BlockOf("m.layers.10.wq.weight"), "m.layers.10");
  EXPECT_EQ(BlockOf("m.norm.weight"), "m.norm");
  EXPECT_EQ(BlockOf("weight"), "weight");
  EXPECT_EQ(BlockOf(".5"), "");
  EXPECT_EQ(
      ShowBlocks({"a.0.w", "a.0.b", "a.1.w", "a.3.w", "n.w", "b.w", "c.w"}),
      "a.0 to 1 (3), a.3 (1), n (1), b (1) and 1 more");
  EXPECT_EQ(ShowBlocks({}), "");
}

}  // namespace
}  // namespace fts
