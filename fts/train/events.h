// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What happens in a run, as plain values: the trainer makes them, the metrics
// file and the progress line show them. Steps, epochs and phases count from 0.
// Threads: plain values.
#ifndef FTS_TRAIN_EVENTS_H_
#define FTS_TRAIN_EVENTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fts::train {

// One optimizer step; the values of that step, not a mean.
struct TrainStepEvent {
  int64_t step = 0;
  int64_t epoch = 0;
  int64_t phase = 0;
  double loss = 0;         // forward loss before this step's update
  double grad_norm = 0;    // after averaging, before clipping
  std::vector<double> lr;  // per optimizer group, as used by this update
  double tokens_per_s = 0;
  double step_ms = 0;  // whole optimizer step, data included
  double mem_mib = 0;
};

// A validation pass; epoch -1, step -1 for the baseline before training.
struct ValidationEvent {
  int64_t step = -1;   // the last finished step
  int64_t epoch = -1;  // the epoch just ended
  int64_t phase = 0;
  double val_loss = 0;
};

// What a phase moved and held, measured, per rank (the largest).
struct PhaseMeasured {
  int64_t phase = 0;
  int64_t bytes_gathered = 0;
  int64_t bytes_reduced = 0;
  int64_t gradient_bytes = 0;
  int64_t moment_bytes = 0;
  int64_t peak_bytes = 0;
  // What ranks that share layers told each other; absent without such.
  std::optional<int64_t> bytes_along_tp;
};

// A phase begins; written for phase 0 too.
struct PhaseEvent {
  int64_t phase = 0;
  int64_t epoch = 0;
  int64_t step = 0;    // first step of the phase
  std::string reason;  // "start", "early_stopping", ...
  std::vector<std::string> thawed;
  std::vector<std::string> frozen;  // key absent if none
  int64_t trainable_params = 0;
  int64_t total_params = 0;
  double transition_ms = 0;
  std::optional<PhaseMeasured>
      measured;  // of the phase before; key absent if none
};

// The run ended.
struct RunEndEvent {
  std::string reason;
  int64_t steps = 0;           // optimizer steps done
  std::optional<double> best;  // best monitored value; null if none
  std::optional<PhaseMeasured>
      measured;  // of the last phase; key absent if none
};

}  // namespace fts::train

#endif  // FTS_TRAIN_EVENTS_H_
