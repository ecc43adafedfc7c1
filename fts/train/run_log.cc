// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/run_log.h"

#include <iostream>
#include <utility>

#include "fts/core/base/status.h"
#include "fts/train/rank_reporter.h"
#include "fts/train/seconds.h"

namespace fts::train {
namespace {

// A terminal that is held (Ctrl-S), a pager that does not read, a disk.
constexpr char kWriting[] = "writing its output";

}  // namespace

RunLog::RunLog(MetricsWriter metrics, const ProgressOptions& options)
    : metrics_(std::move(metrics)), progress_(&std::cout, options, Seconds) {}

absl::StatusOr<std::unique_ptr<RunLog>> RunLog::Create(
    const std::string& output_dir, const RunSetup& setup, Diagnostics* diags) {
  FTS_ASSIGN_OR_RETURN(MetricsWriter metrics,
                       MetricsWriter::Create(output_dir, diags));
  ProgressOptions options = ProgressOptionsForStdout();
  options.steps_per_epoch = setup.order->steps_per_epoch();
  options.max_epochs = setup.scheduler.max_epochs;
  return std::unique_ptr<RunLog>(new RunLog(std::move(metrics), options));
}

absl::Status RunLog::Step(const TrainStepEvent& event) {
  const BusyWith busy(kWriting);
  progress_.Step(event);
  return metrics_.Write(event);
}

absl::Status RunLog::Validation(const ValidationEvent& event) {
  const BusyWith busy(kWriting);
  progress_.Validation(event);
  return metrics_.Write(event);
}

absl::Status RunLog::Phase(const PhaseEvent& event) {
  const BusyWith busy(kWriting);
  if (event.measured.has_value()) progress_.Measured(*event.measured);
  progress_.Phase(event);
  return metrics_.Write(event);
}

absl::Status RunLog::RunEnd(const RunEndEvent& event) {
  const BusyWith busy(kWriting);
  if (event.measured.has_value()) progress_.Measured(*event.measured);
  progress_.RunEnd(event);
  return metrics_.Write(event);
}

void RunLog::Note(const std::string& text) {
  const BusyWith busy(kWriting);
  progress_.Note(text);
}

}  // namespace fts::train
