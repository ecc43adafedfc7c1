// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "benchmarks/schedule_input.h"

namespace fts::benchmarks {
namespace {

constexpr int kPerBlock = 10;
constexpr const char* kParts[kPerBlock] = {
    "attention.wq.weight",    "attention.wk.weight",
    "attention.wv.weight",    "attention.wo.weight",
    "attention.wq.bias",      "feed_forward.w1.weight",
    "feed_forward.w2.weight", "feed_forward.w3.weight",
    "attention_norm.weight",  "ffn_norm.weight"};

}  // namespace

ModelDescription LargeModel(int parameters) {
  ModelDescription model;
  model.modules.push_back({"", "Model", false});
  for (int i = 0; i < parameters; ++i) {
    ParameterInfo parameter;
    parameter.name = "model.layers." + std::to_string(i / kPerBlock) + "." +
                     kParts[i % kPerBlock];
    parameter.shape = {64, 64};
    parameter.dtype = "float32";
    model.parameters.push_back(std::move(parameter));
  }
  return model;
}

std::string LargeSchedule(int parameters, int phases) {
  const int blocks = parameters / kPerBlock;
  const int each = blocks / phases;
  std::string out;
  for (int phase = 0; phase < phases; ++phase) {
    out += std::to_string(phase) + ":\n  params:\n";
    for (int k = 0; k < each; ++k) {
      const std::string block =
          "model.layers." + std::to_string(blocks - 1 - phase * each - k);
      out += "  - " + block + "\\.attention\\.w.*\n";
      out += "  - " + block + "\\.feed_forward\\.w[123]\\.weight$\n";
      out += "  - " + block + "\\.(attention|ffn)_norm.*\n";
    }
    if (phase + 1 < phases) {
      out += "  max_transition_epoch: " + std::to_string(phase + 1) + "\n";
    }
  }
  return out;
}

}  // namespace fts::benchmarks
