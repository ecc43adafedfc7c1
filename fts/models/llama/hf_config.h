// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Hugging Face's config.json: reading (transformers 4 and 5) and writing.
//
// A key that changes the mathematics and is not implemented is an error that
// names it; a harmless key is ignored.
// Threads: pure functions. No torch.
#ifndef FTS_MODELS_LLAMA_HF_CONFIG_H_
#define FTS_MODELS_LLAMA_HF_CONFIG_H_

#include <string>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"
#include "fts/models/llama/config.h"

namespace fts::llama {

struct HfConfig {
  LlamaConfig config;
  std::string dtype;  // "float32", "bfloat16", "float16", or "" if not given
};

// Errors, all that are found: unsupported_model (another architecture or
// activation, biases, dropout, quantization, other rope types, …), missing_key,
// bad_type, bad_value (two spellings that disagree), out_of_range.
absl::StatusOr<HfConfig> HfConfigFromJson(const YamlNode& root,
                                          Diagnostics* diags);

// The same for a file's content; `name` stands for it in places. Errors: also
// those of the YAML reader, of whose language JSON is all but a part (escaped
// surrogate pairs, which it lacks, are resolved first).
absl::StatusOr<HfConfig> ParseHfConfig(const std::string& text,
                                       const std::string& name,
                                       Diagnostics* diags);

// Reads the file. Errors: also missing_file.
absl::StatusOr<HfConfig> ReadHfConfig(const std::string& path,
                                      Diagnostics* diags);

// The text of a config.json that transformers 4 and 5 both load, keys sorted.
// `dtype` as in HfConfig.
std::string HfConfigToJson(const LlamaConfig& config, const std::string& dtype);

}  // namespace fts::llama

#endif  // FTS_MODELS_LLAMA_HF_CONFIG_H_
