// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// From a run config to its warnings and timeline. Also covers resolve_run.
#include "fts/train/explain_run.h"

#include <gtest/gtest.h>

#include <string>

#include "fts/core/plan/timeline_text.h"
#include "fts/train/resolve_run.h"

namespace fts::train {
namespace {

ModelDescription Model() {
  ModelDescription model;
  model.modules = {
      {"", "Net", false}, {"body", "Linear", false}, {"head", "Linear", false}};
  model.parameters = {{"body.weight", {8, 4}, "float32", std::nullopt},
                      {"body.bias", {8}, "float32", std::nullopt},
                      {"head.weight", {4, 4}, "float32", std::nullopt}};
  return model;
}

struct Explained {
  std::string problems;
  Timeline timeline;
};

Explained Explain(const std::string& yaml, const RunFacts& facts = {}) {
  Explained out;
  Diagnostics diags;
  const auto merged = ParseYaml(
      "model: {arch: llama, path: .}\n"
      "data: {train: {path: t.txt}}\n" +
          yaml,
      "c.yaml", &diags);
  EXPECT_TRUE(merged.ok()) << diags.ToString();
  const auto config = ReadRunConfig(*merged, &diags);
  EXPECT_TRUE(config.ok()) << diags.ToString();
  if (!config.ok()) return out;
  const ResolvedRun run = ResolveRun(*config, Model(), /*tp=*/1, &diags);
  if (diags.ok()) {
    out.timeline = ExplainRun(*config, Model(), run.schedule_as_run,
                              *run.schedule, *run.plan, facts, &diags);
  }
  out.problems = diags.ToString();
  return out;
}

TEST(ExplainRun, WhatTheConfigSays) {
  RunFacts facts;
  facts.world_size = 2;
  facts.steps_per_epoch = 5;
  const Explained told = Explain(
      "trainer: {max_steps: 40}\n"
      "precision: bf16-mixed\n"
      "optimizer: {name: sgd, lr: 0.5, momentum: 0.9, weight_decay: 0.1, "
      "no_decay: [bias]}\n"
      "scheduler: {epoch_transitions_only: true}\n"
      "schedule:\n"
      "  0: {params: [head.weight], max_transition_epoch: 2}\n"
      "  1: {params: [body], lr: 0.25, max_transition_epoch: 3}\n"
      "strategy_adapter_cfg: {fsdp_plan: {body: {}}}\n",
      facts);
  const Timeline& timeline = told.timeline;
  ASSERT_EQ(timeline.phases.size(), 2u) << told.problems;
  EXPECT_EQ(timeline.phases[1].begins.step, 10);
  ASSERT_EQ(timeline.phases[0].groups.size(), 2u);
  EXPECT_EQ(timeline.phases[0].groups[0].lr, 0.5);
  EXPECT_EQ(timeline.phases[0].groups[0].weight_decay, 0.1);
  EXPECT_EQ(timeline.phases[1].groups[1].tensors, 1);  // the bias
  // 40 elements over two ranks, in fp32 and with one moment; head replicated.
  EXPECT_EQ(timeline.phases[1].bytes.masters, 4 * (32 + 16));
  EXPECT_EQ(timeline.phases[1].bytes.moments, 4 * (32 + 16));
  EXPECT_EQ(timeline.phases[1].bytes.trainable_replicated, 2 * 16);
  const std::string text = TimelineToText(timeline);
  EXPECT_NE(text.find("per rank, world size 2, bf16-mixed, sgd:"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("run: max_steps 40"), std::string::npos) << text;
}

TEST(ExplainRun, WarningsOfTheWholeRun) {
  const Explained told = Explain(
      "trainer: {max_epochs: 2}\n"
      "scheduler: {epoch_transitions_only: true, restore_best: true}\n"
      "schedule:\n"
      "  0: {params: [head.weight], max_transition_epoch: 2}\n"
      "  1: {params: [body.weight], max_transition_epoch: 2}\n");
  for (const char* code :
       {"c.yaml:6:3: warning: 1 of 3 tensors", "[frozen_forever]",
        "c.yaml:7:3: warning: phase 1 can never begin: it begins at epoch 2 at "
        "the earliest (max_transition_epoch 2), but max_epochs is 2",
        "c.yaml:4:57: warning: restore_best has no effect"}) {
    EXPECT_NE(told.problems.find(code), std::string::npos) << code << "\n"
                                                           << told.problems;
  }
}

TEST(ExplainRun, NoScheduleIsOnePhaseWithoutWarnings) {
  const Explained told = Explain(
      "trainer: {max_epochs: 2}\n"
      "scheduler: {epoch_transitions_only: true}\n");
  EXPECT_EQ(told.problems, "");
  ASSERT_EQ(told.timeline.phases.size(), 1u);
  EXPECT_EQ(told.timeline.phases[0].trainable_parameters, 56);
  EXPECT_EQ(told.timeline.phases[0].bytes.total(), 4 * 64 * 4);
}

}  // namespace
}  // namespace fts::train
