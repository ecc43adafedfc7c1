// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/test_models.h"

#include <algorithm>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

namespace fts {

ModelDescription MakeModel(const std::vector<std::string>& parameters,
                           const std::vector<std::string>& containers) {
  ModelDescription model;
  std::set<std::string> seen;
  const auto add = [&](const std::string& name) {
    if (!seen.insert(name).second) return;
    ModuleInfo module;
    module.name = name;
    module.container = std::find(containers.begin(), containers.end(), name) !=
                       containers.end();
    module.class_name = module.container ? "ModuleList" : "Module";
    model.modules.push_back(module);
  };
  add("");
  for (const std::string& name : parameters) {
    for (size_t dot = name.find('.'); dot != std::string::npos;
         dot = name.find('.', dot + 1)) {
      add(name.substr(0, dot));
    }
    ParameterInfo parameter;
    parameter.name = name;
    parameter.shape = {4, 2};
    parameter.dtype = "float32";
    model.parameters.push_back(parameter);
  }
  return model;
}

ModelDescription LlamaModel(int layers) {
  std::vector<std::string> names = {"model.tok_embeddings.weight"};
  for (int i = 0; i < layers; ++i) {
    for (const char* part :
         {"attention.wq", "attention.wk", "attention.wv", "attention.wo",
          "feed_forward.w1", "feed_forward.w2", "feed_forward.w3",
          "attention_norm", "ffn_norm"}) {
      names.push_back(absl::StrCat("model.layers.", i, ".", part, ".weight"));
    }
  }
  names.push_back("model.norm.weight");
  names.push_back("model.output.weight");
  return MakeModel(names, {"model.layers"});
}

ModelDescription ModelOf(
    const std::vector<std::pair<std::string, std::string>>& modules) {
  ModelDescription model;
  for (const auto& [name, text] : modules) {
    const std::vector<std::string> words = absl::StrSplit(text, ' ');
    ModuleInfo module;
    module.name = name;
    module.class_name = words[0];
    module.container = words[0] == "ModuleList" || words[0] == "ModuleDict";
    model.modules.push_back(module);
    if (words.size() < 2) continue;
    ParameterInfo weight;
    weight.name = name + ".weight";
    weight.dtype = "float32";
    for (const auto size : absl::StrSplit(words[1], 'x')) {
      int64_t number = 0;
      EXPECT_TRUE(absl::SimpleAtoi(size, &number)) << text;
      weight.shape.push_back(number);
    }
    model.parameters.push_back(weight);
    if (words.size() < 3) continue;
    ParameterInfo bias = weight;
    bias.name = absl::StrCat(name, ".", words[2]);
    bias.shape = {weight.shape[0]};
    model.parameters.push_back(bias);
  }
  return model;
}

ModelDescription ShapedLlama(const LlamaShape& shape) {
  const bool hf = shape.hf_names;
  const auto linear = [](int64_t out, int64_t in) {
    return absl::StrCat("Linear ", out, "x", in);
  };
  const int64_t head_dim = shape.dim / shape.heads;
  const std::string norm = absl::StrCat("RMSNorm ", shape.dim);
  std::vector<std::pair<std::string, std::string>> modules = {
      {"", "Llama"},
      {"model", "Transformer"},
      {hf ? "model.embed_tokens" : "model.tok_embeddings",
       absl::StrCat("Embedding ", shape.vocab, "x", shape.dim)},
      {"model.layers", "ModuleDict"}};
  for (int i = 0; i < shape.layers; ++i) {
    const std::string layer = absl::StrCat("model.layers.", i);
    const std::string a = layer + (hf ? ".self_attn" : ".attention");
    const std::string f = layer + (hf ? ".mlp" : ".feed_forward");
    modules.push_back({layer, "TransformerBlock"});
    modules.push_back({a, "Attention"});
    modules.push_back({a + (hf ? ".q_proj" : ".wq"),
                       linear(head_dim * shape.heads, shape.dim)});
    for (const char* kv : {hf ? ".k_proj" : ".wk", hf ? ".v_proj" : ".wv"}) {
      modules.push_back({a + kv, linear(head_dim * shape.kv_heads, shape.dim)});
    }
    modules.push_back({a + (hf ? ".o_proj" : ".wo"),
                       linear(shape.dim, head_dim * shape.heads)});
    modules.push_back({f, "FeedForward"});
    modules.push_back(
        {f + (hf ? ".gate_proj" : ".w1"), linear(shape.hidden, shape.dim)});
    modules.push_back(
        {f + (hf ? ".down_proj" : ".w2"), linear(shape.dim, shape.hidden)});
    modules.push_back(
        {f + (hf ? ".up_proj" : ".w3"), linear(shape.hidden, shape.dim)});
    modules.push_back(
        {layer + (hf ? ".input_layernorm" : ".attention_norm"), norm});
    modules.push_back(
        {layer + (hf ? ".post_attention_layernorm" : ".ffn_norm"), norm});
  }
  modules.push_back({"model.norm", norm});
  modules.push_back(
      {hf ? "lm_head" : "model.output", linear(shape.vocab, shape.dim)});
  ModelDescription model = ModelOf(modules);
  for (ModuleInfo& module : model.modules) {
    const std::string last = module.name.substr(module.name.rfind('.') + 1);
    if (last == "wq" || last == "wo" || last == "q_proj" || last == "o_proj") {
      module.heads = shape.heads;
    }
    if (last == "wk" || last == "wv" || last == "k_proj" || last == "v_proj") {
      module.heads = shape.kv_heads;
    }
  }
  if (shape.tied) {
    model.parameters.back().shared_with = model.parameters.front().name;
  }
  return model;
}

ModelDescription ToyTransformer() {
  std::vector<std::string> names = {"model.tok_embeddings.weight",
                                    "model.pos_embeddings.weight"};
  for (int i = 0; i < 2; ++i) {
    for (const char* part :
         {"attention_norm.weight", "attention_norm.bias", "attention.wq.weight",
          "attention.wk.weight", "attention.wv.weight", "attention.wo.weight",
          "ffn_norm.weight", "ffn_norm.bias", "feed_forward.w1.weight",
          "feed_forward.w1.bias", "feed_forward.w2.weight",
          "feed_forward.w2.bias"}) {
      names.push_back(absl::StrCat("model.layers.", i, ".", part));
    }
  }
  names.push_back("model.norm.weight");
  names.push_back("model.norm.bias");
  names.push_back("model.output.weight");
  return MakeModel(names, {"model.layers"});
}

Schedule MakeSchedule(const std::vector<std::vector<std::string>>& phases,
                      int max_depth) {
  Schedule schedule;
  for (const std::vector<std::string>& params : phases) {
    Phase phase;
    phase.index = static_cast<int>(schedule.phases.size());
    phase.params = params;
    schedule.phases.push_back(phase);
  }
  schedule.max_depth = max_depth;
  return schedule;
}

YamlNode Yaml(const std::string& text) {
  Diagnostics diags;
  const auto node = ParseYaml(text, "plan.yaml", &diags);
  EXPECT_TRUE(node.ok()) << node.status();
  return node.ok() ? *node : YamlNode();
}

}  // namespace fts
