// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Who holds which parameter, through ResolvePlan.
#include "fts/core/plan/segments.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fts/core/plan/resolve_plan.h"
#include "fts/core/plan/test_models.h"
#include "gtest/gtest.h"

namespace fts {
namespace {

using Names = std::vector<std::string>;

// "phase dtype: names" of each segment; '*' marks replicated ones.
Names Show(const UnitSpec& unit) {
  Names out;
  for (const SegmentSpec& s : unit.segments) {
    out.push_back(absl::StrCat(s.phase, " ", s.dtype, s.replicated ? "*" : "",
                               ": ", absl::StrJoin(s.parameters, " ")));
  }
  return out;
}

Plan Resolve(const ModelDescription& model, const std::string& yaml,
             const PlanOptions& options, Diagnostics* diags) {
  auto plan = ResolvePlan(Yaml(yaml), model, options, diags);
  EXPECT_TRUE(plan.ok()) << plan.status();
  return plan.ok() ? *plan : Plan();
}

void Tie(ModelDescription* model, const std::string& alias,
         const std::string& to) {
  for (ParameterInfo& p : model->parameters) {
    if (p.name == alias) p.shared_with = to;
  }
}

TEST(Segments, SplitByPhaseThenDtype) {
  ModelDescription model = MakeModel({"m.a", "m.b", "m.c", "m.d", "m.e"});
  model.parameters[0].dtype = "bfloat16";
  model.parameters[3].dtype = "bfloat16";
  model.parameters[1].shape = {};
  const Schedule schedule = MakeSchedule({{"m.b", "m.d"}, {"m.a", "m.c"}}, 1);
  PlanOptions options;
  options.schedule = &schedule;
  Diagnostics diags;
  const Plan plan = Resolve(model, "fsdp_plan: {m: {}}", options, &diags);
  EXPECT_EQ(Show(plan.units[0]),
            (Names{"0 bfloat16: m.d", "0 float32: m.b", "1 bfloat16: m.a",
                   "1 float32: m.c", "-1 float32: m.e"}));
  EXPECT_EQ(plan.units[0].segments[1].numel, 1);
  EXPECT_EQ(plan.units[0].segments[2].numel, 8);
}

TEST(Segments, BeyondMaxDepthIsNever) {
  const ModelDescription model = MakeModel({"m.a", "m.b", "m.c"});
  const Schedule schedule = MakeSchedule({{"m.a"}, {"m.b"}, {"m.c"}}, 1);
  PlanOptions options;
  options.schedule = &schedule;
  Diagnostics diags;
  const Plan plan = Resolve(model, "{}", options, &diags);
  EXPECT_EQ(Show(plan.remainder),
            (Names{"0 float32*: m.a", "1 float32*: m.b", "-1 float32*: m.c"}));
}

// Frozen and thawed again: split by when, up to max_depth.
TEST(Segments, SplitByTheirSwitches) {
  const ModelDescription model =
      MakeModel({"m.a", "m.b", "m.c", "m.d", "m.e", "m.f"});
  Schedule schedule = MakeSchedule(
      {{"m.a", "m.b", "m.c", "m.d"}, {"m.e"}, {"m.a"}, {"m.f"}}, 2);
  schedule.phases[1].freeze = {"m.a", "m.b"};
  schedule.phases[2].freeze = {"m.c"};
  schedule.phases[3].freeze = {"m.d", "m.a"};
  PlanOptions options;
  options.schedule = &schedule;
  Diagnostics diags;
  const Plan plan = Resolve(model, "fsdp_plan: {m: {}}", options, &diags);
  EXPECT_EQ(Show(plan.units[0]),
            (Names{"0 float32: m.d", "0 float32: m.b", "0 float32: m.a",
                   "0 float32: m.c", "1 float32: m.e", "-1 float32: m.f"}));
  const std::vector<SegmentSpec>& segments = plan.units[0].segments;
  EXPECT_EQ(segments[0].switches, (std::vector<int>{}));
  EXPECT_EQ(segments[1].switches, (std::vector<int>{1}));
  EXPECT_EQ(segments[2].switches, (std::vector<int>{1, 2}));
  EXPECT_EQ(segments[3].switches, (std::vector<int>{2}));
}

TEST(SegmentSpec, KnowsWhenItTrains) {
  SegmentSpec segment;
  segment.phase = 1;
  segment.switches = {2, 4, 5};
  std::string trains, thaws, freezes;
  for (int phase = 0; phase < 7; ++phase) {
    trains += segment.trains_in(phase) ? 'x' : '.';
    thaws += segment.thaws_at(phase) ? 'x' : '.';
    freezes += segment.freezes_at(phase) ? 'x' : '.';
  }
  EXPECT_EQ(trains, ".x..x..");
  EXPECT_EQ(thaws, ".x..x..");
  EXPECT_EQ(freezes, "..x..x.");
  segment.phase = -1;
  segment.switches.clear();
  EXPECT_FALSE(segment.trains_in(0));
  EXPECT_FALSE(segment.thaws_at(0));
}

TEST(Segments, WithoutAScheduleAllIsPhaseZero) {
  Diagnostics diags;
  const Plan plan =
      Resolve(MakeModel({"m.a", "n.b"}), "fsdp_plan: {m: {}}", {}, &diags);
  EXPECT_EQ(Show(plan.units[0]), (Names{"0 float32: m.a"}));
  EXPECT_EQ(Show(plan.remainder), (Names{"0 float32*: n.b"}));
}

TEST(Segments, DecayFirstThenNoDecay) {
  PlanOptions options;
  options.no_decay = {"bias", "norm"};
  Diagnostics diags;
  const Plan plan =
      Resolve(MakeModel({"m.norm.w", "m.a.bias", "m.a.w", "m.b.w", "m.b.bias"}),
              "fsdp_plan: {m: {}}", options, &diags);
  EXPECT_EQ(Show(plan.units[0]),
            (Names{"0 float32: m.a.w m.b.w m.norm.w m.a.bias m.b.bias"}));
  EXPECT_EQ(plan.units[0].segments[0].numel, 40);
  EXPECT_EQ(plan.units[0].segments[0].decay_numel, 16);
}

TEST(Segments, ANestedUnitTakesItsParametersFirst) {
  Diagnostics diags;
  const Plan plan = Resolve(MakeModel({"m.a.w", "m.b.w", "mm.w"}),
                            "fsdp_plan: {m.a: {}, m: {}}", {}, &diags);
  EXPECT_EQ(Show(plan.units[0]), (Names{"0 float32: m.a.w"}));
  EXPECT_EQ(Show(plan.units[1]), (Names{"0 float32: m.b.w"}));
  EXPECT_EQ(Show(plan.remainder), (Names{"0 float32*: mm.w"}));
}

TEST(Segments, TiedParametersGoToTheLowestCommonUnit) {
  ModelDescription model =
      MakeModel({"model.emb.weight", "model.mid.w", "model.output.weight"});
  Tie(&model, "model.output.weight", "model.emb.weight");
  Diagnostics diags;
  Plan plan =
      Resolve(model, "fsdp_plan: {model.emb: {}, model.mid: {}, model: {}}", {},
              &diags);
  EXPECT_TRUE(plan.units[0].segments.empty());
  EXPECT_EQ(Show(plan.units[2]), (Names{"0 float32: model.emb.weight"}));
  EXPECT_EQ(diags.ToString(),
            "plan.yaml:1:13: warning: unit 'model.emb' holds no parameters: "
            "'model.emb.weight' is tied and belongs to unit 'model'; it does "
            "nothing [empty_unit]\n");
  // Without a common unit: the remainder.
  Diagnostics more;
  plan =
      Resolve(model, "fsdp_plan: {model.output: {}, model.mid: {}}", {}, &more);
  EXPECT_TRUE(plan.units[0].segments.empty());
  EXPECT_EQ(Show(plan.remainder), (Names{"0 float32*: model.emb.weight"}));
  EXPECT_EQ(more.ToString(),
            "plan.yaml:1:13: warning: unit 'model.output' holds no parameters: "
            "'model.output.weight' is tied and belongs to the remainder; it "
            "does nothing [empty_unit]\n");
}

TEST(Segments, TiesWithinAUnitStayInIt) {
  ModelDescription model = MakeModel({"m.a.w", "m.b.w", "n.w"});
  Tie(&model, "m.b.w", "m.a.w");
  Diagnostics diags;
  const Plan plan = Resolve(model, "fsdp_plan: {m: {}}", {}, &diags);
  EXPECT_EQ(Show(plan.units[0]), (Names{"0 float32: m.a.w"}));
  EXPECT_TRUE(diags.all().empty());
}

TEST(Segments, EmptyUnitsStayAndAreReported) {
  ModelDescription model = MakeModel({"m.a.w", "n.w"});
  model.modules.push_back({"rope", "Rope", false});
  Diagnostics diags;
  const Plan plan = Resolve(
      model, "fsdp_plan:\n  m.a: {}\n  m: {}\n  rope: {}\n", {}, &diags);
  ASSERT_EQ(plan.units.size(), 3u);
  EXPECT_EQ(diags.ToString(),
            "plan.yaml:3:3: warning: unit 'm' holds no parameters of its own: "
            "the units below it hold them all; it does nothing [empty_unit]\n"
            "plan.yaml:4:3: warning: unit 'rope' holds no parameters; it does "
            "nothing [empty_unit]\n");
}

TEST(Segments, IgnoredParametersAreReplicated) {
  Diagnostics diags;
  const Plan plan = Resolve(MakeModel({"m.a.w", "m.a.bias", "m.b.bias", "n.w"}),
                            "unplanned: shard\n"
                            "fsdp_plan: {m.a: {ignored_params: ['.*bias']}, m: "
                            "{}}\n",
                            {}, &diags);
  EXPECT_EQ(Show(plan.units[0]), (Names{"0 float32: m.a.w"}));
  EXPECT_EQ(plan.units[0].ignored, (Names{"m.a.bias"}));
  // The pattern of one unit does not reach the parameters of another.
  EXPECT_EQ(Show(plan.units[1]), (Names{"0 float32: m.b.bias"}));
  EXPECT_EQ(Show(plan.remainder),
            (Names{"0 float32: n.w", "0 float32*: m.a.bias"}));
  EXPECT_TRUE(plan.remainder.is_root);
}

TEST(Segments, IgnoredParamsMustMatchSomething) {
  Diagnostics diags;
  const auto plan =
      ResolvePlan(Yaml("fsdp_default_kwargs: {ignored_params: [m.a.ww, '(']}\n"
                       "fsdp_plan: {m.a: {}, m: {}}\n"),
                  MakeModel({"m.a.w", "m.b"}), {}, &diags);
  EXPECT_FALSE(plan.ok());
  EXPECT_EQ(diags.ToString(),
            "plan.yaml:1:40: error: ignored_params entry 'm.a.ww' matches no "
            "parameter; did you mean 'm.a.w'? [unmatched_ignored_params]\n"
            "plan.yaml:1:48: error: ignored_params entry '(': missing ), "
            "unterminated subpattern at position 0 [bad_pattern]\n");
}

TEST(Segments, IgnoredParamsMustBeTheUnitsOwn) {
  const auto problems = [](const std::string& yaml) {
    Diagnostics diags;
    ResolvePlan(Yaml(yaml), MakeModel({"m.a.w", "m.b.w", "n.w"}), {}, &diags)
        .status()
        .IgnoreError();
    return diags.ToString();
  };
  EXPECT_EQ(
      problems("fsdp_plan: {m.a: {ignored_params: [m.b.w]}, m.b: {}}\n"),
      "plan.yaml:1:36: error: ignored_params entry 'm.b.w' matches no "
      "parameter that unit 'm.a' holds; write it in the entry of the unit that "
      "does, or remove it: a parameter that no unit holds is not sharded "
      "[unmatched_ignored_params]\n");
  // One of the units that the list stands for is enough.
  EXPECT_EQ(problems("fsdp_default_kwargs: {ignored_params: [m.b.w]}\n"
                     "fsdp_plan: {m.b: {}, m.a: {}}\n"),
            "plan.yaml:2:13: warning: unit 'm.b' holds no parameters: "
            "ignored_params took them all; it does nothing [empty_unit]\n");
  EXPECT_EQ(problems("fsdp_default_kwargs: {ignored_params: [n.w]}\n"
                     "fsdp_plan: {m.a: {}, m: {}}\n"),
            "plan.yaml:1:40: error: ignored_params entry 'n.w' matches no "
            "parameter that unit 'm.a' holds; write it in the entry of the "
            "unit that does, or remove it: a parameter that no unit holds is "
            "not sharded [unmatched_ignored_params]\n");
}

TEST(Segments, ShardPlacementNeedsTheDimension) {
  ModelDescription model = MakeModel({"m.w", "m.bias"});
  model.parameters[1].shape = {4};
  Diagnostics diags;
  EXPECT_FALSE(ResolvePlan(Yaml("fsdp_plan: {m: {shard_placement: {dim: 1}}}"),
                           model, {}, &diags)
                   .ok());
  EXPECT_EQ(diags.ToString(),
            "plan.yaml:1:40: error: unit 'm': shard_placement dim 1 is no "
            "dimension of 'm.bias', which has 1; plan that parameter's module "
            "on its own, or list it in ignored_params [shard_placement]\n");
}

TEST(Segments, MixedPhasesAreANoteAndNoWarning) {
  const ModelDescription model = LlamaModel(1);
  const Schedule schedule =
      MakeSchedule({{"model.output.weight", "model.norm.weight"},
                    {"model.tok_embeddings.weight"}},
                   1);
  PlanOptions options;
  options.schedule = &schedule;
  Diagnostics diags;
  const Plan plan =
      Resolve(model, "fsdp_plan: {model.output: {}}", options, &diags);
  EXPECT_TRUE(diags.all().empty());
  ASSERT_EQ(plan.notes.size(), 1u);
  EXPECT_EQ(plan.notes[0].code, "mixed_phase");
  EXPECT_EQ(plan.notes[0].message,
            "phase 0 thaws sharded parameters together with 1 replicated one: "
            "model.norm.weight; add their modules to fsdp_plan, or set "
            "unplanned: shard, to shard them too");
}

// Every parameter is in exactly one segment, whatever the plan.
TEST(Segments, NothingIsLostOrHeldTwice) {
  ModelDescription model = LlamaModel(3);
  Tie(&model, "model.output.weight", "model.tok_embeddings.weight");
  for (const char* yaml :
       {"{}", "fsdp_plan: {model: {}}", "fsdp_plan: {'.*': {}}",
        R"(fsdp_plan: {'model.layers.\d*$': {}, model.output: {}})",
        "fsdp_plan: {'.*attention': {}, '.*feed_forward$': {}, "
        "'model.layers.[0-9]$': {}, model: {}}",
        "unplanned: shard\nfsdp_plan: {model.norm: {ignored_params: "
        "[model.n]}}"}) {
    PlanOptions options;
    options.no_decay = {"norm"};
    Diagnostics diags;
    const Plan plan = Resolve(model, yaml, options, &diags);
    Names held;
    int64_t numel = 0;
    const auto add = [&](const UnitSpec& unit) {
      for (const SegmentSpec& s : unit.segments) {
        held.insert(held.end(), s.parameters.begin(), s.parameters.end());
        numel += s.numel;
        EXPECT_FALSE(s.parameters.empty());
      }
    };
    for (const UnitSpec& unit : plan.units) add(unit);
    add(plan.remainder);
    std::sort(held.begin(), held.end());
    Names expected = model.CanonicalNames();
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(held, expected) << yaml;
    EXPECT_EQ(numel, static_cast<int64_t>(expected.size()) * 8);
  }
}

TEST(ModuleNames, Within) {
  EXPECT_TRUE(IsWithin("a.b", ""));
  EXPECT_TRUE(IsWithin("", ""));
  EXPECT_TRUE(IsWithin("a.b", "a"));
  EXPECT_TRUE(IsWithin("a", "a"));
  EXPECT_FALSE(IsWithin("ab", "a"));
  EXPECT_FALSE(IsWithin("a", "a.b"));
  EXPECT_FALSE(IsWithin("", "a"));
  EXPECT_EQ(OwnerOf("a.b.w"), "a.b");
  EXPECT_EQ(OwnerOf("w"), "");
}

}  // namespace
}  // namespace fts
