// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/models/llama/names.h"

#include <cctype>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace fts::llama {
namespace {

struct Pair {
  const char* native;
  const char* hf;
  bool leaf;  // owns a parameter, "weight"
};

// Modules outside the layers, and those inside one.
constexpr Pair kTop[] = {
    {"", "", false},
    {"model", "model", false},
    {"model.tok_embeddings", "model.embed_tokens", true},
    {"model.layers", "model.layers", false},
    {"model.norm", "model.norm", true},
    {"model.output", "lm_head", true},
};
constexpr Pair kInLayer[] = {
    {"", "", false},
    {"attention", "self_attn", false},
    {"attention.wq", "self_attn.q_proj", true},
    {"attention.wk", "self_attn.k_proj", true},
    {"attention.wv", "self_attn.v_proj", true},
    {"attention.wo", "self_attn.o_proj", true},
    {"feed_forward", "mlp", false},
    {"feed_forward.w1", "mlp.gate_proj", true},
    {"feed_forward.w2", "mlp.down_proj", true},
    {"feed_forward.w3", "mlp.up_proj", true},
    {"attention_norm", "input_layernorm", true},
    {"ffn_norm", "post_attention_layernorm", true},
};

constexpr char kLayers[] = "model.layers.";
constexpr char kWeight[] = ".weight";

// Splits "model.layers.12.rest" into 12 (as text) and "rest".
std::optional<std::pair<std::string, std::string>> SplitLayer(
    const std::string& name) {
  const size_t start = sizeof(kLayers) - 1;
  if (name.compare(0, start, kLayers) != 0) return std::nullopt;
  size_t end = start;
  while (end < name.size() && std::isdigit(name[end])) ++end;
  const std::string number = name.substr(start, end - start);
  if (number.empty() || (number.size() > 1 && number[0] == '0')) {
    return std::nullopt;
  }
  if (end == name.size()) return std::make_pair(number, std::string());
  if (name[end] != '.' || end + 1 == name.size()) return std::nullopt;
  return std::make_pair(number, name.substr(end + 1));
}

template <size_t kSize>
std::optional<std::string> Look(const Pair (&pairs)[kSize],
                                const char* Pair::*from, const char* Pair::*to,
                                const std::string& name, bool weight) {
  for (const Pair& pair : pairs) {
    if (name == pair.*from && (pair.leaf || !weight)) return pair.*to;
  }
  return std::nullopt;
}

std::optional<std::string> Translate(const std::string& name,
                                     const char* Pair::*from,
                                     const char* Pair::*to) {
  const size_t suffix = sizeof(kWeight) - 1;
  const bool weight = name.size() > suffix &&
                      name.compare(name.size() - suffix, suffix, kWeight) == 0;
  const std::string module =
      weight ? name.substr(0, name.size() - suffix) : name;
  std::optional<std::string> found;
  if (const auto layer = SplitLayer(module)) {
    found = Look(kInLayer, from, to, layer->second, weight);
    if (!found.has_value()) return std::nullopt;
    found =
        absl::StrCat(kLayers, layer->first, found->empty() ? "" : ".", *found);
  } else {
    found = Look(kTop, from, to, module, weight);
  }
  if (found.has_value() && weight) *found += kWeight;
  return found;
}

}  // namespace

std::optional<std::string> ToHfName(const std::string& native) {
  return Translate(native, &Pair::native, &Pair::hf);
}

std::optional<std::string> ToNativeName(const std::string& hf) {
  return Translate(hf, &Pair::hf, &Pair::native);
}

ModelDescription WithHfNames(const ModelDescription& native) {
  ModelDescription renamed = native;
  for (ModuleInfo& module : renamed.modules) {
    module.name = ToHfName(module.name).value_or(module.name);
  }
  for (ParameterInfo& parameter : renamed.parameters) {
    parameter.name = ToHfName(parameter.name).value_or(parameter.name);
    if (parameter.shared_with.has_value()) {
      parameter.shared_with =
          ToHfName(*parameter.shared_with).value_or(*parameter.shared_with);
    }
  }
  return renamed;
}

}  // namespace fts::llama
