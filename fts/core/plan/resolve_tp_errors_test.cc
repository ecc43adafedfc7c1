// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Wrong tp_plans, each with the exact message.
#include <string>
#include <vector>

#include "fts/core/plan/resolve_tp.h"
#include "fts/core/plan/test_models.h"
#include "gtest/gtest.h"

namespace fts {
namespace {

// A model of a block and a head.
ModelDescription Net() {
  return ModelOf({{"", "Net"},
                  {"emb", "Embedding 10x4"},
                  {"blocks", "ModuleList"},
                  {"blocks.0", "Block"},
                  {"blocks.0.norm", "LayerNorm 4 bias"},
                  {"blocks.0.up", "Linear 8x4 bias"},
                  {"blocks.0.down", "Linear 4x8 bias"},
                  {"head", "Linear 10x4"}});
}

struct Golden {
  const char* name;
  const char* yaml;
  const char* want;
  int64_t tp = 2;
};

std::string Problems(const ModelDescription& model, const std::string& yaml,
                     int64_t tp = 2) {
  Diagnostics diags;
  const auto plan =
      ResolveTp(Yaml(yaml), model, tp, MakeLocation("run.yaml", 3, 7), &diags);
  EXPECT_EQ(plan.ok(), diags.ok());
  return diags.ToString();
}

TEST(TpErrors, OfWhatIsWritten) {
  const Golden cases[] = {
      {"no plan", "fsdp_plan: {}",
       "run.yaml:3:7: error: mesh.tp is 2, but there is no tp_plan to say how "
       "2 ranks share the layers; write strategy_adapter_cfg.tp_plan (llama, "
       "or a mapping {module pattern: style}), or set mesh.tp to 1 "
       "[tp_plan_missing]\n"},
      {"empty plan", "tp_plan: {}",
       "run.yaml:3:7: error: mesh.tp is 2, but the tp_plan has no rule to say "
       "how 2 ranks share the layers; write strategy_adapter_cfg.tp_plan "
       "(llama, or a mapping {module pattern: style}), or set mesh.tp to 1 "
       "[tp_plan_missing]\n"},
      {"unknown plan", "tp_plan: lama",
       "plan.yaml:1:10: error: tp_plan is string 'lama'; the plan that fts "
       "brings along is llama, or write a mapping {module pattern: style}; did "
       "you mean 'llama'? [bad_value]\n"},
      {"list", "tp_plan: [llama]",
       "plan.yaml:1:10: error: tp_plan is list ['llama']; it must be a plan's "
       "name or a mapping {module pattern: style} [bad_type]\n"},
      {"not a llama", "tp_plan: llama",
       "plan.yaml:1:10: error: tp_plan 'llama': the model is no Llama, it has "
       "neither a 'tok_embeddings' nor an 'embed_tokens'; write the plan as a "
       "mapping {module pattern: style} for another model [not_a_llama]\n"},
      {"unmatched", "tp_plan: {'blocks.0.upp': colwise, emb: rowwise}",
       "plan.yaml:1:11: error: tp_plan entry 'blocks.0.upp' matches no module; "
       "did you mean 'blocks.0.up'? [unmatched_module]\n"},
      {"bad pattern", "tp_plan: {'blocks.(': colwise}",
       "plan.yaml:1:11: error: tp_plan entry 'blocks.(': missing ), "
       "unterminated subpattern at position 7 [bad_pattern]\n"},
      {"number as key", "tp_plan: {0: colwise}",
       "plan.yaml:1:11: error: tp_plan key 0 is read as integer, not as a "
       "name; put it in quotes: '0' [plan_key]\n"},
      {"unknown style", "tp_plan: {emb: rowise}",
       "plan.yaml:1:16: error: tp_plan entry 'emb': style is string 'rowise'; "
       "it must be one of colwise, rowwise, sequence, prepare_input, "
       "prepare_output, prepare_input_output, or a mapping with one; did you "
       "mean 'rowwise'? [bad_value]\n"},
      {"torch's style", "tp_plan: {emb: RowwiseParallel}",
       "plan.yaml:1:16: error: tp_plan entry 'emb': style is string "
       "'RowwiseParallel'; it must be one of colwise, rowwise, sequence, "
       "prepare_input, prepare_output, prepare_input_output, or a mapping with "
       "one; write rowwise [bad_value]\n"},
      {"transformers' style", "tp_plan: {head: colwise_rep}",
       "plan.yaml:1:17: error: tp_plan entry 'head': style is string "
       "'colwise_rep'; it must be one of colwise, rowwise, sequence, "
       "prepare_input, prepare_output, prepare_input_output, or a mapping with "
       "one; write {style: colwise, output: replicate} [bad_value]\n"},
      {"style is no text", "tp_plan: {emb: 3}",
       "plan.yaml:1:16: error: tp_plan entry 'emb': style is integer 3; it "
       "must be one of colwise, rowwise, sequence, prepare_input, "
       "prepare_output, prepare_input_output, or a mapping with one "
       "[bad_type]\n"},
      {"style is missing", "tp_plan: {emb: {output: shard(1)}}",
       "plan.yaml:1:16: error: tp_plan entry 'emb': the mapping lacks 'style'; "
       "it is one of colwise, rowwise, sequence, prepare_input, "
       "prepare_output, prepare_input_output [missing_key]\n"},
      {"unknown key", "tp_plan: {emb: {style: rowwise, ouput: shard(1)}}",
       "plan.yaml:1:33: error: tp_plan entry 'emb': style rowwise has no key "
       "'ouput'; it takes input, output, use_local_output; did you mean "
       "'output'? [unknown_key]\n"},
      {"result of colwise",
       "tp_plan: {head: {style: colwise, result: replicate}}",
       "plan.yaml:1:34: error: tp_plan entry 'head': style colwise has no key "
       "'result'; it takes input, output, use_local_output; how its result "
       "leaves is 'output' [unknown_key]\n"},
      {"kwargs",
       "tp_plan: {blocks.0: {style: prepare_input, "
       "input_kwarg_layouts: shard(1)}}",
       "plan.yaml:1:44: error: tp_plan entry 'blocks.0': style prepare_input "
       "has no key 'input_kwarg_layouts'; it takes input, compute, "
       "use_local_output; write input and compute: they are of the tensor "
       "arguments in order, whether they are passed by place or by name "
       "[unknown_key]\n"},
      {"key twice",
       "tp_plan: {head: {style: colwise, output: replicate, "
       "output_layouts: replicate}}",
       "plan.yaml:1:53: error: tp_plan entry 'head': 'output' and "
       "'output_layouts' stand for the same thing; keep one of them "
       "[conflicting_options]\n"},
      {"layout", "tp_plan: {emb: {style: rowwise, output: sharded}}",
       "plan.yaml:1:41: error: tp_plan entry 'emb': output is string "
       "'sharded'; it must be replicate, shard(N) or null; name the dimension, "
       "shard(1) for the sequence of [batch, sequence, features] "
       "[bad_value]\n"},
      {"layout without dimension",
       "tp_plan: {emb: {style: rowwise, output: shard}}",
       "plan.yaml:1:41: error: tp_plan entry 'emb': output is string 'shard'; "
       "it must be replicate, shard(N) or null; name the dimension, shard(1) "
       "for the sequence of [batch, sequence, features] [bad_value]\n"},
      {"partial layout", "tp_plan: {emb: {style: rowwise, output: Partial()}}",
       "plan.yaml:1:41: error: tp_plan entry 'emb': output is string "
       "'Partial()'; it must be replicate, shard(N) or null; a partial sum is "
       "never written: rowwise modules make one themselves, and it is reduced "
       "to what 'output' says [bad_value]\n"},
      {"layout is a number", "tp_plan: {emb: {style: rowwise, output: 1}}",
       "plan.yaml:1:41: error: tp_plan entry 'emb': output is integer 1; it "
       "must be replicate, shard(N) or null [bad_type]\n"},
      {"several layouts of a Linear",
       "tp_plan: {head: {style: colwise, output: [replicate, null]}}",
       "plan.yaml:1:42: error: tp_plan entry 'head': output is list "
       "['replicate', null]; a colwise module takes one tensor and makes one: "
       "give one layout, replicate or shard(N) [bad_value]\n"},
      {"prepare_input alone", "tp_plan: {blocks.0: prepare_input}",
       "plan.yaml:1:21: error: tp_plan entry 'blocks.0': style prepare_input "
       "lacks input, compute; say how tensors lie before and after, as in "
       "{style: prepare_input, input: shard(1), compute: replicate} "
       "[missing_key]\n"},
      {"prepare_output half",
       "tp_plan: {blocks.0: {style: prepare_output, output: shard(1)}}",
       "plan.yaml:1:29: error: tp_plan entry 'blocks.0': style prepare_output "
       "lacks result; say how tensors lie before and after, as in {style: "
       "prepare_output, output: shard(1), result: replicate} [missing_key]\n"},
      {"lists that differ",
       "tp_plan: {blocks.0: {style: prepare_input, input: [shard(1), null], "
       "compute: replicate}}",
       "plan.yaml:1:29: error: tp_plan entry 'blocks.0': style prepare_input "
       "has input [shard(1), null] and compute replicate; give both a layout "
       "for the same tensors, null in both for one that is left alone "
       "[bad_value]\n"},
      {"sequence_dim",
       "tp_plan: {blocks.0.norm: {style: sequence, "
       "sequence_dim: -1}}",
       "plan.yaml:1:58: error: tp_plan entry 'blocks.0.norm': sequence_dim is "
       "integer -1; it must be the number of a dimension, 1 for the sequence "
       "of [batch, sequence, features] [out_of_range]\n"},
      {"use_local_output",
       "tp_plan: {head: {style: colwise, "
       "use_local_output: maybe}}",
       "plan.yaml:1:52: error: tp_plan entry 'head': use_local_output is "
       "string 'maybe'; it must be true or false [bad_type]\n"},
      {"loss_parallel", "{tp_plan: {head: colwise}, loss_parallel: vocab}",
       "plan.yaml:1:43: error: loss_parallel is string 'vocab'; it must be "
       "true or false [bad_type]\n"},
  };
  for (const Golden& c : cases) {
    EXPECT_EQ(Problems(Net(), c.yaml, c.tp), c.want) << c.name;
  }
}

TEST(TpErrors, OfStylesAndSizes) {
  const Golden cases[] = {
      {"norm", "tp_plan: {blocks.0.norm: colwise}",
       "plan.yaml:1:11: error: tp_plan entry 'blocks.0.norm': 'blocks.0.norm' "
       "is of class LayerNorm, which style colwise does not fit: colwise and "
       "rowwise split the weight of a Linear or an Embedding; use sequence for "
       "norms and dropout, or prepare_input and prepare_output around other "
       "modules [tp_style]\n"},
      {"block", "tp_plan: {'': rowwise}",
       "plan.yaml:1:11: error: tp_plan entry '': the whole model is of class "
       "Net, which style rowwise does not fit: colwise and rowwise split the "
       "weight of a Linear or an Embedding; use sequence for norms and "
       "dropout, or prepare_input and prepare_output around other modules "
       "[tp_style]\n"},
      {"sequence embedding", "tp_plan: {emb: sequence}",
       "plan.yaml:1:11: error: tp_plan entry 'emb': 'emb' is an Embedding, "
       "which style sequence does not fit: token ids are the same on every "
       "rank along tp; use {style: rowwise, output: shard(1)} [tp_style]\n"},
      {"ids", "tp_plan: {emb: {style: rowwise, input: shard(1)}}",
       "plan.yaml:1:11: error: tp_plan entry 'emb': 'emb' is an Embedding with "
       "input shard(1): token ids are the same on every rank along tp, so its "
       "input is replicate; remove 'input' [tp_style]\n"},
      {"rowwise bias",
       "tp_plan: {blocks.0.up: colwise, blocks.0.down: {style: "
       "rowwise, output: shard(-1)}}",
       "plan.yaml:1:33: error: tp_plan entry 'blocks.0.down': 'blocks.0.down' "
       "has a bias, which is added once after the sum, to whole features, so "
       "its output cannot be shard(-1); write output: replicate or output: "
       "shard(1) [tp_style]\n"},
      {"too many ranks", "tp_plan: {head: {style: colwise, output: replicate}}",
       "plan.yaml:1:11: error: tp_plan entry 'head': 'head' has 10 output "
       "features, which 6 ranks along tp share in chunks of 2, so that the "
       "last gets nothing; the largest mesh.tp below it that works for it is 5 "
       "[tp_size]\n",
       6},
      {"too many ranks for rows", "tp_plan: {emb: rowwise}",
       "plan.yaml:1:11: error: tp_plan entry 'emb': 'emb' has 10 rows, which "
       "11 ranks along tp share in chunks of 1, so that the last gets nothing; "
       "the largest mesh.tp below it that works for it is 10 [tp_size]\n",
       11},
  };
  for (const Golden& c : cases) {
    EXPECT_EQ(Problems(Net(), c.yaml, c.tp), c.want) << c.name;
  }
  LlamaShape shape;
  shape.layers = 2;
  EXPECT_EQ(
      Problems(ShapedLlama(shape), "tp_plan: llama", 4),
      "plan.yaml:1:10: error: tp_plan 'llama': 'model.layers.0.attention.wk' "
      "(and 3 more) has 2 key and value heads for 4 query heads, which 4 ranks "
      "along tp cannot share: a head is never cut; the largest mesh.tp below "
      "it that works for all heads of the plan is 2 [tp_size]\n");
  EXPECT_EQ(
      Problems(ShapedLlama(shape), "tp_plan: llama", 3),
      "plan.yaml:1:10: error: tp_plan 'llama': 'model.layers.0.attention.wq' "
      "(and 3 more) has 4 heads, which 3 ranks along tp cannot share: a head "
      "is never cut; the largest mesh.tp below it that works for all heads of "
      "the plan is 2 [tp_size]\n"
      "plan.yaml:1:10: error: tp_plan 'llama': 'model.layers.0.attention.wk' "
      "(and 3 more) has 2 key and value heads for 4 query heads, which 3 ranks "
      "along tp cannot share: a head is never cut; the largest mesh.tp below "
      "it that works for all heads of the plan is 2 [tp_size]\n");
  // Not a Llama that we know: the names of one layer are others.
  ModelDescription other = ShapedLlama(shape);
  for (ModuleInfo& module : other.modules) {
    if (module.name == "model.layers.1.feed_forward.w2") {
      module.name = "model.layers.1.feed_forward.wx";
    }
  }
  EXPECT_EQ(
      Problems(other, "tp_plan: llama"),
      "plan.yaml:1:10: error: tp_plan 'llama': the model is no Llama, it lacks "
      "'model.layers.1.feed_forward.w2'; write the plan as a mapping {module "
      "pattern: style} for another model [not_a_llama]\n");
  // 10 input features over 4 ranks, and nothing beside it that makes them.
  const ModelDescription uneven =
      ModelOf({{"", "Net"}, {"a", "Linear 12x4"}, {"b", "Linear 4x10"}});
  EXPECT_EQ(Problems(uneven, "tp_plan: {a: colwise, b: rowwise}", 4),
            "plan.yaml:1:23: error: tp_plan entry 'b': 'b' has 10 input "
            "features, which 4 ranks along tp do not divide, and no colwise "
            "module beside it has as many output features to be split alike; "
            "use a mesh.tp that divides 10 [tp_size]\n");
  EXPECT_EQ(Problems(ModelOf({{"", "Net"}, {"a", "Linear 7x4"}}),
                     "tp_plan: {a: {style: colwise, output: shard(1)}}"),
            "plan.yaml:1:11: error: tp_plan entry 'a': 'a' has 7 features, "
            "which 2 ranks along tp do not divide, and its layouts (input "
            "replicate, output shard(1)) share them evenly; write replicate at "
            "one end, or use a mesh.tp that divides it [tp_size]\n");
  ModelDescription extra = ModelOf({{"", "Net"}, {"a", "Linear 4x4 scale"}});
  EXPECT_EQ(
      Problems(extra, "tp_plan: {a: {style: colwise, output: replicate}}"),
      "plan.yaml:1:11: error: tp_plan entry 'a': 'a' has a parameter 'scale', "
      "and style colwise knows how to split weight and bias only; remove the "
      "module from the plan [tp_style]\n");
}

TEST(TpErrors, OfTiedParameters) {
  LlamaShape shape;
  shape.tied = true;
  const ModelDescription model = ShapedLlama(shape);
  EXPECT_EQ(
      Problems(model,
               "tp_plan: {model.tok_embeddings: rowwise, model.output: "
               "rowwise}"),
      "plan.yaml:1:42: error: tp_plan entry 'model.output': 'model.output' "
      "shares the tensor 'model.tok_embeddings.weight' with "
      "'model.tok_embeddings', but would hold it split as shard(1) where the "
      "other holds it split as shard(0); place both alike, an embedding "
      "rowwise and its head colwise, or leave both out [tp_tied]\n"
      "plan.yaml:1:42: error: tp_plan entry 'model.output': 'model.output' "
      "takes its input split, shard(-1), and no colwise module beside it "
      "leaves it so; make the modules before it colwise, or write input: "
      "replicate to have it sliced [tp_layouts]\n");
  EXPECT_EQ(
      Problems(model, "tp_plan: {model.tok_embeddings: rowwise}"),
      "plan.yaml:1:11: error: tp_plan entry 'model.tok_embeddings': "
      "'model.tok_embeddings' shares the tensor 'model.tok_embeddings.weight' "
      "with 'model.output', but would hold it split as shard(0) where the "
      "other holds it whole; place both alike, an embedding rowwise and its "
      "head colwise, or leave both out [tp_tied]\n");
}

TEST(TpErrors, OfLayoutsThatDoNotMeet) {
  const Golden cases[] = {
      {"split logits", "tp_plan: {head: colwise}",
       "plan.yaml:1:11: error: tp_plan entry 'head': 'head' leaves its result "
       "split, shard(-1), and nothing in the plan takes it so: no rowwise "
       "module stands beside it; write output: replicate, or, if it makes the "
       "logits, set loss_parallel: true [tp_layouts]\n"},
      {"no rowwise",
       "tp_plan: {blocks.0.up: colwise, head: {style: colwise, "
       "output: replicate}}",
       "plan.yaml:1:11: error: tp_plan entry 'blocks.0.up': 'blocks.0.up' "
       "leaves its result split, shard(-1), and nothing in the plan takes it "
       "so: no rowwise module stands beside it; write output: replicate, or, "
       "if it makes the logits, set loss_parallel: true [tp_layouts]\n"},
      {"no colwise", "tp_plan: {blocks.0.down: rowwise}",
       "plan.yaml:1:11: error: tp_plan entry 'blocks.0.down': 'blocks.0.down' "
       "takes its input split, shard(-1), and no colwise module beside it "
       "leaves it so; make the modules before it colwise, or write input: "
       "replicate to have it sliced [tp_layouts]\n"},
      {"split columns", "tp_plan: {emb: colwise}",
       "plan.yaml:1:11: error: tp_plan entry 'emb': 'emb' leaves its columns "
       "split, shard(-1), and nothing in the plan takes them so; write output: "
       "replicate or output: shard(1) [tp_layouts]\n"},
      {"no head",
       "{tp_plan: {blocks.0.up: colwise, blocks.0.down: rowwise}, "
       "loss_parallel: true}",
       "plan.yaml:1:74: error: loss_parallel has no head to work on: no "
       "colwise module of the tp_plan leaves its result, the logits, split "
       "over the vocabulary; give the head {style: colwise, output: "
       "shard(-1)}, or remove loss_parallel [loss_parallel_head]\n"},
      {"sequence among whole ones",
       "tp_plan: {blocks.0.norm: sequence, blocks.0.up: {style: colwise, "
       "input: "
       "shard(1)}, blocks.0.down: rowwise}",
       "plan.yaml:1:11: error: tp_plan entry 'blocks.0.norm': 'blocks.0.norm' "
       "is in sequence style, shard(1), but 'blocks.0.down' beside it leaves "
       "whole activations; write output: shard(1) there, or leave this module "
       "out of the plan [tp_layouts]\n"
       "plan.yaml:1:36: error: tp_plan entry 'blocks.0.up': 'blocks.0.up' "
       "takes its input split, shard(1), but 'blocks.0.down' beside it leaves "
       "whole activations; write output: shard(1) there, or input: replicate "
       "here [tp_layouts]\n"
       "plan.yaml:1:10: error: tp_plan: 'emb' has parameters and no rule, but "
       "beside 'blocks.0.norm' sequences are split, shard(1); each rank would "
       "have a part of its gradient only: give it {style: rowwise, output: "
       "shard(1)} [tp_no_rule]\n"
       "plan.yaml:1:10: error: tp_plan: 'head' has parameters and no rule, but "
       "beside 'blocks.0.norm' sequences are split, shard(1); each rank would "
       "have a part of its gradient only: give it a style, as {style: colwise, "
       "input: shard(1), output: replicate} [tp_no_rule]\n"},
      {"sequence alone", "tp_plan: {blocks.0.norm: sequence}",
       "plan.yaml:1:11: error: tp_plan entry 'blocks.0.norm': 'blocks.0.norm' "
       "is in sequence style, shard(1), and no module of the plan leaves its "
       "result so; write output: shard(1) for the embedding and the rowwise "
       "modules before it, or leave this module out of the plan [tp_layouts]\n"
       "plan.yaml:1:10: error: tp_plan: 'emb' has parameters and no rule, but "
       "beside 'blocks.0.norm' sequences are split, shard(1); each rank would "
       "have a part of its gradient only: give it {style: rowwise, output: "
       "shard(1)} [tp_no_rule]\n"
       "plan.yaml:1:10: error: tp_plan: 'blocks.0.up' (and 2 more) has "
       "parameters and no rule, but beside 'blocks.0.norm' sequences are "
       "split, shard(1); each rank would have a part of its gradient only: "
       "give it a style, as {style: colwise, input: shard(1), output: "
       "replicate} [tp_no_rule]\n"},
      {"whole among parts",
       "tp_plan: {emb: {style: rowwise, output: shard(1)}, blocks.0.norm: "
       "sequence, blocks.0.up: colwise, blocks.0.down: {style: rowwise, "
       "output: "
       "shard(1)}, head: {style: colwise, input: shard(1), output: replicate}}",
       "plan.yaml:1:77: error: tp_plan entry 'blocks.0.up': 'blocks.0.up' "
       "takes its input whole, but 'blocks.0.norm' beside it works on "
       "shard(1); write input: shard(1), or prepare the input of a module "
       "around it: {style: prepare_input, input: shard(1), compute: replicate} "
       "[tp_layouts]\n"},
      {"another dimension",
       "tp_plan: {emb: {style: rowwise, output: shard(0)}, blocks.0.norm: "
       "sequence, blocks.0.up: {style: colwise, input: shard(0)}, "
       "blocks.0.down: {style: rowwise, output: shard(0)}, head: {style: "
       "colwise, input: shard(0), output: replicate}}",
       "plan.yaml:1:52: error: tp_plan entry 'blocks.0.norm': 'blocks.0.norm' "
       "is in sequence style, shard(1), but 'blocks.0.down' beside it leaves "
       "shard(0); split the same dimension everywhere [tp_layouts]\n"},
      {"prepared otherwise",
       "tp_plan: {blocks.0: {style: prepare_input, input: replicate, compute: "
       "replicate}, blocks.0.norm: sequence}",
       "plan.yaml:1:83: error: tp_plan entry 'blocks.0.norm': 'blocks.0.norm' "
       "is in sequence style, shard(1), but 'blocks.0' around it computes "
       "replicate; let the two agree [tp_layouts]\n"
       "plan.yaml:1:10: error: tp_plan: 'emb' has parameters and no rule, but "
       "beside 'blocks.0.norm' sequences are split, shard(1); each rank would "
       "have a part of its gradient only: give it {style: rowwise, output: "
       "shard(1)} [tp_no_rule]\n"
       "plan.yaml:1:10: error: tp_plan: 'head' has parameters and no rule, but "
       "beside 'blocks.0.norm' sequences are split, shard(1); each rank would "
       "have a part of its gradient only: give it a style, as {style: colwise, "
       "input: shard(1), output: replicate} [tp_no_rule]\n"},
      {"norm left out",
       "tp_plan: {emb: {style: rowwise, output: shard(1)}, blocks.0.up: "
       "{style: "
       "colwise, input: shard(1)}, blocks.0.down: {style: rowwise, output: "
       "shard(1)}, head: {style: colwise, input: shard(1), output: replicate}}",
       "plan.yaml:1:10: error: tp_plan: 'blocks.0.norm' has parameters and no "
       "rule, but beside 'blocks.0.down' sequences are split, shard(1); each "
       "rank would have a part of its gradient only: give it style sequence, "
       "if it works token by token [tp_no_rule]\n"},
      {"head and embedding left out",
       "tp_plan: {blocks.0.norm: sequence, blocks.0.up: {style: colwise, "
       "input: "
       "shard(1)}, blocks.0.down: {style: rowwise, output: shard(1)}}",
       "plan.yaml:1:10: error: tp_plan: 'emb' has parameters and no rule, but "
       "beside 'blocks.0.norm' sequences are split, shard(1); each rank would "
       "have a part of its gradient only: give it {style: rowwise, output: "
       "shard(1)} [tp_no_rule]\n"
       "plan.yaml:1:10: error: tp_plan: 'head' has parameters and no rule, but "
       "beside 'blocks.0.norm' sequences are split, shard(1); each rank would "
       "have a part of its gradient only: give it a style, as {style: colwise, "
       "input: shard(1), output: replicate} [tp_no_rule]\n"},
  };
  for (const Golden& c : cases) {
    EXPECT_EQ(Problems(Net(), c.yaml, c.tp), c.want) << c.name;
  }
}

TEST(TpErrors, OfRulesThatSayNothingOrTooMuch) {
  const Golden cases[] = {
      {"no layout",
       "tp_plan: {blocks.0: {style: prepare_input, input: [null], compute: "
       "[null]}}",
       "plan.yaml:1:29: error: tp_plan entry 'blocks.0': style prepare_input "
       "says nothing of any tensor: all its layouts are null or left out; give "
       "one, or remove the entry [bad_value]\n"},
      {"sequence on the whole model", "tp_plan: {'': sequence}",
       "plan.yaml:1:11: error: tp_plan entry '': the whole model holds 'emb', "
       "an Embedding, whose ids are the same on every rank along tp, so style "
       "sequence does "
       "not fit it whole; name the norms in it instead [tp_style]\n"},
  };
  for (const Golden& c : cases) {
    EXPECT_EQ(Problems(Net(), c.yaml, c.tp), c.want) << c.name;
  }
}

TEST(TpWarnings, OfAFusedProjection) {
  const ModelDescription model = ModelOf(
      {{"", "Net"}, {"gate_up", "Linear 16x4"}, {"down", "Linear 4x8"}});
  EXPECT_EQ(Problems(model, "tp_plan: {gate_up: colwise, down: rowwise}"),
            "plan.yaml:1:11: warning: tp_plan entry 'gate_up': 'gate_up' makes "
            "2 times the features that 'down' takes; if it is several "
            "projections in one, a rank would get a part of the first ones "
            "only: write output: replicate for it and input: replicate there "
            "[tp_fused]\n");
}

TEST(TpWarnings, OfWhatHasNoEffect) {
  const Golden cases[] = {
      {"container", "tp_plan: {blocks: sequence, emb: rowwise}",
       "plan.yaml:1:11: warning: tp_plan entry 'blocks' matches 'blocks', a "
       "ModuleList: a container is never called itself, so it is left out; "
       "plan the modules in it [container]\n"},
      {"overridden",
       "tp_plan: {'blocks.0.(up|down)': rowwise, blocks.0.down: "
       "rowwise, blocks.0.up: colwise}",
       "plan.yaml:1:11: warning: tp_plan entry 'blocks.0.(up|down)' has no "
       "effect: tp_plan entry 'blocks.0.up' and others after it take all its "
       "modules; remove it, or move it to the end [tp_overridden]\n"},
      {"sequence_parallel of a mapping",
       "{tp_plan: {emb: rowwise}, sequence_parallel: true}",
       "plan.yaml:1:46: warning: sequence_parallel has no effect on a tp_plan "
       "that is written out: its layouts say whether the sequence is split; "
       "remove it [tp_no_effect]\n"},
      {"tp 1", "tp_plan: {emb: rowwise}",
       "plan.yaml:1:10: warning: tp_plan has no effect while mesh.tp is 1: "
       "every rank holds whole layers; set mesh.tp to the number of ranks that "
       "share them [tp_no_effect]\n",
       1},
      {"loss_parallel alone", "loss_parallel: true",
       "plan.yaml:1:16: warning: loss_parallel has no effect without a tp_plan "
       "that splits the logits; remove it, or write a tp_plan [tp_no_effect]\n",
       1},
  };
  for (const Golden& c : cases) {
    EXPECT_EQ(Problems(Net(), c.yaml, c.tp), c.want) << c.name;
  }
}

}  // namespace
}  // namespace fts
