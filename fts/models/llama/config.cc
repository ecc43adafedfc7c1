// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/models/llama/config.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/codes.h"
#include "fts/core/base/did_you_mean.h"
#include "fts/models/llama/yaml_fields.h"

namespace fts::llama {

absl::StatusOr<LlamaConfig> ConfigFromYaml(const YamlNode& node,
                                           Diagnostics* diags) {
  const int errors_before = diags->num_errors();
  if (!node.is_mapping()) {
    diags->Error(codes::kBadType,
                 absl::StrCat("model.config is ", DescribeYaml(node),
                              "; expected a mapping with the model's sizes"),
                 node.where());
    return diags->status();
  }
  const std::vector<std::string> known = {
      "vocab_size", "dim",         "n_layers", "n_heads",    "n_kv_heads",
      "hidden_dim", "max_seq_len", "norm_eps", "rope_theta", "tied_embeddings"};
  for (const YamlNode::Entry& entry : node.entries()) {
    const std::string& key = entry.key.text();
    bool found = false;
    for (const std::string& name : known) found = found || name == key;
    if (!found) {
      diags->Error(codes::kUnknownKey,
                   absl::StrCat("model.config has no key '", key, "'",
                                DidYouMean(key, known)),
                   entry.key.where());
    }
  }
  Fields fields("model.config", node, diags);
  LlamaConfig config;
  fields.Int("vocab_size", Fields::kRequired, &config.vocab_size);
  fields.Int("dim", Fields::kRequired, &config.dim);
  fields.Int("n_layers", Fields::kRequired, &config.n_layers);
  fields.Int("n_heads", Fields::kRequired, &config.n_heads);
  fields.Int("hidden_dim", Fields::kRequired, &config.hidden_dim);
  config.n_kv_heads = config.n_heads;
  fields.Int("n_kv_heads", Fields::kOptional, &config.n_kv_heads);
  fields.Int("max_seq_len", Fields::kOptional, &config.max_seq_len);
  fields.Number("norm_eps", Fields::kOptional, &config.norm_eps);
  fields.Number("rope_theta", Fields::kOptional, &config.rope_theta);
  fields.Bool("tied_embeddings", Fields::kOptional, &config.tied_embeddings);
  if (diags->num_errors() > errors_before) return diags->status();

  if (config.n_heads > 0) config.head_dim = config.dim / config.n_heads;
  if (config.n_heads > 0 && config.dim % config.n_heads != 0) {
    diags->Error(codes::kOutOfRange,
                 absl::StrCat("model.config: n_heads ", config.n_heads,
                              " does not divide dim ", config.dim),
                 node.Find("n_heads")->where());
  } else {
    CheckConfig(config, {}, node, diags);
  }
  if (diags->num_errors() > errors_before) return diags->status();
  return config;
}

void CheckConfig(const LlamaConfig& config, const ConfigKeys& keys,
                 const YamlNode& node, Diagnostics* diags) {
  // The largest size in use is far below; products of two stay in 63 bits.
  constexpr int64_t kMax = int64_t{1} << 28;
  const int errors_before = diags->num_errors();
  auto error = [&](const char* key, const std::string& message) {
    const YamlNode* value = node.Find(key);
    diags->Error(codes::kOutOfRange, message,
                 value == nullptr ? node.where() : value->where());
  };
  const std::pair<const char*, int64_t> sizes[] = {
      {keys.vocab_size, config.vocab_size},
      {keys.dim, config.dim},
      {keys.n_layers, config.n_layers},
      {keys.n_heads, config.n_heads},
      {keys.n_kv_heads, config.n_kv_heads},
      {keys.head_dim, config.head_dim},
      {keys.hidden_dim, config.hidden_dim},
      {keys.max_seq_len, config.max_seq_len}};
  for (const auto& [key, value] : sizes) {
    // What was left out follows from another value, which is reported.
    if (node.Find(key) == nullptr) continue;
    if (value < 1 || value > kMax) {
      error(key, absl::StrCat(key, " is ", value, "; expected 1 to ", kMax));
    }
  }
  const std::pair<const char*, double> positive[] = {
      {keys.norm_eps, config.norm_eps}, {keys.rope_theta, config.rope_theta}};
  for (const auto& [key, value] : positive) {
    if (!(value > 0) || !std::isfinite(value)) {
      error(key, absl::StrCat(key, " is ", value,
                              "; expected a positive finite number"));
    }
  }
  if (diags->num_errors() > errors_before) return;
  if (config.n_heads % config.n_kv_heads != 0) {
    error(keys.n_kv_heads,
          absl::StrCat(keys.n_kv_heads, " ", config.n_kv_heads,
                       " does not divide ", keys.n_heads, " ", config.n_heads));
  }
  if (config.head_dim % 2 != 0) {
    error(keys.n_heads,
          absl::StrCat("a head has ", config.head_dim,
                       " channels; rotary embedding needs an even number"));
  }
}

std::vector<ParameterShape> ParameterShapes(const LlamaConfig& config) {
  const int64_t dim = config.dim;
  const int64_t q = config.n_heads * config.head_dim;
  const int64_t kv = config.n_kv_heads * config.head_dim;
  std::vector<ParameterShape> shapes;
  shapes.push_back({kEmbeddingName, {config.vocab_size, dim}});
  for (int64_t i = 0; i < config.n_layers; ++i) {
    const std::string layer = absl::StrCat("model.layers.", i, ".");
    shapes.push_back({layer + "attention.wq.weight", {q, dim}});
    shapes.push_back({layer + "attention.wk.weight", {kv, dim}});
    shapes.push_back({layer + "attention.wv.weight", {kv, dim}});
    shapes.push_back({layer + "attention.wo.weight", {dim, q}});
    shapes.push_back(
        {layer + "feed_forward.w1.weight", {config.hidden_dim, dim}});
    shapes.push_back(
        {layer + "feed_forward.w2.weight", {dim, config.hidden_dim}});
    shapes.push_back(
        {layer + "feed_forward.w3.weight", {config.hidden_dim, dim}});
    shapes.push_back({layer + "attention_norm.weight", {dim}});
    shapes.push_back({layer + "ffn_norm.weight", {dim}});
  }
  shapes.push_back({"model.norm.weight", {dim}});
  if (!config.tied_embeddings) {
    shapes.push_back({kOutputName, {config.vocab_size, dim}});
  }
  return shapes;
}

}  // namespace fts::llama
