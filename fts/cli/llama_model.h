// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The Llama of fts/models behind the trainer's model interface: makes it from
// `model:` of a run config, under native or Hugging Face names.
// Threads: confined to the training thread.
#ifndef FTS_CLI_LLAMA_MODEL_H_
#define FTS_CLI_LLAMA_MODEL_H_

#include <memory>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/config/run_config.h"
#include "fts/core/match/model_description.h"
#include "fts/train/model.h"

namespace fts::cli {

// A train::ModelFactory. `config.model` names a checkpoint directory, whose
// values are read range by range when the run loads them, or the shape of a
// fresh model, drawn from `config.seed`. Errors: `arch` other than llama; those
// of llama::Checkpoint and llama::ConfigFromYaml.
absl::StatusOr<std::unique_ptr<train::TrainModel>> MakeLlamaModel(
    const RunConfig& config, Diagnostics* diags);

// The description of the same model, without memory for its values. Errors: as
// MakeLlamaModel.
absl::StatusOr<ModelDescription> DescribeLlamaModel(const RunConfig& config,
                                                    Diagnostics* diags);

}  // namespace fts::cli

#endif  // FTS_CLI_LLAMA_MODEL_H_
