// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Writes a directory that Hugging Face transformers (4 and 5) loads:
// config.json, generation_config.json and model.safetensors.
//
// Parameters come one by one, in any order, so the whole model need never be in
// one process's memory at once. The weights appear when all are there, and the
// config after them: a directory with a config.json is complete.
// Threads: confined to one thread.
#ifndef FTS_MODELS_LLAMA_EXPORT_H_
#define FTS_MODELS_LLAMA_EXPORT_H_

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/nn/module.h"
#include "fts/core/safetensors/writer.h"
#include "fts/models/llama/config.h"

namespace fts::llama {

class HfExporter {
 public:
  // Makes the directory (and those above it) and takes an old config.json out
  // of it. `dtype` is that of the file: fp32, bf16 or fp16.
  // Errors: INVALID_ARGUMENT for another dtype; those of safetensors::Writer.
  static absl::StatusOr<std::unique_ptr<HfExporter>> Create(
      const std::string& directory, const LlamaConfig& config,
      at::ScalarType dtype);

  // One whole parameter by native name, on the CPU. With tied embeddings the
  // output weight may be given too and is left out.
  // Errors: NOT_FOUND, INVALID_ARGUMENT (shape, given twice), the writer's.
  absl::Status Add(const std::string& native_name, const at::Tensor& value);

  // Finishes the directory. Errors: FAILED_PRECONDITION naming a parameter that
  // was not given; the writer's.
  absl::Status Finish();

 private:
  HfExporter() = default;

  std::string directory_;
  LlamaConfig config_;
  at::ScalarType dtype_ = at::kFloat;
  std::map<std::string, std::vector<int64_t>> shapes_;  // not yet added
  std::unique_ptr<safetensors::Writer> writer_;
};

// All of a model that is whole in memory.
absl::Status ExportHf(const nn::Module& model, const LlamaConfig& config,
                      const std::string& directory, at::ScalarType dtype);

}  // namespace fts::llama

#endif  // FTS_MODELS_LLAMA_EXPORT_H_
