// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Random initial values: torchtitan's depth-scaled scheme, drawn per parameter
// from the seed and the native name, so they depend on no mesh, dtype or order.
// Threads: InitSource is confined to one thread.
#ifndef FTS_MODELS_LLAMA_INIT_H_
#define FTS_MODELS_LLAMA_INIT_H_

#include <cstdint>
#include <map>
#include <string>

#include "fts/core/nn/parameter_source.h"
#include "fts/models/llama/config.h"

namespace fts::llama {

// The standard deviation of a parameter's normal distribution; 0 for norms,
// which start at one. Embeddings 1 (tied: dim^-0.5), output dim^-0.5, wq wk wv
// w1 0.02, and wo w2 w3 of layer i 0.02 / sqrt(2 (i + 1)).
double InitStd(const LlamaConfig& config, const std::string& native_name);

// The values as a source. A range costs drawing its whole parameter (the last
// one drawn is kept).
class InitSource : public nn::ParameterSource {
 public:
  InitSource(const LlamaConfig& config, uint64_t seed);

  const Info* Find(const std::string& name) const override;
  absl::Status CopyRange(const std::string& name, int64_t begin, int64_t end,
                         at::Tensor dst) const override;

 private:
  LlamaConfig config_;
  uint64_t seed_;
  std::map<std::string, Info> infos_;
  mutable std::string drawn_name_;
  mutable at::Tensor drawn_;
};

}  // namespace fts::llama

#endif  // FTS_MODELS_LLAMA_INIT_H_
