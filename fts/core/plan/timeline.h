// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A run told beforehand: for each phase what thaws, what trains at which rate,
// when it can begin, how it can end, and what a rank holds meanwhile. No
// device, no torch. timeline_text.h prints it.
// Threads: pure functions.
#ifndef FTS_CORE_PLAN_TIMELINE_H_
#define FTS_CORE_PLAN_TIMELINE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fts/core/match/model_description.h"
#include "fts/core/plan/memory.h"
#include "fts/core/plan/plan.h"
#include "fts/core/schedule/reach.h"
#include "fts/core/schedule/schedule.h"

namespace fts {

struct TimelineOptions {
  // Substrings: two groups per phase or layer, the second without decay.
  std::vector<std::string> no_decay;
  std::optional<double> lr;            // the optimizer's own, of phase 0
  std::optional<double> weight_decay;  // likewise
  ReachOptions reach;
  std::optional<int64_t> max_epochs;  // Schedule.max_epochs comes first
  std::optional<int64_t> max_steps;
  MemoryOptions memory;
  // For people: "bf16-mixed" and "adamw". May be empty.
  std::string precision, optimizer;
  // The optimizer is not known, so moments are not either.
  bool moments_unknown = false;
};

// An optimizer group that a phase adds.
struct TimelineGroup {
  std::string name;          // the layer with lr_decay, else ""
  std::optional<double> lr;  // absent: the optimizer's own is not known
  double lr_scale = 1;       // already in lr
  std::optional<double> weight_decay;
  bool no_decay = false;
  int64_t tensors = 0;
  int64_t parameters = 0;
};

// One way in which a phase can end (the run, in the final phase).
struct TimelineEnd {
  std::string by;    // "early_stopping", "epoch", "step", "tokens", "seconds",
                     // "max_epochs", "max_steps"
  double value = 0;  // the patience, or the limit
  std::string text;  // "early stopping (patience 3)", "epoch 4"
};

struct TimelinePhase {
  int phase = 0;
  bool runs = true;  // false: beyond max_depth
  EarliestStart begins;
  int64_t thawed_tensors = 0, thawed_parameters = 0;
  int64_t frozen_tensors = 0, frozen_parameters = 0;  // by `freeze`
  int64_t trainable_tensors = 0, trainable_parameters = 0;
  std::vector<TimelineGroup> groups;  // none for phases that do not run
  std::vector<TimelineEnd> ends;
  // What else changes: "new optimizer torch.optim.SGD".
  std::vector<std::string> changes;
  RankBytes bytes;
};

struct Timeline {
  std::vector<TimelinePhase> phases;  // all that were given
  int64_t total_parameters = 0;
  // Ranks that share each layer. Bytes are of the first, which holds the most.
  int64_t tp = 1;
  TimelineOptions options;  // as given
};

Timeline MakeTimeline(const Schedule& schedule, const ModelDescription& model,
                      const Plan& plan, const TimelineOptions& options);

}  // namespace fts

#endif  // FTS_CORE_PLAN_TIMELINE_H_
