// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What the trainer needs of a model: named parts, values to start from, and a
// way to write the result. Programs implement it for a concrete architecture
// (fts/models/llama has none of this: it knows no trainer).
// Threads: confined to the training thread.
#ifndef FTS_TRAIN_MODEL_H_
#define FTS_TRAIN_MODEL_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/config/run_config.h"
#include "fts/core/match/model_description.h"
#include "fts/core/session/session.h"

namespace fts::train {

// Receives full parameters one by one and finishes a directory.
class ModelExporter {
 public:
  virtual ~ModelExporter() = default;
  // A whole parameter, on the CPU, any float dtype, under the model's names.
  virtual absl::Status Add(const std::string& name,
                           const at::Tensor& value) = 0;
  // Errors: FAILED_PRECONDITION naming a parameter that was not given.
  virtual absl::Status Finish() = 0;
};

class TrainModel {
 public:
  virtual ~TrainModel() = default;

  // "llama": names the output directory and the schedule file.
  virtual std::string arch() const = 0;
  virtual int64_t vocab_size() const = 0;
  virtual int64_t max_seq_len() const = 0;

  // Under the names that the run config asks for.
  virtual const ModelDescription& description() const = 0;
  virtual SessionModel parts() = 0;

  // The same model on the meta device, shapes without values, so that a run can
  // be seen before it starts. Null: there is none, and what only that would
  // show is not checked.
  virtual std::unique_ptr<TrainModel> OnMeta() const { return nullptr; }

  // {tokens int64 [batch, length]} to logits [batch, length, vocab_size].
  virtual at::Tensor Forward(const at::Tensor& tokens) = 0;

  // Elements [begin, end) of a parameter's starting value.
  virtual absl::Status LoadRange(const std::string& name, int64_t begin,
                                 int64_t end, at::Tensor dst) = 0;

  // `dtype`: "float32" or "bfloat16", of the written weights.
  virtual absl::StatusOr<std::unique_ptr<ModelExporter>> StartExport(
      const std::string& directory, const std::string& dtype) = 0;
};

// Makes the model of `config.model`, values not yet in memory. Problems with
// the config or the checkpoint are recorded in `diags`.
using ModelFactory = std::function<absl::StatusOr<std::unique_ptr<TrainModel>>(
    const RunConfig& config, Diagnostics* diags)>;

}  // namespace fts::train

#endif  // FTS_TRAIN_MODEL_H_
