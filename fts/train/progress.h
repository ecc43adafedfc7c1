// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Shows a run to a person: phase, epoch, step, loss, grad_norm, lr, tok/s, mem.
// On a terminal one line is redrawn in place with a bar for the epoch; else
// plain lines. Validation, phase and end lines are always kept.
// Threads: confined to the training thread of rank 0.
#ifndef FTS_TRAIN_PROGRESS_H_
#define FTS_TRAIN_PROGRESS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <string>

#include "fts/train/events.h"

namespace fts::train {

struct ProgressOptions {
  bool terminal = false;  // redraw in place
  int columns = 100;      // terminal width; the live line never wraps
  int64_t steps_per_epoch = 0;
  std::optional<int64_t> max_epochs;
  // At least this long between two step lines; the first and the last step of
  // an epoch and the first of a phase are always shown.
  double min_interval_s = 0;
};

// For a real run: terminal and width of stdout, 0.1 s between redraws of a
// terminal, 1 s between plain lines.
ProgressOptions ProgressOptionsForStdout();

// Writes to `out`, which must outlive it. `clock` gives seconds, from any
// start.
class Progress {
 public:
  using Clock = std::function<double()>;
  Progress(std::ostream* out, ProgressOptions options, Clock clock);
  ~Progress();  // leaves the cursor on a line of its own

  void Phase(const PhaseEvent& event);
  void Step(const TrainStepEvent& event);
  void Validation(const ValidationEvent& event);
  void Measured(const PhaseMeasured& measured);
  void RunEnd(const RunEndEvent& event);
  // A kept line of text, e.g. a note of the trainer.
  void Note(const std::string& text);

 private:
  void KeepLine(const std::string& text);

  std::ostream* out_;
  ProgressOptions options_;
  Clock clock_;
  std::optional<double> last_shown_;
  int64_t last_phase_ = -1;
  bool line_open_ = false;  // a live line stands on the terminal
};

}  // namespace fts::train

#endif  // FTS_TRAIN_PROGRESS_H_
