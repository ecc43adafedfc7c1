// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Layers of a model, and the groups that lr_decay makes of them.
#include "fts/core/schedule/layers.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "fts/core/schedule/groups.h"
#include "fts/core/schedule/schedule_testutil.h"

namespace fts {
namespace {

using schedule_testing::ModelA;
using schedule_testing::ModelOf;
using schedule_testing::Names;
using schedule_testing::Outcome;
using schedule_testing::Resolve;
using schedule_testing::TiedModel;

// "kind name: params"; kinds are H, B and E.
Names Show(const ModelDescription& model) {
  Names out;
  for (const Layer& layer : ModelLayers(model)) {
    std::string line(1, "HBE"[static_cast<int>(layer.kind)]);
    line += " " + layer.name + ":";
    for (const std::string& name : layer.params) line += " " + name;
    out.push_back(line);
  }
  return out;
}

TEST(ModelLayers, FromTheOutputToTheInput) {
  EXPECT_EQ(Show(ModelOf({"m.emb.w", "m.layers.0.a.w", "m.layers.0.b.w",
                          "m.layers.1.a.w", "m.norm.w", "m.out.w"})),
            (Names{"H head: m.norm.w m.out.w", "B m.layers.1: m.layers.1.a.w",
                   "B m.layers.0: m.layers.0.a.w m.layers.0.b.w",
                   "E embeddings: m.emb.w"}));
}

TEST(ModelLayers, OnlyTheOutermostNumberCounts) {
  EXPECT_EQ(Show(ModelOf({"s.0.x.1.w", "s.0.x.2.w", "s.1.x.0.w", "s.1.2"})),
            (Names{"B s.1: s.1.x.0.w s.1.2", "B s.0: s.0.x.1.w s.0.x.2.w"}));
}

TEST(ModelLayers, WithoutNumbersModulesAreBlocks) {
  EXPECT_EQ(Show(ModelOf({"fc1.w", "fc1.b", "scale", "out.w"})),
            (Names{"H head: out.w", "B root: scale", "B fc1: fc1.w fc1.b"}));
  EXPECT_EQ(Show(ModelOf({"only.w"})), Names{"B only: only.w"});
}

TEST(ModelLayers, EmbeddingModulesAreEmbeddingsWhereverTheyStand) {
  ModelDescription model = ModelOf({"layers.0.w", "wte.w", "lm.w"});
  model.modules = {{"", "M", false}, {"wte", "Embedding", false}};
  EXPECT_EQ(Show(model), (Names{"H head: lm.w", "B layers.0: layers.0.w",
                                "E embeddings: wte.w"}));
  model = ModelOf({"fc.w", "wte.w", "lm.w"});
  model.modules = {{"", "M", false}, {"wte", "Embedding", false}};
  EXPECT_EQ(Show(model),
            (Names{"H head: lm.w", "B fc: fc.w", "E embeddings: wte.w"}));
}

TEST(ModelLayers, AliasesAreLeftOut) {
  EXPECT_EQ(Show(TiedModel()),
            (Names{"H head: dec.bias", "B emb: emb.weight"}));
  EXPECT_TRUE(ModelLayers(ModelOf({})).empty());
}

TEST(Groups, OneOfAllParamsInRegistrationOrder) {
  const Outcome out =
      Resolve("0: {params: [model.3.bias, model.1.weight, model.3.weight]}");
  ASSERT_TRUE(out.schedule) << out.problems;
  const Phase& phase = out.schedule->phases[0];
  EXPECT_EQ(phase.params,
            (Names{"model.3.bias", "model.1.weight", "model.3.weight"}));
  ASSERT_EQ(phase.groups.size(), 1u);
  EXPECT_EQ(phase.groups[0].name, "");
  EXPECT_EQ(phase.groups[0].lr_scale, 1);
  EXPECT_EQ(phase.groups[0].params,
            (Names{"model.1.weight", "model.3.weight", "model.3.bias"}));
  EXPECT_TRUE(Resolve("0: {params: []}").schedule->phases[0].groups.empty());
}

TEST(Groups, LrDecayMakesOnePerLayerOfThePhase) {
  const Outcome out = Resolve(
      "0: {params: [model.3], lr_decay: 0.5}\n"
      "1: {params: [model.0, model.2], lr_decay: 0.5}\n"
      "2: {params: [model.1], lr_decay: 1}\n");
  ASSERT_TRUE(out.schedule) << out.problems;
  EXPECT_EQ(out.problems, "");
  const auto& first = out.schedule->phases[0].groups;
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].name, "model.3");
  EXPECT_EQ(first[0].lr_scale, 1);
  // Scales count the phase's own layers: 2, then 0.
  const auto& second = out.schedule->phases[1].groups;
  ASSERT_EQ(second.size(), 2u);
  EXPECT_EQ(second[0].name, "model.2");
  EXPECT_EQ(second[0].lr_scale, 1);
  EXPECT_EQ(second[0].params, (Names{"model.2.weight", "model.2.bias"}));
  EXPECT_EQ(second[1].name, "model.0");
  EXPECT_EQ(second[1].lr_scale, 0.5);
  EXPECT_EQ(out.schedule->phases[2].lr_decay, 1);
}

TEST(Groups, HeadAndEmbeddingsAreLayers) {
  const Outcome out = Resolve(
      "0: {params: ['.*'], lr_decay: 0.1}",
      ModelOf({"emb.w", "layers.0.w", "layers.1.w", "norm.w", "out.w"}));
  ASSERT_TRUE(out.schedule) << out.problems;
  const auto& groups = out.schedule->phases[0].groups;
  ASSERT_EQ(groups.size(), 4u);
  const std::pair<const char*, double> want[] = {{"head", 1},
                                                 {"layers.1", 0.1},
                                                 {"layers.0", 0.01},
                                                 {"embeddings", 0.001}};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(groups[i].name, want[i].first);
    EXPECT_DOUBLE_EQ(groups[i].lr_scale, want[i].second);
  }
  EXPECT_EQ(groups[0].params, (Names{"norm.w", "out.w"}));
}

}  // namespace
}  // namespace fts
