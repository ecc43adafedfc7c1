// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Reads a Llama checkpoint directory: Hugging Face's config.json and
// safetensors (one file, or shards with an index).
//
// Tensors may be named as Hugging Face does or as torchtitan does (with or
// without the leading "model."). The latter have their wq and wk rows in
// interleaved order and are permuted to rotate-half while they are copied.
// Values go from the memory-mapped file into the destination; nothing else is
// allocated in proportion to the model.
// Threads: immutable after Open; safe to share.
#ifndef FTS_MODELS_LLAMA_CHECKPOINT_H_
#define FTS_MODELS_LLAMA_CHECKPOINT_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/nn/parameter_source.h"
#include "fts/core/safetensors/archive.h"
#include "fts/models/llama/config.h"

namespace fts::llama {

class Checkpoint : public nn::ParameterSource {
 public:
  // Errors, all that are found: those of ReadHfConfig and Archive;
  // missing_tensor, extra_tensor, bad_tensor (shape, a dtype other than F32,
  // BF16, F16, an output weight that differs from the embedding it is tied to),
  // each naming the tensor as the file does.
  static absl::StatusOr<std::shared_ptr<const Checkpoint>> Open(
      const std::string& directory, Diagnostics* diags);

  const LlamaConfig& config() const { return config_; }
  // config.json's dtype, or that of the embedding when it gives none:
  // "float32", "bfloat16", "float16".
  const std::string& dtype() const { return dtype_; }

  // By native name; with tied embeddings the output weight is not listed.
  const Info* Find(const std::string& name) const override;
  absl::Status CopyRange(const std::string& name, int64_t begin, int64_t end,
                         at::Tensor dst) const override;

 private:
  struct Entry {
    Info info;
    const safetensors::TensorView* view = nullptr;
    int64_t interleaved_head_dim = 0;  // 0: rows are in our order
  };

  Checkpoint() = default;
  void Match(Diagnostics* diags);

  LlamaConfig config_;
  std::string dtype_;
  std::shared_ptr<const safetensors::Archive> archive_;
  std::map<std::string, Entry> entries_;
};

}  // namespace fts::llama

#endif  // FTS_MODELS_LLAMA_CHECKPOINT_H_
