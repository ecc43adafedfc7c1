// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Rotary position embedding in Hugging Face's rotate-half form, with the
// "default" and "llama3" frequency rules.
// Threads: CosSin fills a cache, so a table is confined to the training thread;
// ApplyRotary is a pure function.

#ifndef FTS_CORE_NN_ROTARY_H_
#define FTS_CORE_NN_ROTARY_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace fts::nn {

struct RotaryOptions {
  int64_t head_dim = 0;  // even
  double theta = 10000.0;
  enum class Type { kDefault, kLlama3 } type = Type::kDefault;
  // Used by kLlama3 only.
  double factor = 8.0;
  double low_freq_factor = 1.0;
  double high_freq_factor = 4.0;
  int64_t original_max_position_embeddings = 8192;
};

// The frequencies, fp32 [head_dim / 2]. Throws std::invalid_argument when
// head_dim is odd or not positive.
at::Tensor RotaryInverseFrequencies(const RotaryOptions& options);

class RotaryTable {
 public:
  explicit RotaryTable(RotaryOptions options);

  // Cosines and sines of positions 0 … length-1, each [length, head_dim] in
  // `dtype` on `device`. Computed in fp32 at first use and kept; a longer
  // request extends the table and leaves the earlier rows' bits alone.
  std::pair<at::Tensor, at::Tensor> CosSin(int64_t length, at::Device device,
                                           at::ScalarType dtype);

  const RotaryOptions& options() const { return options_; }

 private:
  struct Entry {
    at::Device device;
    at::ScalarType dtype;
    at::Tensor cos, sin;
  };

  RotaryOptions options_;
  std::vector<Entry> entries_;  // few: one per device and dtype
};

// Rotates q and k [batch, heads, length, head_dim] by cos, sin [length,
// head_dim]. Returns (q, k).
std::pair<at::Tensor, at::Tensor> ApplyRotary(const at::Tensor& q,
                                              const at::Tensor& k,
                                              const at::Tensor& cos,
                                              const at::Tensor& sin);

}  // namespace fts::nn

#endif  // FTS_CORE_NN_ROTARY_H_
