// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Which modules become units, in what order and with which options: FTS's cases
// 40-53 by number, then ours.
#include "fts/core/plan/resolve_plan.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fts/core/plan/plan_json.h"
#include "fts/core/plan/test_models.h"
#include "gtest/gtest.h"

namespace fts {
namespace {

using Names = std::vector<std::string>;

struct Resolved {
  Plan plan;
  Diagnostics diags;

  Names units() const {
    Names out;
    for (const UnitSpec& unit : plan.units) out.push_back(unit.module);
    return out;
  }
  Names skipped() const {
    Names out;
    for (const SkippedModule& s : plan.skipped) {
      out.push_back(absl::StrCat(s.module, ": ", s.reason));
    }
    return out;
  }
  std::string options(size_t i) const {
    return DumpJson(YamlToJson(plan.units[i].options.written));
  }
  Names codes() const {
    Names out;
    for (const Diagnostic& d : diags.all()) out.push_back(d.code);
    return out;
  }
};

Resolved Resolve(const ModelDescription& model, const std::string& yaml,
                 const PlanOptions& options = {}) {
  Resolved out;
  auto plan = ResolvePlan(Yaml(yaml), model, options, &out.diags);
  EXPECT_TRUE(plan.ok()) << plan.status();
  if (plan.ok()) out.plan = *std::move(plan);
  return out;
}

// The diagnostics of a plan that must fail.
std::string Errors(const ModelDescription& model, const std::string& yaml) {
  Diagnostics diags;
  const auto plan = ResolvePlan(Yaml(yaml), model, {}, &diags);
  EXPECT_FALSE(plan.ok());
  EXPECT_EQ(plan.status(), diags.status());
  return diags.ToString();
}

// ---- FTS's cases -----------------------------------------------------------

TEST(PlanCases, Case40UnplannedLayerStaysPlain) {
  const ModelDescription model = ToyTransformer();
  Names layer0, layer1;
  for (const ParameterInfo& p : model.parameters) {
    if (p.name.find("layers.1.") != std::string::npos) layer1.push_back(p.name);
    if (p.name.find("layers.0.") != std::string::npos ||
        p.name.find("embeddings") != std::string::npos) {
      layer0.push_back(p.name);
    }
  }
  const Schedule schedule = MakeSchedule(
      {{"model.output.weight", "model.norm.weight", "model.norm.bias"},
       layer1,
       layer0},
      2);
  PlanOptions options;
  options.schedule = &schedule;
  const Resolved r = Resolve(
      model,
      "fsdp_plan: {model.output: {}, model.layers.1: {}, model.norm: {}}",
      options);
  EXPECT_EQ(r.units(), (Names{"model.output", "model.layers.1", "model.norm"}));
  // 3, 15, 29 tensors thawed; those of phase 2 are plain.
  ASSERT_EQ(r.plan.units[1].segments.size(), 1u);
  EXPECT_EQ(r.plan.units[1].segments[0].phase, 1);
  EXPECT_EQ(r.plan.units[1].segments[0].parameters.size(), 12u);
  EXPECT_EQ(r.plan.units[0].segments[0].parameters.size() +
                r.plan.units[2].segments[0].parameters.size(),
            3u);
  ASSERT_EQ(r.plan.remainder.segments.size(), 1u);
  EXPECT_EQ(r.plan.remainder.segments[0].phase, 2);
  EXPECT_TRUE(r.plan.remainder.segments[0].replicated);
  EXPECT_EQ(r.plan.remainder.segments[0].parameters, layer0);
  EXPECT_TRUE(r.diags.all().empty());
}

TEST(PlanCases, Case41UnknownModeFallsBack) {
  const Resolved r = Resolve(ToyTransformer(),
                             "fsdp_plan:\n"
                             "  model.output: {act_ckpt: [composableX]}\n"
                             "  model.norm: {act_ckpt: [wrapped_offload]}\n"
                             "  model.layers.1: {act_ckpt: [wrapped]}\n");
  EXPECT_EQ(r.options(0), R"({"act_ckpt":{"mode":"composable","kwargs":{}}})");
  EXPECT_EQ(r.options(1),
            R"({"act_ckpt":{"mode":"wrapped_offload","kwargs":{}}})");
  EXPECT_EQ(r.options(2), R"({"act_ckpt":{"mode":"wrapped","kwargs":{}}})");
  EXPECT_EQ(r.diags.ToString(),
            "plan.yaml:2:29: warning: fsdp_plan entry 'model.output': act_ckpt "
            "mode 'composableX' is unknown, so composable is used; modes are "
            "composable, wrapped, wrapped_offload; did you mean 'composable'? "
            "[unknown_act_ckpt_mode]\n");
}

TEST(PlanCases, Case42DroppedAndSkippedModules) {
  const Resolved r = Resolve(ToyTransformer(),
                             "fsdp_plan:\n"
                             "  model.output: {}\n"
                             "  model.layers.1: {}\n"
                             "  model.norm: {}\n"
                             "  ^.*model.layers.0$: {}\n"
                             "  model.layers.1.ffn_norm: {}\n"
                             "  model.layers: {}\n"
                             "  ^.*model.laye.*s$: {}\n");
  EXPECT_EQ(r.units(), (Names{"model.output", "model.layers.1", "model.norm",
                              "model.layers.0"}));
  EXPECT_EQ(r.skipped(), (Names{"model.layers: container",
                                "model.layers.1.ffn_norm: already_sharded"}));
  EXPECT_EQ(
      r.diags.ToString(),
      "plan.yaml:7:3: warning: fsdp_plan entry 'model.layers' matches "
      "'model.layers', a ModuleList: a container is never called itself, so it "
      "is left out; plan the modules in it [container]\n"
      "plan.yaml:6:3: warning: fsdp_plan entry 'model.layers.1.ffn_norm': "
      "module 'model.layers.1.ffn_norm' is already sharded as part of "
      "'model.layers.1', so it is skipped; put this entry before "
      "'model.layers.1' to make it a unit of its own [already_sharded]\n");
}

TEST(PlanCases, Case43UnmatchedEntry) {
  EXPECT_EQ(Errors(ToyTransformer(),
                   "fsdp_plan:\n"
                   "  ^.*model.nomatch.*s$: {}\n"
                   "  model.outputs: {}\n"),
            "plan.yaml:2:3: error: fsdp_plan entry '^.*model.nomatch.*s$' "
            "matches no module [unmatched_module]\n"
            "plan.yaml:3:3: error: fsdp_plan entry 'model.outputs' matches no "
            "module; did you mean 'model.output'? [unmatched_module]\n");
}

TEST(PlanCases, Case45BottomUpPlanWithARoot) {
  const Resolved r = Resolve(
      ToyTransformer(),
      "fsdp_plan: {model.layers.1: {}, model.norm: {}, model.output: {}, "
      "model.layers.0: {}, model: {}}");
  EXPECT_EQ(r.units(), (Names{"model.layers.1", "model.norm", "model.output",
                              "model.layers.0", "model"}));
  EXPECT_TRUE(r.plan.remainder.segments.empty());
  EXPECT_EQ(
      r.plan.units[4].segments[0].parameters,
      (Names{"model.tok_embeddings.weight", "model.pos_embeddings.weight"}));
}

TEST(PlanCases, Case46SeedPlanOnTwelveLayers) {
  const Resolved r =
      Resolve(LlamaModel(12),
              R"(fsdp_plan: {'model.output': {}, 'model.layers.\d*$': {}})");
  Names expected = {"model.output"};
  for (int i = 0; i < 12; ++i) {
    expected.push_back(absl::StrCat("model.layers.", i));
  }
  EXPECT_EQ(r.units(), expected);
  EXPECT_TRUE(r.diags.all().empty());
  EXPECT_TRUE(r.skipped().empty());
  EXPECT_EQ(r.plan.remainder.segments[0].parameters,
            (Names{"model.tok_embeddings.weight", "model.norm.weight"}));
}

TEST(PlanCases, Case47PrefixMatchTakesMore) {
  const Resolved r =
      Resolve(LlamaModel(12), "fsdp_plan: {'model.layers.[1]': {}}");
  EXPECT_EQ(r.units(),
            (Names{"model.layers.1", "model.layers.10", "model.layers.11"}));
  // attention with 4 parts, feed_forward with 3, two norms: 11 below each.
  EXPECT_EQ(r.skipped().size(), 33u);
  EXPECT_EQ(r.diags.warnings().size(), 33u);
  EXPECT_EQ(r.skipped()[0], "model.layers.1.attention: already_sharded");
  EXPECT_EQ(r.diags.all()[0].message,
            "fsdp_plan entry 'model.layers.[1]': module "
            "'model.layers.1.attention' is already sharded as part of "
            "'model.layers.1', so it is skipped; name it in an entry before "
            "'model.layers.[1]' to make it a unit of its own");
}

TEST(PlanCases, Case48OrderDecides) {
  Resolved r =
      Resolve(LlamaModel(2), "fsdp_plan: {model: {}, model.output: {}}");
  EXPECT_EQ(r.units(), (Names{"model"}));
  EXPECT_EQ(r.skipped(), (Names{"model.output: already_sharded"}));
  EXPECT_EQ(r.codes(), (Names{"already_sharded"}));
  r = Resolve(LlamaModel(2), "fsdp_plan: {model.output: {}, model: {}}");
  EXPECT_EQ(r.units(), (Names{"model.output", "model"}));
  EXPECT_TRUE(r.skipped().empty());
}

TEST(PlanCases, Case49DotStarHitsTheRootFirst) {
  const ModelDescription model = LlamaModel(2);
  const Resolved r = Resolve(model, "fsdp_plan: {'.*': {}}");
  EXPECT_EQ(r.units(), (Names{""}));
  EXPECT_EQ(r.skipped().size(), model.modules.size() - 1);
  EXPECT_EQ(r.diags.warnings().size(), model.modules.size() - 1);
  EXPECT_TRUE(r.plan.remainder.segments.empty());
}

TEST(PlanCases, Case50EntryOverDefaults) {
  const Resolved r =
      Resolve(LlamaModel(2),
              "fsdp_default_kwargs: {reshard_after_forward: True}\n"
              "fsdp_plan: {model.output: {reshard_after_forward: False}}");
  EXPECT_EQ(r.options(0), R"({"reshard_after_forward":false})");
  EXPECT_EQ(r.plan.units[0].options.reshard_after_forward, Reshard::kNever);
}

TEST(PlanCases, Case51LaterOptionsFirstPosition) {
  const Resolved r = Resolve(LlamaModel(2),
                             "fsdp_default_kwargs: {act_ckpt: composable}\n"
                             "fsdp_plan:\n"
                             "  model.output: {reshard_after_forward: false}\n"
                             "  model.norm: {}\n"
                             "  'model.o.*': {cpu_offload_policy: {}}\n");
  EXPECT_EQ(r.units(), (Names{"model.output", "model.norm"}));
  EXPECT_EQ(r.options(0), R"({"act_ckpt":{"mode":"composable","kwargs":{}},)"
                          R"("cpu_offload_policy":{}})");
}

TEST(PlanCases, Case52DefaultsWithoutAPlan) {
  const Resolved r =
      Resolve(LlamaModel(2), "fsdp_default_kwargs: {act_ckpt: [composable]}");
  EXPECT_TRUE(r.units().empty());
  EXPECT_EQ(r.diags.ToString(),
            "plan.yaml:1:22: warning: fsdp_default_kwargs has no effect: there "
            "is no fsdp_plan to apply it to; add entries to fsdp_plan, or "
            "remove it [unused_defaults]\n");
}

TEST(PlanCases, Case53ActCkptAsAString) {
  const Resolved r = Resolve(
      LlamaModel(2), "fsdp_plan: {model.output: {act_ckpt: composable}}");
  EXPECT_EQ(r.options(0), R"({"act_ckpt":{"mode":"composable","kwargs":{}}})");
  EXPECT_TRUE(r.diags.all().empty());
}

// ---- Ours ------------------------------------------------------------------

TEST(ResolvePlan, EveryNthOfAnEntrysModulesIsCheckpointed) {
  const Resolved r = Resolve(LlamaModel(5),
                             "fsdp_default_kwargs: {act_ckpt: [composable, "
                             "{every: 2}]}\n"
                             "fsdp_plan:\n"
                             "  model.output: {}\n"
                             "  'model.layers.\\d*$': {}\n"
                             "  model.norm: {act_ckpt: composable}\n");
  ASSERT_EQ(r.plan.units.size(), 7u);
  std::string on;
  for (const UnitSpec& unit : r.plan.units) {
    if (unit.options.act_ckpt) on += unit.module + " ";
  }
  EXPECT_EQ(on, "model.layers.1 model.layers.3 model.norm ");
  EXPECT_EQ(r.options(1), R"({"act_ckpt":null})");
  EXPECT_EQ(r.options(2),
            R"({"act_ckpt":{"mode":"composable","kwargs":{"every":2}}})");
}

TEST(ResolvePlan, TheSeedsOwnPlan) {
  const Resolved r = Resolve(LlamaModel(4),
                             R"(
fsdp_default_kwargs:
  reshard_after_forward: True
  act_ckpt: ['composable']
  cpu_offload_policy: {}
fsdp_plan: {'model.output': {}, 'model.layers.\d*$': {}}
)");
  ASSERT_EQ(r.plan.units.size(), 5u);
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(r.options(i), R"({"reshard_after_forward":true,)"
                            R"("act_ckpt":{"mode":"composable","kwargs":{}},)"
                            R"("cpu_offload_policy":{}})");
    const UnitOptions& options = r.plan.units[i].options;
    EXPECT_EQ(options.reshard_after_forward, Reshard::kAlways);
    EXPECT_TRUE(options.cpu_offload);
    EXPECT_TRUE(options.pin_memory);
    EXPECT_EQ(options.act_ckpt->mode, "composable");
    EXPECT_FALSE(r.plan.units[i].is_root);
    EXPECT_TRUE(r.plan.units[i].reshard);
  }
  EXPECT_TRUE(r.diags.all().empty());
}

TEST(ResolvePlan, NothingPlannedIsAllRemainder) {
  for (const char* yaml :
       {"", "{}", "fsdp_plan:\n", "fsdp_plan: {}\nfsdp_default_kwargs:\n"}) {
    const Resolved r = Resolve(LlamaModel(1), yaml);
    EXPECT_TRUE(r.units().empty());
    ASSERT_EQ(r.plan.remainder.segments.size(), 1u);
    EXPECT_EQ(r.plan.remainder.segments[0].parameters.size(), 12u);
    EXPECT_TRUE(r.diags.all().empty()) << yaml;
  }
}

TEST(ResolvePlan, AnEntryOfNullTakesTheDefaults) {
  const Resolved r = Resolve(LlamaModel(1),
                             "fsdp_default_kwargs: {act_ckpt: wrapped}\n"
                             "fsdp_plan: {model.output: null}");
  EXPECT_EQ(r.options(0), R"({"act_ckpt":{"mode":"wrapped","kwargs":{}}})");
}

TEST(ResolvePlan, TheRootsNameIsEmpty) {
  EXPECT_EQ(Resolve(LlamaModel(1), "fsdp_plan: {'': {}}").units(), (Names{""}));
}

TEST(ResolvePlan, AnExactNameIsNoPattern) {
  const Resolved r = Resolve(LlamaModel(12), "fsdp_plan: {model.layers.1: {}}");
  EXPECT_EQ(r.units(), (Names{"model.layers.1"}));
}

TEST(ResolvePlan, RootRule) {
  // An ancestor of all others is the root and keeps its parameters.
  Resolved r =
      Resolve(LlamaModel(1), "fsdp_plan: {model.output: {}, model: {}}");
  EXPECT_FALSE(r.plan.units[0].is_root);
  EXPECT_TRUE(r.plan.units[0].reshard);
  EXPECT_TRUE(r.plan.units[1].is_root);
  EXPECT_FALSE(r.plan.units[1].reshard);
  // Unless it is told otherwise.
  r = Resolve(LlamaModel(1),
              "fsdp_plan: {model.output: {reshard_after_forward: false}, "
              "model: {reshard_after_forward: true}}");
  EXPECT_FALSE(r.plan.units[0].reshard);
  EXPECT_TRUE(r.plan.units[1].is_root);
  EXPECT_TRUE(r.plan.units[1].reshard);
  // Null is the default, also over a default.
  r = Resolve(LlamaModel(1),
              "fsdp_default_kwargs: {reshard_after_forward: true}\n"
              "fsdp_plan: {model: {reshard_after_forward: null}}");
  EXPECT_FALSE(r.plan.units[0].reshard);
  EXPECT_EQ(r.options(0), R"({"reshard_after_forward":null})");
  // Side by side nobody is the root.
  r = Resolve(LlamaModel(1), "fsdp_plan: {model.output: {}, model.norm: {}}");
  EXPECT_FALSE(r.plan.units[0].is_root);
  EXPECT_FALSE(r.plan.units[1].is_root);
  EXPECT_TRUE(r.plan.units[0].reshard);
}

TEST(ResolvePlan, UnplannedShardMakesAnImplicitRoot) {
  Resolved r = Resolve(LlamaModel(1),
                       "unplanned: shard\n"
                       "fsdp_plan: {model.output: {}}\n");
  EXPECT_TRUE(r.plan.unplanned_shard);
  EXPECT_TRUE(r.plan.remainder.is_root);
  EXPECT_FALSE(r.plan.remainder.reshard);
  EXPECT_FALSE(r.plan.units[0].is_root);
  EXPECT_TRUE(r.plan.units[0].reshard);
  ASSERT_EQ(r.plan.remainder.segments.size(), 1u);
  EXPECT_FALSE(r.plan.remainder.segments[0].replicated);
  // It follows the defaults on resharding, not on checkpointing.
  r = Resolve(LlamaModel(1),
              "unplanned: shard\n"
              "fsdp_default_kwargs: {reshard_after_forward: true, act_ckpt: "
              "composable}\n");
  EXPECT_TRUE(r.plan.remainder.reshard);
  EXPECT_FALSE(r.plan.remainder.options.act_ckpt.has_value());
  EXPECT_TRUE(r.diags.all().empty());
  // With nothing left there is no implicit root.
  r = Resolve(LlamaModel(1), "unplanned: shard\nfsdp_plan: {model: {}}\n");
  EXPECT_FALSE(r.plan.remainder.is_root);
  EXPECT_TRUE(r.plan.units[0].is_root);
}

TEST(ResolvePlan, PrefetchListsNameUnits) {
  Resolved r =
      Resolve(LlamaModel(2),
              "prefetch: off\n"
              "fsdp_plan:\n"
              "  'model\\.layers\\.\\d$': {}\n"
              "  model.output: {backward_prefetch: [model.layers.1]}\n");
  EXPECT_TRUE(r.diags.all().empty()) << r.diags.ToString();
  EXPECT_FALSE(r.plan.engine.prefetch);
  EXPECT_EQ(r.plan.units.back().options.backward_prefetch,
            std::vector<std::string>{"model.layers.1"});
  EXPECT_EQ(Errors(LlamaModel(2),
                   "fsdp_plan:\n"
                   "  model.layers.1: {}\n"
                   "  model.output:\n"
                   "    forward_prefetch: [model.layers.1, model.layers.0]\n"),
            "plan.yaml:4:40: error: forward_prefetch of unit 'model.output' "
            "names 'model.layers.0', which is no unit of the plan; did you "
            "mean 'model.layers.1'? [no_such_unit]\n");
}

TEST(ResolvePlan, KeepsTpRequests) {
  Resolved r =
      Resolve(ShapedLlama({}), "tp_plan: llama\nloss_parallel: true\n");
  EXPECT_EQ(r.plan.tp.written.text(), "llama");
  EXPECT_TRUE(r.plan.tp.loss_parallel);
  r = Resolve(LlamaModel(1), "{}");
  EXPECT_TRUE(r.plan.tp.written.is_null());
  EXPECT_FALSE(r.plan.tp.loss_parallel);
}

TEST(ResolvePlan, BindingIsAutoOrOff) {
  EXPECT_TRUE(Resolve(LlamaModel(1), "{}\n").plan.bind);
  EXPECT_TRUE(Resolve(LlamaModel(1), "binding: auto\n").plan.bind);
  EXPECT_FALSE(Resolve(LlamaModel(1), "binding: off\n").plan.bind);
  EXPECT_EQ(Errors(LlamaModel(1), "binding: on\n"),
            "plan.yaml:1:10: error: binding is boolean on; it must be auto "
            "or off [bad_value]\n");
}

TEST(ResolvePlan, GradientDivideFactor) {
  const auto factor = [](const std::string& yaml) {
    return Resolve(LlamaModel(1), yaml).plan.gradient_divide_factor;
  };
  EXPECT_EQ(factor("{}"), std::nullopt);
  EXPECT_EQ(factor("gradient_divide_factor: null\n"), std::nullopt);
  EXPECT_EQ(factor("gradient_divide_factor: 8\n"), 8);
  EXPECT_EQ(factor("gradient_divide_factor: 0.5\n"), 0.5);
  const std::string wanted =
      "; it must be a number above 0, or null to divide by nothing: the loss "
      "already counts the tokens of all ranks ";
  EXPECT_EQ(Errors(LlamaModel(1), "gradient_divide_factor: 0\n"),
            "plan.yaml:1:25: error: gradient_divide_factor is integer 0" +
                wanted + "[out_of_range]\n");
  EXPECT_EQ(Errors(LlamaModel(1), "gradient_divide_factor: .inf\n"),
            "plan.yaml:1:25: error: gradient_divide_factor is float .inf" +
                wanted + "[out_of_range]\n");
  EXPECT_EQ(Errors(LlamaModel(1), "gradient_divide_factor: world\n"),
            "plan.yaml:1:25: error: gradient_divide_factor is string 'world'" +
                wanted + "[bad_type]\n");
}

TEST(ResolvePlan, ReportsEveryProblemWithItsPlace) {
  EXPECT_EQ(Errors(LlamaModel(1),
                   "fsdp_plans: {}\n"
                   "unplanned: shared\n"
                   "tp_plan: 3\n"
                   "loss_parallel: maybe\n"
                   "fsdp_default_kwargs: [a]\n"
                   "fsdp_plan:\n"
                   "  'model.(': {}\n"
                   "  1: {}\n"
                   "  model.output: 7\n"),
            "plan.yaml:1:1: error: strategy_adapter_cfg has no key "
            "'fsdp_plans'; did you mean 'fsdp_plan'? [unknown_key]\n"
            "plan.yaml:2:12: error: unplanned is string 'shared'; it must be "
            "replicate or shard; did you mean 'shard'? [bad_value]\n"
            "plan.yaml:4:16: error: loss_parallel is string 'maybe'; it must "
            "be true or false [bad_type]\n"
            "plan.yaml:3:10: error: tp_plan is integer 3; it must be a plan's "
            "name or a mapping {module pattern: style} [bad_type]\n"
            "plan.yaml:5:22: error: fsdp_default_kwargs is list ['a']; it must "
            "be a mapping of options, or null for none [bad_type]\n"
            "plan.yaml:7:3: error: fsdp_plan entry 'model.(': missing ), "
            "unterminated subpattern at position 6 [bad_pattern]\n"
            "plan.yaml:8:3: error: fsdp_plan key 1 is read as integer, not as "
            "a name; put it in quotes: '1' [plan_key]\n"
            "plan.yaml:9:17: error: fsdp_plan entry 'model.output' is integer "
            "7; it must be a mapping of options, or null for none "
            "[bad_type]\n");
  EXPECT_EQ(Errors(LlamaModel(1), "[1]"),
            "plan.yaml:1:1: error: strategy_adapter_cfg is list [1]; it must "
            "be a mapping, or null for none [bad_type]\n");
  EXPECT_EQ(Errors(LlamaModel(1), "fsdp_plan: model"),
            "plan.yaml:1:12: error: fsdp_plan is string 'model'; it must be a "
            "mapping {module or pattern: options} [bad_type]\n");
}

TEST(ResolvePlan, EarlierErrorsOfTheCallerAreNotItsOwn) {
  Diagnostics diags;
  diags.Error("other", "something else");
  EXPECT_TRUE(ResolvePlan(YamlNode(), LlamaModel(1), {}, &diags).ok());
}

}  // namespace
}  // namespace fts
