// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Everything about a run that can be checked before a rank starts: model,
// schedule, plan, data, mesh. Bad input ends here, with all problems recorded
// and nothing started.
// Threads: values, made on one thread.
#ifndef FTS_TRAIN_RUN_SETUP_H_
#define FTS_TRAIN_RUN_SETUP_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "fts/core/base/diagnostics.h"
#include "fts/core/comm/launch_environment.h"
#include "fts/core/config/run_config.h"
#include "fts/core/mesh/device_mesh.h"
#include "fts/core/plan/plan.h"
#include "fts/core/plan/timeline.h"
#include "fts/core/schedule/schedule.h"
#include "fts/core/scheduler/scheduler_config.h"
#include "fts/train/model.h"
#include "fts/train/sample_order.h"
#include "fts/train/token_source.h"

namespace fts::train {

struct RunSetup {
  RunConfig config;
  std::unique_ptr<TrainModel> model;
  Schedule schedule;
  YamlNode schedule_as_run;  // what <arch>_ft_schedule.yaml holds
  Plan plan;
  Timeline timeline;
  SchedulerConfig scheduler;
  DeviceMesh mesh;
  // Sequences per data-parallel rank and micro-step. Ranks along tp share
  // theirs.
  int64_t batch_size = 0;
  std::shared_ptr<const TokenSource> train;
  std::shared_ptr<const TokenSource> val;  // null without validation data
  std::optional<SampleOrder> order;

  int64_t world_size() const { return mesh.size(); }
  int64_t dp_size() const { return mesh.size() / mesh.DimSize(kTp); }
  // Tokens in one optimizer step, over all data-parallel ranks.
  int64_t tokens_per_step() const {
    return order->global_batch() * config.data.seq_len;
  }
};

// Records every problem that can be found in one go.
absl::StatusOr<RunSetup> PrepareRun(RunConfig config,
                                    const comm::LaunchEnvironment& launch,
                                    const ModelFactory& make_model,
                                    Diagnostics* diags);

}  // namespace fts::train

#endif  // FTS_TRAIN_RUN_SETUP_H_
