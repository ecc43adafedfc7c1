// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Where rank 0 tells what happens: every event goes to metrics.jsonl and to the
// progress on stdout.
// Threads: confined to the training thread of rank 0.
#ifndef FTS_TRAIN_RUN_LOG_H_
#define FTS_TRAIN_RUN_LOG_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/train/events.h"
#include "fts/train/metrics_writer.h"
#include "fts/train/progress.h"
#include "fts/train/run_setup.h"

namespace fts::train {

class RunLog {
 public:
  // Errors: those of MetricsWriter::Create.
  static absl::StatusOr<std::unique_ptr<RunLog>> Create(
      const std::string& output_dir, const RunSetup& setup, Diagnostics* diags);

  // Errors: those of MetricsWriter::Write (a full disk).
  absl::Status Step(const TrainStepEvent& event);
  absl::Status Validation(const ValidationEvent& event);
  absl::Status Phase(const PhaseEvent& event);
  absl::Status RunEnd(const RunEndEvent& event);
  void Note(const std::string& text);

 private:
  RunLog(MetricsWriter metrics, const ProgressOptions& options);

  MetricsWriter metrics_;
  Progress progress_;
};

}  // namespace fts::train

#endif  // FTS_TRAIN_RUN_LOG_H_
