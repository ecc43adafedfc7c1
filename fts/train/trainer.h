// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The training loop of one rank: epochs, steps, validation, events, and the
// final export. The order of events, the loss and the samples are those of the
// run config's documentation; at equal global batch the loss curve does not
// depend on the number of ranks.
// Threads: confined to the calling thread.
#ifndef FTS_TRAIN_TRAINER_H_
#define FTS_TRAIN_TRAINER_H_

#include <string>

#include "absl/status/status.h"
#include "fts/core/session/ranks.h"
#include "fts/train/run_setup.h"

namespace fts::train {

// Runs to the end, on every rank alike; rank 0 writes `output_dir` (metrics,
// plan, schedule, config, export) and the progress on stdout.
// Errors: the first thing that went wrong, saying in which step and phase.
absl::Status Train(RunSetup* setup, const Ranks& ranks,
                   const std::string& output_dir);

}  // namespace fts::train

#endif  // FTS_TRAIN_TRAINER_H_
