// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Writes metrics.jsonl: one JSON object a line, on disk when Write returns to
// the kernel (one write(2) per line, nothing buffered in the process).
// Numbers round-trip: reading a line back gives the same double. JSON has no
// NaN or infinity, so those are the strings "NaN", "Infinity", "-Infinity"
// (Python's float() takes all three).
// Threads: confined to the training thread of rank 0.
#ifndef FTS_TRAIN_METRICS_WRITER_H_
#define FTS_TRAIN_METRICS_WRITER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/base/source_location.h"
#include "fts/train/events.h"

namespace fts::train {

// The line of an event, without the newline. Keys in the order of events.h.
std::string ToJsonLine(const TrainStepEvent& event);
std::string ToJsonLine(const ValidationEvent& event);
std::string ToJsonLine(const PhaseEvent& event);
std::string ToJsonLine(const RunEndEvent& event);

// Records output_dir_in_use when `dir` already holds a metrics.jsonl, and
// output_dir_unwritable when it is not a directory or cannot be written to
// (nor created). Creates nothing; for checks before anything is
// started, so not on ranks beside rank 0, which may have made the file already.
void CheckOutputDir(const std::string& dir, const SourceLocation& where,
                    Diagnostics* diags);

// Creates `dir` and its parents as needed.
absl::Status CreateOutputDir(const std::string& dir);

// Owns the file. Move-only; closes on destruction.
class MetricsWriter {
 public:
  // Creates `dir`/metrics.jsonl (and the directory). An existing file is
  // refused with output_dir_in_use.
  static absl::StatusOr<MetricsWriter> Create(const std::string& dir,
                                              Diagnostics* diags);
  ~MetricsWriter();
  MetricsWriter(MetricsWriter&& other) noexcept;
  MetricsWriter& operator=(MetricsWriter&& other) noexcept;

  // Appends ToJsonLine(event). Errors: RESOURCE_EXHAUSTED on a full disk, else
  // INTERNAL, both naming the file.
  template <typename Event>
  absl::Status Write(const Event& event) {
    return WriteLine(ToJsonLine(event));
  }
  const std::string& path() const { return path_; }

 private:
  MetricsWriter(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  absl::Status WriteLine(std::string line);

  std::string path_;
  int fd_ = -1;
};

}  // namespace fts::train

#endif  // FTS_TRAIN_METRICS_WRITER_H_
