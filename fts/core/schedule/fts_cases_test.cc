// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// FTS's conformance cases of schedules, by number: 1-21. What FTS does is what
// its own code did when it was run; where it dies with a raw error, the case
// says what we do instead.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "fts/core/schedule/generate.h"
#include "fts/core/schedule/phase_keys.h"
#include "fts/core/schedule/resolve.h"
#include "fts/core/schedule/schedule_testutil.h"

namespace fts {
namespace {

using schedule_testing::ModelA;
using schedule_testing::ModelB;
using schedule_testing::ModelOf;
using schedule_testing::Names;
using schedule_testing::Outcome;
using schedule_testing::Resolve;
using schedule_testing::TiedModel;

bool Has(const Outcome& outcome, const std::string& text) {
  return outcome.problems.find(text) != std::string::npos;
}

// Two good phases of model A, after which tests append keys to phase 1.
constexpr char kTwo[] =
    "0:\n  params: [model.3.*]\n1:\n  params: ['model.2.*']\n";

TEST(FtsCase, 01_PrefixAndRegexEntriesWithDefaults) {
  const Outcome out =
      Resolve("{0: {params: [model.3]}, 1: {params: [model.2.*]}}");
  ASSERT_TRUE(out.schedule) << out.problems;
  EXPECT_EQ(out.problems, "");
  ASSERT_EQ(out.schedule->phases.size(), 2u);
  const Phase& first = out.schedule->phases[0];
  const Phase& second = out.schedule->phases[1];
  EXPECT_EQ(first.params, (Names{"model.3.weight", "model.3.bias"}));
  EXPECT_EQ(first.lr, std::nullopt);
  EXPECT_EQ(second.params, (Names{"model.2.weight", "model.2.bias"}));
  EXPECT_EQ(second.lr, 1e-5);
  EXPECT_EQ(second.max_transition_epoch, -1);
  EXPECT_EQ(out.schedule->max_depth, 1);
  EXPECT_EQ(out.schedule->max_epochs, std::nullopt);
}

TEST(FtsCase, 02_AnEntryIsAPrefix) {
  const Outcome out =
      Resolve("0: {params: [model.1]}",
              ModelOf({"model.1.w", "model.10.w", "model.2.w"}));
  ASSERT_TRUE(out.schedule);
  EXPECT_EQ(out.schedule->phases[0].params, (Names{"model.1.w", "model.10.w"}));
}

TEST(FtsCase, 03_MatchesStartAtTheBeginning) {
  const Outcome out = Resolve("0: {params: [0.weight]}");
  EXPECT_FALSE(out.schedule);
  EXPECT_EQ(out.problems,
            "s.yaml:1:14: error: phase 0, entry '0.weight' did not match any "
            "parameter; patterns match from the start of the name: "
            "'model.0.weight' only contains it, write '.*0.weight' "
            "[unmatched_entry]\n");
}

TEST(FtsCase, 04_UnmatchedRegex) {
  const Outcome out = Resolve("0:\n  params:\n  - nope.*\n");
  EXPECT_FALSE(out.schedule);
  EXPECT_EQ(out.problems,
            "s.yaml:3:5: error: phase 0, entry 'nope.*' did not match any "
            "parameter [unmatched_entry]\n");
}

TEST(FtsCase, 05_TwiceInOnePhaseIsNotDisjoint) {
  const Outcome out = Resolve("0: {params: [model.3.*, model.3.bias]}");
  EXPECT_FALSE(out.schedule);
  EXPECT_EQ(out.problems,
            "s.yaml:1:25: error: phase 0, entry 'model.3.bias' selects "
            "model.3.bias, already selected by phase 0, entry 'model.3.*' "
            "(s.yaml:1:14); phases must be disjoint, keep one of the two "
            "[phases_not_disjoint]\n");
}

TEST(FtsCase, 06_OverlappingPhasesAreNotDisjoint) {
  const Outcome out =
      Resolve("{0: {params: [model.3.*]}, 1: {params: [model.*]}}");
  EXPECT_FALSE(out.schedule);
  EXPECT_EQ(out.problems,
            "s.yaml:1:41: error: phase 1, entry 'model.*' selects "
            "model.3.weight, model.3.bias, already selected by phase 0, entry "
            "'model.3.*' (s.yaml:1:15); phases must be disjoint, keep one of "
            "the two [phases_not_disjoint]\n");
}

TEST(FtsCase, 07_StringKeysAreConverted) {
  const std::string text =
      "'0': {params: [model.3.*]}\n'1': {params: [model.2.*]}\n";
  const Outcome out = Resolve(text);
  ASSERT_TRUE(out.schedule);
  EXPECT_EQ(out.problems,
            "s.yaml:1:1: warning: phase keys were converted to integers: '0' "
            "-> 0, '1' -> 1; write them as integers [phase_keys_converted]\n");
  Diagnostics diags;
  const PhaseKeys keys = ConvertPhaseKeys(*ParseYaml(text, "", &diags), &diags);
  EXPECT_TRUE(keys.changed);
  EXPECT_FALSE(keys.renumbered);
  EXPECT_EQ(EmitYaml(keys.valid),
            "0:\n  params:\n    - model.3.*\n1:\n  params:\n    - model.2.*\n");
}

TEST(FtsCase, 08_FractionalKeysAreTruncated) {
  const Outcome out =
      Resolve("{0: {params: [model.3.*]}, 1.1: {params: [model.2.*]}}");
  ASSERT_TRUE(out.schedule);
  EXPECT_EQ(out.schedule->phases[1].index, 1);
  EXPECT_EQ(out.problems,
            "s.yaml:1:28: warning: phase keys were converted to integers: 1.1 "
            "-> 1; write them as integers [phase_keys_converted]\n");
}

TEST(FtsCase, 09_OtherKeysAreErrors) {
  const Outcome out =
      Resolve("{0: {params: [model.3]}, b: {params: [model.2]}}");
  EXPECT_FALSE(out.schedule);
  EXPECT_EQ(out.problems,
            "s.yaml:1:26: error: the phase key 'b' is not an integer; phases "
            "are numbered 0, 1, 2, ... [bad_phase_key]\n");
}

TEST(FtsCase, 10_GapsAreRenumberedInTheError) {
  for (const char* keys : {"0 2", "1 2"}) {
    const std::string first(1, keys[0]);
    const std::string second(1, keys[2]);
    const Outcome out =
        Resolve(first + ": {params: [model.3.*], max_transition_epoch: 4}\n" +
                second + ": {params: [model.2.*], lr: 1e-06}\n");
    EXPECT_FALSE(out.schedule);
    EXPECT_EQ(out.problems,
              "s.yaml:1:1: error: the phases are numbered " + first + ", " +
                  second +
                  ", but must be numbered from 0 without gaps; review this "
                  "renumbered schedule and use it instead: "
                  "[phases_not_contiguous]\n"
                  "0:\n  params:\n    - model.3.*\n  max_transition_epoch: 4\n"
                  "1:\n  params:\n    - model.2.*\n  lr: 1e-06\n");
  }
}

TEST(FtsCase, 11_LearningRatesAreNumbers) {
  const Outcome bad = Resolve(std::string(kTwo) + "  lr: abc\n");
  EXPECT_FALSE(bad.schedule);
  EXPECT_EQ(bad.problems,
            "s.yaml:5:7: error: phase 1: lr must be a number, got string 'abc' "
            "[bad_lr]\n");
  const Outcome good = Resolve(std::string(kTwo) + "  lr: '1e-06'\n");
  ASSERT_TRUE(good.schedule);
  EXPECT_EQ(good.schedule->phases[1].lr, 1e-6);
  EXPECT_EQ(Resolve(std::string(kTwo) + "  lr: 1e-06\n").schedule->phases[1].lr,
            1e-6);
}

TEST(FtsCase, 12_LearningRateOfPhase0IsDropped) {
  for (const char* lr : {"1e-3", "0.001", "0"}) {
    const Outcome out =
        Resolve(std::string("0: {params: [model.3], lr: ") + lr + "}");
    ASSERT_TRUE(out.schedule);
    EXPECT_EQ(out.schedule->phases[0].lr, std::nullopt);
    EXPECT_TRUE(Has(out, "s.yaml:1:28: warning: phase 0: lr "));
    EXPECT_TRUE(Has(out,
                    " is dropped: the first phase uses the optimizer's "
                    "own lr; set it there [phase0_lr]\n"));
  }
}

TEST(FtsCase, 13_EmptyParamsAreLegal) {
  for (const char* body : {"{params: []}", "{lr: 1}"}) {
    const Outcome out =
        Resolve(std::string("0: {params: [model.3]}\n1: ") + body + "\n");
    ASSERT_TRUE(out.schedule) << out.problems;
    EXPECT_TRUE(out.schedule->phases[1].params.empty());
    EXPECT_TRUE(Has(out,
                    "warning: phase 1 has no params: it thaws nothing and "
                    "adds no optimizer group [empty_phase]"));
  }
}

TEST(FtsCase, 14_UnknownKeysAreIgnoredWithAWarning) {
  const Outcome out = Resolve(std::string(kTwo) + "  learning_rate: 3\n" +
                              "  max_transition_epochs: 3\n");
  ASSERT_TRUE(out.schedule);
  EXPECT_EQ(out.problems,
            "s.yaml:5:3: warning: phase 1: unknown key 'learning_rate' is "
            "ignored [unknown_key]\n"
            "s.yaml:6:3: warning: phase 1: unknown key 'max_transition_epochs' "
            "is ignored; did you mean 'max_transition_epoch'? "
            "[unknown_key]\n");
  EXPECT_EQ(out.schedule->phases[1].max_transition_epoch, -1);
}

TEST(FtsCase, 15_TheFinalEpochOnlyRaisesMaxEpochs) {
  ResolveOptions options;
  options.max_epochs = 1000;
  const Outcome raised = Resolve(
      std::string(kTwo) + "  max_transition_epoch: 2000\n", ModelA(), options);
  ASSERT_TRUE(raised.schedule);
  EXPECT_EQ(raised.schedule->max_epochs, 2000);
  EXPECT_EQ(
      raised.problems,
      "s.yaml:5:3: warning: phase 1: max_transition_epoch 2000 of the "
      "last phase does not end the run; max_epochs is raised from 1000 to "
      "2000; set max_epochs instead [final_transition_epoch]\n");
  const Outcome stays = Resolve(
      std::string(kTwo) + "  max_transition_epoch: 2\n", ModelA(), options);
  ASSERT_TRUE(stays.schedule);
  EXPECT_EQ(stays.schedule->max_epochs, 1000);
  EXPECT_TRUE(Has(stays, "max_epochs stays 1000"));
  const Outcome none =
      Resolve(std::string(kTwo) + "  max_transition_epoch: 2\n");
  ASSERT_TRUE(none.schedule);
  EXPECT_EQ(none.schedule->max_epochs, std::nullopt);
  EXPECT_TRUE(Has(none, "it has no effect"));
}

TEST(FtsCase, 15_PhaseZeroDoesNotRaiseMaxEpochs) {
  ResolveOptions options;
  options.max_epochs = 3;
  const Outcome out = Resolve("0: {params: [model.3], max_transition_epoch: 9}",
                              ModelA(), options);
  ASSERT_TRUE(out.schedule);
  EXPECT_EQ(out.schedule->max_epochs, 3);
  EXPECT_TRUE(Has(out, "final_transition_epoch"));
}

TEST(FtsCase, 16_EpochOnlyNeedsAnEpochEverywhere) {
  ResolveOptions options;
  options.epoch_transitions_only = true;
  const Outcome out = Resolve(
      "0: {params: [model.3], max_transition_epoch: 1}\n1: {params: [model.2]}",
      ModelA(), options);
  EXPECT_FALSE(out.schedule);
  EXPECT_EQ(out.problems,
            "s.yaml:2:1: error: phase 1 sets no max_transition_epoch, _step, "
            "_tokens or _time; under epoch_transitions_only every phase needs "
            "one of them, add it [epoch_required]\n");
}

TEST(FtsCase, 16_EpochOnlyTakesOurLimitsToo) {
  ResolveOptions options;
  options.epoch_transitions_only = true;
  for (const char* limit :
       {"max_transition_epoch: 0", "max_transition_step: 5",
        "max_transition_tokens: 5", "max_transition_time: 5"}) {
    const Outcome out = Resolve(std::string("0: {params: [model.3], ") + limit +
                                    "}\n1: {params: [model.2], "
                                    "max_transition_epoch: 9}\n",
                                ModelA(), options);
    EXPECT_TRUE(out.schedule) << out.problems;
    EXPECT_FALSE(Has(out, "epoch_required"));
  }
  const Outcome negative = Resolve(
      "0: {params: [model.3], max_transition_epoch: -1, patience: 1}\n"
      "1: {params: [model.2], max_transition_epoch: 2}\n",
      ModelA(), options);
  EXPECT_FALSE(negative.schedule);
  EXPECT_TRUE(Has(negative, "s.yaml:1:24: error: phase 0 sets no max_"));
}

TEST(FtsCase, 17_SharedAliases) {
  const Outcome listed =
      Resolve("0:\n  params:\n  - dec.weight\n  - dec.bias\n", TiedModel());
  ASSERT_TRUE(listed.schedule);
  EXPECT_EQ(listed.schedule->phases[0].params, Names{"dec.bias"});
  EXPECT_EQ(listed.problems,
            "s.yaml:3:5: warning: phase 0, entry 'dec.weight' is a tied alias "
            "of 'emb.weight' and is dropped; name 'emb.weight' in the phase "
            "that should thaw it [shared_alias]\n");
  const Outcome regex = Resolve("0:\n  params:\n  - dec.w.*\n", TiedModel());
  EXPECT_FALSE(regex.schedule);
  EXPECT_EQ(regex.problems,
            "s.yaml:3:5: error: phase 0, entry 'dec.w.*' did not match any "
            "parameter; it matches only the tied alias 'dec.weight': name "
            "'emb.weight' instead [unmatched_entry]\n");
}

TEST(FtsCase, 17_AnAliasThatIsAPrefixSelectsAsInFts) {
  ModelDescription model =
      ModelOf({"emb.weight", "dec.weight", "dec.weight_scale"});
  model.parameters[1].shared_with = "emb.weight";
  const Outcome out = Resolve("0: {params: [dec.weight]}", model);
  ASSERT_TRUE(out.schedule);
  EXPECT_EQ(out.schedule->phases[0].params, Names{"dec.weight_scale"});
  EXPECT_TRUE(Has(out, "alias_as_pattern"));
}

TEST(FtsCase, 18_DuplicateYamlKeysNameTheKey) {
  const Outcome outer =
      Resolve("0: {params: [model.3]}\n0: {params: [model.2]}\n");
  EXPECT_FALSE(outer.schedule);
  EXPECT_TRUE(Has(outer, "s.yaml:2:1: error: ")) << outer.problems;
  EXPECT_TRUE(Has(outer, "[duplicate_key]")) << outer.problems;
  const Outcome inner =
      Resolve("0:\n  params: [model.3]\n  params: [model.2]\n");
  EXPECT_FALSE(inner.schedule);
  EXPECT_TRUE(Has(inner, "s.yaml:3:3: error: ")) << inner.problems;
  EXPECT_TRUE(Has(inner, "params")) << inner.problems;
  EXPECT_TRUE(Has(inner, "[duplicate_key]")) << inner.problems;
}

Names PhaseOf(const YamlNode& schedule, size_t phase) {
  Names out;
  for (const YamlNode& name :
       schedule.entries()[phase].value.Find("params")->items()) {
    out.push_back(name.text());
  }
  return out;
}

TEST(FtsCase, 19_ImplicitScheduleIsPairsBackwards) {
  const YamlNode schedule = GenerateImplicitSchedule(ModelA());
  ASSERT_EQ(schedule.entries().size(), 4u);
  EXPECT_EQ(PhaseOf(schedule, 0), (Names{"model.3.bias", "model.3.weight"}));
  EXPECT_EQ(PhaseOf(schedule, 1), (Names{"model.2.bias", "model.2.weight"}));
  EXPECT_EQ(PhaseOf(schedule, 3), (Names{"model.0.bias", "model.0.weight"}));
}

TEST(FtsCase, 20_AnOddCountEndsInASinglePhase) {
  const YamlNode schedule =
      GenerateImplicitSchedule(ModelOf({"a.w", "a.b", "c.w", "c.b", "h.w"}));
  ASSERT_EQ(schedule.entries().size(), 3u);
  EXPECT_EQ(PhaseOf(schedule, 0), (Names{"h.w", "c.b"}));
  EXPECT_EQ(PhaseOf(schedule, 1), (Names{"c.w", "a.b"}));
  EXPECT_EQ(PhaseOf(schedule, 2), Names{"a.w"});
  EXPECT_TRUE(GenerateImplicitSchedule(ModelOf({})).entries().empty());
}

TEST(FtsCase, 20_TheSinglePhaseHoldsWhatWasRegisteredFirst) {
  // FTS's nested convolution net, 13 parameters.
  Names names = {"test.encoder.0.parent_param"};
  for (const char* module :
       {"encoder.0.conv", "encoder.1.conv", "encoder.2.conv", "decoder.0.conv",
        "decoder.1.conv", "head"}) {
    names.push_back(std::string("test.") + module + ".weight");
    names.push_back(std::string("test.") + module + ".bias");
  }
  const YamlNode schedule = GenerateImplicitSchedule(ModelOf(names));
  ASSERT_EQ(schedule.entries().size(), 7u);
  EXPECT_EQ(PhaseOf(schedule, 6), Names{"test.encoder.0.parent_param"});
  // And model B, 29 parameters.
  const YamlNode of_b = GenerateImplicitSchedule(ModelB());
  ASSERT_EQ(of_b.entries().size(), 15u);
  EXPECT_EQ(PhaseOf(of_b, 0),
            (Names{"model.output.weight", "model.norm.bias"}));
  EXPECT_EQ(PhaseOf(of_b, 14), Names{"model.tok_embeddings.weight"});
}

TEST(FtsCase, 21_TheTutorialsScheduleOnItsLlama) {
  Diagnostics diags;
  const auto model = ReadModelDescription(
      "fts/core/schedule/testdata/llama_4_layers.json", &diags);
  const auto yaml =
      ReadYamlFile("fts/core/schedule/testdata/llama_ft_schedule.yaml", &diags);
  ASSERT_TRUE(model.ok() && yaml.ok()) << diags.ToString();
  const auto schedule = ResolveSchedule(*yaml, *model, {}, &diags);
  ASSERT_TRUE(schedule.ok()) << diags.ToString();
  EXPECT_TRUE(diags.all().empty()) << diags.ToString();
  ASSERT_EQ(schedule->phases.size(), 3u);
  EXPECT_EQ(schedule->phases[0].params,
            (Names{"model.output.weight", "model.norm.weight"}));
  EXPECT_EQ(schedule->phases[1].params.size(), 9u);
  EXPECT_EQ(schedule->phases[2].params.size(), 28u);
  std::set<std::string> all;
  for (const Phase& phase : schedule->phases) {
    all.insert(phase.params.begin(), phase.params.end());
  }
  EXPECT_EQ(all.size(), 39u);
  EXPECT_EQ(schedule->phases[0].max_transition_epoch, 1);
  EXPECT_EQ(schedule->phases[1].max_transition_epoch, 2);
  EXPECT_EQ(schedule->phases[2].max_transition_epoch, -1);
}

TEST(FtsCase, 21_ThreePhasesOfModelB) {
  // The phases of FTS's model-parallel tests (cases 40-45): 3, 15, 29 tensors.
  const Outcome out = Resolve(
      "0: {params: [model.output.*, model.norm.*], max_transition_epoch: 1}\n"
      "1: {params: ['model.layers.1.*'], max_transition_epoch: 2}\n"
      "2: {params: ['model.layers.0.*', 'model.(tok|pos)_embeddings.*']}\n",
      ModelB());
  ASSERT_TRUE(out.schedule) << out.problems;
  EXPECT_EQ(out.problems, "");
  size_t thawed = 0;
  Names counts;
  for (const Phase& phase : out.schedule->phases) {
    thawed += phase.params.size();
    counts.push_back(std::to_string(thawed));
  }
  EXPECT_EQ(counts, (Names{"3", "15", "29"}));
}

}  // namespace
}  // namespace fts
