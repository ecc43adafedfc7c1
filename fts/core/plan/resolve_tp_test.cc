// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Which modules get which rules, how tensors lie around them, and how each
// parameter is split. Wrong plans are in resolve_tp_errors_test.cc.
#include "fts/core/plan/resolve_tp.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fts/core/plan/test_models.h"
#include "fts/core/plan/tp_layout.h"
#include "gtest/gtest.h"

namespace fts {
namespace {

using Lines = std::vector<std::string>;

struct Resolved {
  TpPlan plan;
  Diagnostics diags;

  // "MODULE: STYLE INPUT -> COMPUTE, OUTPUT -> RESULT".
  Lines rules() const {
    Lines out;
    for (const TpRule& rule : plan.rules) {
      out.push_back(absl::StrCat(
          rule.module, ": ", TpStyleName(rule.style), " ",
          TpLayoutsText(rule.input), " -> ", TpLayoutsText(rule.compute), ", ",
          TpLayoutsText(rule.output), " -> ", TpLayoutsText(rule.result),
          rule.use_local_output ? "" : " dtensor"));
    }
    return out;
  }
  Lines parameters() const {
    Lines out;
    for (const auto& [name, parameter] : plan.parameters) {
      out.push_back(absl::StrCat(name, ": ", parameter.placement.ToString(),
                                 parameter.partial_gradient ? " partial" : ""));
    }
    return out;
  }
};

Resolved Resolve(const ModelDescription& model, const std::string& yaml,
                 int64_t tp = 2) {
  Resolved out;
  auto plan = ResolveTp(Yaml(yaml), model, tp, {}, &out.diags);
  EXPECT_TRUE(plan.ok()) << plan.status();
  if (plan.ok()) out.plan = *std::move(plan);
  return out;
}

TEST(ResolveTp, LlamaUnderNativeNames) {
  const Resolved r = Resolve(ShapedLlama({}), "tp_plan: llama");
  EXPECT_EQ(r.diags.ToString(), "");
  const std::string a = "model.layers.0.attention";
  const std::string f = "model.layers.0.feed_forward";
  const std::string column =
      ": colwise replicate -> replicate, shard(-1) -> shard(-1)";
  const std::string row =
      ": rowwise shard(-1) -> shard(-1), partial -> shard(1)";
  const std::string norm =
      ": sequence shard(1) -> shard(1), shard(1) -> shard(1) dtensor";
  const std::string body =
      ": prepare_input shard(1) -> replicate, nothing -> nothing dtensor";
  EXPECT_EQ(
      r.rules(),
      (Lines{"model.tok_embeddings: rowwise replicate -> replicate, partial -> "
             "shard(1)",
             a + body, a + ".wq" + column, a + ".wk" + column,
             a + ".wv" + column, a + ".wo" + row, f + body, f + ".w1" + column,
             f + ".w2" + row, f + ".w3" + column,
             "model.layers.0.attention_norm" + norm,
             "model.layers.0.ffn_norm" + norm, "model.norm" + norm,
             "model.output: colwise shard(1) -> replicate, shard(-1) -> "
             "replicate"}));
  EXPECT_EQ(r.plan.rules[0].class_name, "Embedding");
  EXPECT_EQ(r.plan.rules[0].whole, 16);  // rows
  EXPECT_EQ(r.plan.rules[1].whole, 0);
  EXPECT_EQ(r.plan.rules[3].whole, 4);   // wk
  EXPECT_EQ(r.plan.rules[8].whole, 12);  // w2
  EXPECT_EQ(r.plan.rules[0].where.ToString(), "plan.yaml:1:10");
  EXPECT_EQ(r.parameters(),
            (Lines{a + ".wk.weight: Shard(0)", a + ".wo.weight: Shard(1)",
                   a + ".wq.weight: Shard(0)", a + ".wv.weight: Shard(0)",
                   "model.layers.0.attention_norm.weight: Replicate() partial",
                   f + ".w1.weight: Shard(0)", f + ".w2.weight: Shard(1)",
                   f + ".w3.weight: Shard(0)",
                   "model.layers.0.ffn_norm.weight: Replicate() partial",
                   "model.norm.weight: Replicate() partial",
                   "model.output.weight: Shard(0)",
                   "model.tok_embeddings.weight: Shard(0)"}));
  EXPECT_EQ(r.plan.written.text(), "llama");
  EXPECT_EQ(r.plan.size, 2);
  EXPECT_TRUE(r.plan.active());
  EXPECT_EQ(r.plan.loss_module, "");
}

TEST(ResolveTp, LlamaUnderHuggingFaceNames) {
  LlamaShape shape;
  shape.hf_names = true;
  const Resolved native = Resolve(ShapedLlama({}), "tp_plan: llama");
  const Resolved hf = Resolve(ShapedLlama(shape), "tp_plan: llama");
  ASSERT_EQ(hf.plan.rules.size(), native.plan.rules.size());
  for (size_t i = 0; i < hf.plan.rules.size(); ++i) {
    EXPECT_EQ(hf.plan.rules[i].style, native.plan.rules[i].style);
    EXPECT_EQ(hf.plan.rules[i].result, native.plan.rules[i].result);
  }
  EXPECT_EQ(hf.plan.rules.back().module, "lm_head");
  EXPECT_EQ(hf.plan.parameters.at("lm_head.weight").placement,
            Placement::Shard(0));
}

TEST(ResolveTp, LlamaUnderAnyPrefix) {
  ModelDescription model = ShapedLlama({});
  for (ModuleInfo& module : model.modules) {
    module.name = module.name.empty() ? "" : "inner." + module.name;
  }
  model.modules.insert(model.modules.begin() + 1, {"inner", "Wrapper"});
  for (ParameterInfo& p : model.parameters) p.name = "inner." + p.name;
  const Resolved r = Resolve(model, "tp_plan: llama");
  EXPECT_EQ(r.plan.rules.size(), 14u);
  EXPECT_EQ(r.plan.rules[0].module, "inner.model.tok_embeddings");
}

TEST(ResolveTp, LossParallelLeavesTheLogitsSplit) {
  const Resolved r =
      Resolve(ShapedLlama({}), "{tp_plan: llama, loss_parallel: true}");
  EXPECT_EQ(r.diags.ToString(), "");
  EXPECT_EQ(r.rules().back(),
            "model.output: colwise shard(1) -> replicate, shard(-1) -> "
            "shard(-1) dtensor");
  EXPECT_EQ(r.plan.loss_module, "model.output");
  EXPECT_TRUE(r.plan.loss_parallel);
}

TEST(ResolveTp, LlamaWithoutSequenceParallel) {
  const Resolved r =
      Resolve(ShapedLlama({}), "{tp_plan: llama, sequence_parallel: false}");
  EXPECT_EQ(r.diags.ToString(), "");
  EXPECT_FALSE(r.plan.sequence_parallel);
  ASSERT_EQ(r.plan.rules.size(), 11u);  // no norm
  EXPECT_EQ(r.rules()[0],
            "model.tok_embeddings: rowwise replicate -> replicate, partial -> "
            "replicate");
  EXPECT_EQ(r.rules()[1],
            "model.layers.0.attention: prepare_input replicate -> replicate, "
            "nothing -> nothing dtensor");
  EXPECT_EQ(r.rules()[10],
            "model.output: colwise replicate -> replicate, shard(-1) -> "
            "replicate");
  EXPECT_EQ(r.plan.parameters.count("model.norm.weight"), 0u);
}

TEST(ResolveTp, TiedEmbeddingsShareOneShard) {
  LlamaShape shape;
  shape.tied = true;
  const Resolved r = Resolve(ShapedLlama(shape), "tp_plan: llama");
  EXPECT_EQ(r.diags.ToString(), "");
  EXPECT_EQ(r.plan.parameters.at("model.tok_embeddings.weight").placement,
            Placement::Shard(0));
  EXPECT_EQ(r.plan.parameters.count("model.output.weight"), 0u);
}

TEST(ResolveTp, UnevenVocabularyAndHiddenSizes) {
  LlamaShape shape;
  shape.vocab = 257;
  shape.hidden = 13;
  EXPECT_EQ(Resolve(ShapedLlama(shape), "tp_plan: llama").diags.ToString(), "");
}

// A model of two plain layers and a head.
ModelDescription Mlp() {
  return ModelOf({{"", "Net"},
                  {"emb", "Embedding 10x4"},
                  {"blocks", "ModuleList"},
                  {"blocks.0", "Block"},
                  {"blocks.0.norm", "LayerNorm 4 bias"},
                  {"blocks.0.up", "Linear 8x4 bias"},
                  {"blocks.0.act", "GELU"},
                  {"blocks.0.down", "Linear 4x8 bias"},
                  {"head", "Linear 10x4"}});
}

TEST(ResolveTp, PatternsAndDefaultsOfAMapping) {
  const Resolved r = Resolve(Mlp(), R"({tp_plan: {'blocks\.\d+\.up$': colwise,
                                   'blocks\.\d+\.down$': rowwise}})");
  EXPECT_EQ(r.diags.ToString(), "");
  EXPECT_EQ(r.rules(),
            (Lines{"blocks.0.up: colwise replicate -> replicate, shard(-1) -> "
                   "shard(-1)",
                   "blocks.0.down: rowwise shard(-1) -> shard(-1), partial -> "
                   "replicate"}));
  // A rowwise bias is added once, to whole results: its gradient is whole.
  EXPECT_EQ(r.parameters(), (Lines{"blocks.0.down.weight: Shard(1)",
                                   "blocks.0.up.bias: Shard(0)",
                                   "blocks.0.up.weight: Shard(0)"}));
}

constexpr char kSequencePlan[] = R"(
tp_plan:
  emb: {style: rowwise, output_layouts: Shard(1)}
  blocks.0.norm: SEQ
  blocks.0.up: {style: colwise, input: shard(1)}
  blocks.0.down: {style: rowwise, output: shard(1)}
  head: {style: colwise, input_layouts: shard(1), output: Replicate()}
)";

std::string SequencePlan(const std::string& norm) {
  std::string plan = kSequencePlan;
  plan.replace(plan.find("SEQ"), 3, norm);
  return plan;
}

TEST(ResolveTp, PyTorchsSpellings) {
  const Resolved r = Resolve(Mlp(), SequencePlan("sequence"));
  EXPECT_EQ(r.diags.ToString(), "");
  EXPECT_EQ(r.rules()[0],
            "emb: rowwise replicate -> replicate, partial -> shard(1)");
  EXPECT_EQ(r.rules()[4],
            "head: colwise shard(1) -> replicate, shard(-1) -> replicate");
  // The bias is added after the sum is split: each rank has its own tokens.
  EXPECT_TRUE(r.plan.parameters.at("blocks.0.down.bias").partial_gradient);
  EXPECT_TRUE(r.plan.parameters.at("blocks.0.norm.bias").partial_gradient);
}

TEST(ResolveTp, LaterEntriesTakeModulesWhole) {
  const Resolved r =
      Resolve(Mlp(), R"({tp_plan: {'blocks.0.(up|down)': {style: rowwise,
                           use_local_output: false}, 'blocks.0.up': colwise}})");
  EXPECT_EQ(r.rules()[0],
            "blocks.0.up: colwise replicate -> replicate, shard(-1) -> "
            "shard(-1)");
  EXPECT_EQ(r.rules()[1],
            "blocks.0.down: rowwise shard(-1) -> shard(-1), partial -> "
            "replicate dtensor");
  EXPECT_EQ(r.diags.ToString(), "");
}

TEST(ResolveTp, ColumnsAndRowsOfEmbeddings) {
  const Resolved r =
      Resolve(Mlp(), "{tp_plan: {emb: {style: colwise, output: replicate}}}");
  EXPECT_EQ(r.rules()[0],
            "emb: colwise replicate -> replicate, shard(-1) -> replicate");
  EXPECT_EQ(r.parameters(), (Lines{"emb.weight: Shard(1)"}));
}

TEST(ResolveTp, PreparedInputsAndOutputs) {
  const Resolved r = Resolve(Mlp(), R"(
tp_plan:
  blocks.0.act:
    style: prepare_input_output
    input: [replicate, null]
    compute: [Shard(dim=0), None]
    output: shard(0)
    result: replicate
    use_local_output: false
)");
  EXPECT_EQ(r.diags.ToString(), "");
  EXPECT_EQ(r.rules()[0],
            "blocks.0.act: prepare_input_output [replicate, null] -> "
            "[shard(0), null], shard(0) -> replicate dtensor");
  EXPECT_TRUE(r.parameters().empty());
}

// What a module's own rule makes a part is one, whatever the style is called.
TEST(ResolveTp, PreparedModulesWithParametersHavePartialGradients) {
  for (const char* norm :
       {"{style: prepare_input, input: shard(1), compute: shard(1)}",
        "{style: prepare_input_output, input: shard(1), compute: shard(1), "
        "output: shard(1), result: shard(1)}",
        "{style: prepare_output, output: shard(1), result: shard(1)}"}) {
    SCOPED_TRACE(norm);
    const Resolved r = Resolve(Mlp(), SequencePlan(norm));
    EXPECT_EQ(r.diags.ToString(), "");
    EXPECT_TRUE(r.plan.parameters.at("blocks.0.norm.bias").partial_gradient);
    EXPECT_TRUE(r.plan.parameters.at("blocks.0.norm.weight").partial_gradient);
  }
}

// torchtitan's earlier plan: the embedding is whole, the first block's input is
// split.
TEST(ResolveTp, TheFirstBlockMaySplitTheSequence) {
  const ModelDescription model = ModelOf({{"", "Net"},
                                          {"emb", "Embedding 10x4"},
                                          {"blocks", "ModuleList"},
                                          {"blocks.0", "Block"},
                                          {"blocks.0.norm", "RMSNorm 4"},
                                          {"blocks.0.up", "Linear 8x4"},
                                          {"blocks.0.down", "Linear 4x8"},
                                          {"blocks.1", "Block"},
                                          {"blocks.1.norm", "RMSNorm 4"},
                                          {"blocks.1.up", "Linear 8x4"},
                                          {"blocks.1.down", "Linear 4x8"},
                                          {"norm", "RMSNorm 4"},
                                          {"head", "Linear 10x4"}});
  const Resolved r = Resolve(model, R"(
tp_plan:
  emb: rowwise
  blocks.0: {style: prepare_input, input: [replicate, null],
             compute: [shard(1), null]}
  blocks.\d+.norm: sequence
  blocks.\d+.up: {style: colwise, input: shard(1)}
  blocks.\d+.down: {style: rowwise, output: shard(1)}
  norm: sequence
  head: {style: colwise, input: shard(1), output: replicate}
)");
  EXPECT_EQ(r.diags.ToString(), "");
}

TEST(ResolveTp, HeadsCountOnlyWhereFeaturesAreSplit) {
  ModelDescription model = Mlp();
  for (ModuleInfo& module : model.modules) {
    if (module.name == "blocks.0.up" || module.name == "blocks.0.down") {
      module.heads = 3;
    }
  }
  const Resolved r =
      Resolve(model,
              "{tp_plan: {blocks.0.up: {style: colwise, output: replicate}, "
              "blocks.0.down: {style: rowwise, input: replicate}}}");
  EXPECT_EQ(r.diags.ToString(), "");
}

TEST(ResolveTp, LossParallelOfAMapping) {
  const Resolved r = Resolve(Mlp(), R"(
loss_parallel: true
tp_plan: {blocks.0.up: colwise, blocks.0.down: rowwise, head: colwise}
)");
  EXPECT_EQ(r.plan.loss_module, "head");
  EXPECT_EQ(r.diags.ToString(), "");
}

TEST(ResolveTp, OneRankIsAcceptedWithAWarning) {
  const Resolved r = Resolve(ShapedLlama({}), "tp_plan: llama", /*tp=*/1);
  EXPECT_EQ(r.plan.rules.size(), 14u);
  EXPECT_FALSE(r.plan.active());
  EXPECT_EQ(r.diags.ToString(),
            "plan.yaml:1:10: warning: tp_plan has no effect while mesh.tp is "
            "1: every rank holds whole layers; set mesh.tp to the number of "
            "ranks that share them [tp_no_effect]\n");
}

TEST(ResolveTp, NoPlan) {
  const Resolved r = Resolve(Mlp(), "{}", /*tp=*/1);
  EXPECT_TRUE(r.plan.rules.empty());
  EXPECT_TRUE(r.plan.written.is_null());
  EXPECT_EQ(r.diags.ToString(), "");
}

TEST(ResolveTp, NormsOfHeadsAreNamed) {
  // As in Qwen3: a norm of each head of the queries, in an attention.
  const ModelDescription model = ModelOf({{"", "Net"},
                                          {"attn", "Attention"},
                                          {"attn.q", "Linear 8x6"},
                                          {"attn.q_norm", "RMSNorm 4"},
                                          {"attn.o", "Linear 6x8"}});
  const std::string plan = "attn.q: colwise, attn.o: rowwise";
  EXPECT_EQ(
      Resolve(model, "{tp_plan: {" + plan + "}}").diags.ToString(),
      "plan.yaml:1:11: warning: tp_plan: 'attn.q_norm' has parameters and no "
      "rule, and colwise modules beside it leave their results split; if it "
      "works on those, each rank has a part of its gradient only: give it "
      "style sequence, with the dimension that is split as sequence_dim "
      "[tp_unruled]\n");
  const Resolved r =
      Resolve(model, "{tp_plan: {" + plan +
                         ", attn.q_norm: {style: sequence, sequence_dim: 2}}}");
  EXPECT_EQ(r.diags.ToString(), "");
  EXPECT_TRUE(r.plan.parameters.at("attn.q_norm.weight").partial_gradient);
}

}  // namespace
}  // namespace fts
