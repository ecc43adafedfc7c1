// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Small model descriptions and YAML for tests of plans.
// Threads: pure functions.
#ifndef FTS_CORE_PLAN_TEST_MODELS_H_
#define FTS_CORE_PLAN_TEST_MODELS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "fts/core/config/yaml.h"
#include "fts/core/match/model_description.h"
#include "fts/core/schedule/schedule.h"

namespace fts {

// Modules (pre-order) and parameters from a list of parameter names, each of
// shape {4, 2} and float32. Modules named in `containers` are containers.
ModelDescription MakeModel(const std::vector<std::string>& parameters,
                           const std::vector<std::string>& containers = {});

// A torchtitan Llama: model.{tok_embeddings,layers.N...,norm,output}.
ModelDescription LlamaModel(int layers);

// A Llama with shapes, classes and heads, as llama::Describe makes it.
struct LlamaShape {
  int layers = 1;
  int64_t vocab = 16, dim = 8, heads = 4, kv_heads = 2, hidden = 12;
  bool hf_names = false;
  bool tied = false;
};
ModelDescription ShapedLlama(const LlamaShape& shape);

// Modules by (name, class) in pre-order, and the parameters of Linears
// ("Linear 8x4", "Linear 8x4 bias", "Embedding 16x8"); of others ("RMSNorm 8"),
// or none ("Block", "ModuleList", a container).
ModelDescription ModelOf(
    const std::vector<std::pair<std::string, std::string>>& modules);

// The toy transformer of FTS's model-parallel tests: 29 tensors, 2 blocks of
// 12, under `model`.
ModelDescription ToyTransformer();

// A schedule with these parameters per phase.
Schedule MakeSchedule(const std::vector<std::vector<std::string>>& phases,
                      int max_depth);

// The YAML text, named plan.yaml. Fails the test when it does not parse.
YamlNode Yaml(const std::string& text);

}  // namespace fts

#endif  // FTS_CORE_PLAN_TEST_MODELS_H_
