// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/test_models.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
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
