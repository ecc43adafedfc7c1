// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The implicit schedule is covered by cases 19 and 20 in fts_cases_test.cc.
#include "fts/core/schedule/generate.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "fts/core/schedule/schedule_testutil.h"

namespace fts {
namespace {

using schedule_testing::ModelA;
using schedule_testing::ModelOf;
using schedule_testing::Names;

std::vector<Names> Generate(const ModelDescription& model, int phases) {
  Diagnostics diags;
  const auto schedule = GenerateBlockSchedule(model, phases, &diags);
  EXPECT_TRUE(schedule.ok()) << diags.ToString();
  std::vector<Names> out;
  if (!schedule.ok()) return out;
  for (const auto& phase : schedule->entries()) {
    out.emplace_back();
    for (const auto& name : phase.value.Find("params")->items()) {
      out.back().push_back(name.text());
    }
  }
  // Every generated schedule is a valid one that covers the model.
  const auto resolved = ResolveSchedule(*schedule, model, {}, &diags);
  EXPECT_TRUE(resolved.ok()) << diags.ToString();
  size_t total = 0;
  for (const Names& names : out) total += names.size();
  EXPECT_EQ(total, model.CanonicalNames().size());
  return out;
}

ModelDescription Llama() {
  Diagnostics diags;
  auto model = ReadModelDescription(
      "fts/core/schedule/testdata/llama_4_layers.json", &diags);
  EXPECT_TRUE(model.ok()) << diags.ToString();
  return model.ok() ? *model : ModelDescription();
}

TEST(BlockSchedule, LlamaInThreePhases) {
  const auto phases = Generate(Llama(), 3);
  ASSERT_EQ(phases.size(), 3u);
  EXPECT_EQ(phases[0], (Names{"model.norm.weight", "model.output.weight"}));
  EXPECT_EQ(phases[1].size(), 18u);
  EXPECT_EQ(phases[1].front(), "model.layers.3.attention.wq.weight");
  EXPECT_EQ(phases[1].back(), "model.layers.2.ffn_norm.weight");
  EXPECT_EQ(phases[2].size(), 19u);
  EXPECT_EQ(phases[2].back(), "model.tok_embeddings.weight");
}

TEST(BlockSchedule, EveryPossibleCount) {
  for (int phases = 1; phases <= 6; ++phases) {
    const auto out = Generate(Llama(), phases);
    EXPECT_EQ(out.size(), static_cast<size_t>(phases));
    for (const Names& names : out) EXPECT_FALSE(names.empty());
  }
  const auto six = Generate(Llama(), 6);
  EXPECT_EQ(six[5], Names{"model.tok_embeddings.weight"});
}

TEST(BlockSchedule, CountsOutOfRange) {
  for (int phases : {0, -3, 7}) {
    Diagnostics diags;
    EXPECT_FALSE(GenerateBlockSchedule(Llama(), phases, &diags).ok());
    EXPECT_EQ(diags.ToString(),
              "error: phases must be from 1 to 6 for this model (1 head, 4 "
              "blocks, 1 embeddings), got " +
                  std::to_string(phases) + " [out_of_range]\n");
  }
  Diagnostics diags;
  EXPECT_FALSE(GenerateBlockSchedule(ModelOf({}), 1, &diags).ok());
}

TEST(BlockSchedule, NumberedLayersWithoutHeadOrEmbeddings) {
  const auto phases = Generate(ModelA(), 2);
  EXPECT_EQ(phases[0], (Names{"model.3.weight", "model.3.bias",
                              "model.2.weight", "model.2.bias"}));
  EXPECT_EQ(phases[1].back(), "model.0.bias");
}

TEST(BlockSchedule, ModulesAreBlocksWhenNothingIsNumbered) {
  const auto phases = Generate(
      ModelOf({"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias", "out.w"}),
      3);
  EXPECT_EQ(phases[0], Names{"out.w"});
  EXPECT_EQ(phases[1], (Names{"fc2.weight", "fc2.bias"}));
  EXPECT_EQ(phases[2], (Names{"fc1.weight", "fc1.bias"}));
}

TEST(BlockSchedule, NormsBetweenStacksGoWithTheBlockBefore) {
  const auto phases = Generate(
      ModelOf({"emb.w", "enc.layers.0.w", "enc.layers.1.w", "enc.norm.w",
               "dec.layers.0.w", "dec.layers.1.w", "dec.norm.w", "head.w"}),
      5);
  EXPECT_EQ(phases[0], (Names{"dec.norm.w", "head.w"}));
  EXPECT_EQ(phases[1], Names{"dec.layers.1.w"});
  EXPECT_EQ(phases[3], (Names{"enc.layers.1.w", "enc.norm.w"}));
  EXPECT_EQ(phases[4], (Names{"enc.layers.0.w", "emb.w"}));
}

TEST(BlockSchedule, EmbeddingModulesComeLastWhereverTheyStand) {
  ModelDescription model =
      ModelOf({"layers.0.w", "layers.1.w", "wte.w", "lm.w"});
  model.modules = {{"", "M", false}, {"wte", "Embedding", false}};
  const auto phases = Generate(model, 3);
  EXPECT_EQ(phases[0], Names{"lm.w"});
  EXPECT_EQ(phases[2], (Names{"layers.0.w", "wte.w"}));
}

TEST(DepthSchedule, OnePhasePerLayer) {
  const YamlNode schedule = GenerateDepthSchedule(Llama());
  ASSERT_EQ(schedule.entries().size(), 6u);
  const auto names = [&](size_t phase) {
    Names out;
    for (const auto& name :
         schedule.entries()[phase].value.Find("params")->items()) {
      out.push_back(name.text());
    }
    return out;
  };
  EXPECT_EQ(names(0), (Names{"model.norm.weight", "model.output.weight"}));
  EXPECT_EQ(names(1).front(), "model.layers.3.attention.wq.weight");
  EXPECT_EQ(names(4).back(), "model.layers.0.ffn_norm.weight");
  EXPECT_EQ(names(5), Names{"model.tok_embeddings.weight"});
  Diagnostics diags;
  const auto resolved = ResolveSchedule(schedule, Llama(), {}, &diags);
  ASSERT_TRUE(resolved.ok()) << diags.ToString();
  EXPECT_EQ(resolved->phases[2].params.size(), 9u);
  EXPECT_TRUE(GenerateDepthSchedule(ModelOf({})).entries().empty());
}

TEST(AnnotateSchedule, CommentsAndReadsBackEqual) {
  const ModelDescription model = ModelA();
  const YamlNode schedule = GenerateImplicitSchedule(model);
  const std::string text =
      AnnotateSchedule(schedule, model, "implicit: pairs from the end");
  EXPECT_EQ(
      text.substr(0, text.find("1:\n")),
      "# A fine-tuning schedule, implicit: pairs from the end.\n"
      "# A phase thaws its params and keeps those of earlier phases; edit "
      "freely.\n"
      "# lr: of the phase's parameters, else base_max_lr (phase 0 has the "
      "optimizer's own).\n"
      "# max_transition_epoch: the epoch, from 0, at whose start the next "
      "phase "
      "begins\n"
      "# at the latest; without it, early stopping alone ends the phase.\n"
      "# phase 0: 2 tensors, 12 elements (25.0 % of the model)\n"
      "0:\n"
      "  params:\n"
      "    - model.3.bias\n"
      "    - model.3.weight\n"
      "  # max_transition_epoch: 1\n"
      "# phase 1: 2 tensors, 12 elements (25.0 % of the model)\n");
  EXPECT_EQ(text.substr(text.find("# phase 3")),
            "# phase 3: 2 tensors, 12 elements (25.0 % of the model)\n"
            "3:\n"
            "  params:\n"
            "    - model.0.bias\n"
            "    - model.0.weight\n"
            "  # lr: 1.0e-05\n");
  Diagnostics diags;
  const auto again = ParseYaml(text, "", &diags);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(YamlEqual(*again, schedule));
  EXPECT_TRUE(ParseYaml(AnnotateSchedule(GenerateImplicitSchedule(ModelOf({})),
                                         model, "x\ny: z"),
                        "", &diags)
                  .ok());
}

}  // namespace
}  // namespace fts
