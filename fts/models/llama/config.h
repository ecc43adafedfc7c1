// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The shape and constants of a Llama, and their form in a run config.
//
// A value is complete once made: every default is filled in. The Hugging Face
// form is in hf_config.h.
// Threads: values; pure functions. No torch.
#ifndef FTS_MODELS_LLAMA_CONFIG_H_
#define FTS_MODELS_LLAMA_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"

namespace fts::llama {

// Llama 3.1's stretching of rotary frequencies to longer contexts.
struct RopeScaling {
  double factor = 8.0;
  double low_freq_factor = 1.0;
  double high_freq_factor = 4.0;
  int64_t original_max_seq_len = 8192;
};

struct LlamaConfig {
  int64_t vocab_size = 0;
  int64_t dim = 0;
  int64_t n_layers = 0;
  int64_t n_heads = 0;
  int64_t n_kv_heads = 0;  // divides n_heads
  int64_t head_dim = 0;    // dim / n_heads unless a checkpoint says otherwise
  int64_t hidden_dim = 0;  // of the feed-forward
  int64_t max_seq_len = 2048;
  double norm_eps = 1e-5;
  double rope_theta = 10000.0;
  std::optional<RopeScaling> rope_scaling;
  bool tied_embeddings = false;

  // Carried through import and export, without meaning here.
  std::optional<int64_t> bos_token_id, pad_token_id;
  std::vector<int64_t> eos_token_ids;
};

// Reads the run config's `model.config` mapping: vocab_size, dim, n_layers,
// n_heads, hidden_dim (required), n_kv_heads (default n_heads), max_seq_len,
// norm_eps, rope_theta, tied_embeddings.
// Errors, all that are found: unknown_key (with did-you-mean), missing_key,
// bad_type, out_of_range.
absl::StatusOr<LlamaConfig> ConfigFromYaml(const YamlNode& node,
                                           Diagnostics* diags);

// What must hold between the values, whatever they were read from: positive
// sizes, heads that divide, an even head_dim. `where` and `names` (the keys'
// spelling in that source) are for messages.
struct ConfigKeys {
  const char* vocab_size = "vocab_size";
  const char* dim = "dim";
  const char* n_layers = "n_layers";
  const char* n_heads = "n_heads";
  const char* n_kv_heads = "n_kv_heads";
  const char* head_dim = "head_dim";
  const char* hidden_dim = "hidden_dim";
  const char* max_seq_len = "max_seq_len";
  const char* norm_eps = "norm_eps";
  const char* rope_theta = "rope_theta";
};
void CheckConfig(const LlamaConfig& config, const ConfigKeys& keys,
                 const YamlNode& node, Diagnostics* diags);

// A parameter of the model by its native name, in registration order. With tied
// embeddings the output weight is not listed.
struct ParameterShape {
  std::string name;
  std::vector<int64_t> shape;
};
std::vector<ParameterShape> ParameterShapes(const LlamaConfig& config);

// Native names of the two ends that may share one tensor.
inline constexpr char kEmbeddingName[] = "model.tok_embeddings.weight";
inline constexpr char kOutputName[] = "model.output.weight";

}  // namespace fts::llama

#endif  // FTS_MODELS_LLAMA_CONFIG_H_
