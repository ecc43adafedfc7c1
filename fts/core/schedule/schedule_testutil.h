// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Small models and a one-call resolution for the tests of schedule.
// Threads: pure functions.
#ifndef FTS_CORE_SCHEDULE_SCHEDULE_TESTUTIL_H_
#define FTS_CORE_SCHEDULE_SCHEDULE_TESTUTIL_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fts/core/config/yaml.h"
#include "fts/core/match/model_description.h"
#include "fts/core/schedule/resolve.h"

namespace fts::schedule_testing {

using Names = std::vector<std::string>;

inline ModelDescription ModelOf(const Names& names) {
  ModelDescription model;
  for (const std::string& name : names) {
    ParameterInfo parameter;
    parameter.name = name;
    parameter.shape = {2, 3};
    parameter.dtype = "float32";
    model.parameters.push_back(parameter);
  }
  return model;
}

// Four linear layers: model.{0..3}.{weight,bias}.
inline ModelDescription ModelA() {
  Names names;
  for (int i = 0; i < 4; ++i) {
    const std::string prefix = "model." + std::to_string(i);
    names.push_back(prefix + ".weight");
    names.push_back(prefix + ".bias");
  }
  return ModelOf(names);
}

// A toy transformer of 29 tensors: token and position embeddings, two blocks of
// 12, a norm with bias, an output without.
inline ModelDescription ModelB() {
  Names names = {"model.tok_embeddings.weight", "model.pos_embeddings.weight"};
  for (const char* block : {"model.layers.0.", "model.layers.1."}) {
    for (const char* tensor :
         {"attention_norm.weight", "attention_norm.bias", "attention.wq.weight",
          "attention.wk.weight", "attention.wv.weight", "attention.wo.weight",
          "ffn_norm.weight", "ffn_norm.bias", "feed_forward.w1.weight",
          "feed_forward.w1.bias", "feed_forward.w2.weight",
          "feed_forward.w2.bias"}) {
      names.push_back(std::string(block) + tensor);
    }
  }
  for (const char* tensor : {"norm.weight", "norm.bias", "output.weight"}) {
    names.push_back(std::string("model.") + tensor);
  }
  return ModelOf(names);
}

// Parameters emb.weight, dec.bias, and dec.weight tied to emb.weight.
inline ModelDescription TiedModel() {
  ModelDescription model = ModelOf({"emb.weight", "dec.weight", "dec.bias"});
  model.parameters[1].shared_with = "emb.weight";
  return model;
}

struct Outcome {
  std::optional<Schedule> schedule;
  std::string problems;  // all diagnostics, one a line
};

// Resolves YAML text that stands for the file s.yaml.
inline Outcome Resolve(const std::string& text,
                       const ModelDescription& model = ModelA(),
                       const ResolveOptions& options = {}) {
  Outcome out;
  Diagnostics diags;
  const auto yaml = ParseYaml(text, "s.yaml", &diags);
  if (yaml.ok()) {
    auto schedule = ResolveSchedule(*yaml, model, options, &diags);
    if (schedule.ok()) out.schedule = std::move(schedule).value();
  }
  out.problems = diags.ToString();
  return out;
}

}  // namespace fts::schedule_testing

#endif  // FTS_CORE_SCHEDULE_SCHEDULE_TESTUTIL_H_
