// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/run_setup.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "fts/core/base/codes.h"
#include "fts/core/base/status.h"
#include "fts/core/mesh/resolve_mesh.h"
#include "fts/core/optim/factory.h"
#include "fts/core/plan/resolve_plan.h"
#include "fts/core/schedule/generate.h"
#include "fts/core/schedule/resolve.h"
#include "fts/core/schedule/runnable.h"
#include "fts/core/scheduler/codes.h"
#include "fts/core/session/check_supported.h"

namespace fts::train {
namespace {

// One phase that holds everything: no schedule was given.
Schedule WholeModel(const ModelDescription& model, const RunConfig& config) {
  Phase phase;
  for (const ParameterInfo& p : model.parameters) {
    if (!p.shared_with.has_value()) phase.params.push_back(p.name);
  }
  Schedule schedule;
  schedule.phases.push_back(std::move(phase));
  schedule.max_epochs = config.trainer.max_epochs;
  return schedule;
}

absl::Status MakeSchedule(RunSetup* setup, Diagnostics* diags) {
  const RunConfig& config = setup->config;
  const ModelDescription& model = setup->model->description();
  ResolveOptions options;
  options.epoch_transitions_only = config.scheduler.epoch_transitions_only;
  options.max_depth = static_cast<int>(config.scheduler.max_depth);
  options.base_max_lr = config.scheduler.base_max_lr;
  options.max_epochs = config.trainer.max_epochs;
  if (config.scheduler.full_match) options.match = MatchRule::kFull;
  switch (config.schedule.kind) {
    case ScheduleSpec::Kind::kNone:
      setup->schedule = WholeModel(model, config);
      return absl::OkStatus();
    case ScheduleSpec::Kind::kImplicit:
      setup->schedule_as_run = GenerateImplicitSchedule(model);
      break;
    case ScheduleSpec::Kind::kBlocks: {
      FTS_ASSIGN_OR_RETURN(
          setup->schedule_as_run,
          GenerateBlockSchedule(
              model, static_cast<int>(config.schedule.num_phases), diags));
      break;
    }
    case ScheduleSpec::Kind::kExplicit:
      setup->schedule_as_run = config.schedule.phases;
      break;
  }
  FTS_ASSIGN_OR_RETURN(setup->schedule, ResolveSchedule(setup->schedule_as_run,
                                                        model, options, diags));
  return absl::OkStatus();
}

absl::Status MakeScheduler(RunSetup* setup, Diagnostics* diags) {
  const RunConfig& config = setup->config;
  SchedulerOptions options;
  options.epoch_transitions_only = config.scheduler.epoch_transitions_only;
  options.restore_best = config.scheduler.restore_best;
  const EarlyStoppingSpec& stop = config.early_stopping;
  if (stop.configured) {
    EarlyStoppingRule rule;
    rule.monitor = stop.monitor;
    rule.mode = stop.mode_max ? MetricMode::kMax : MetricMode::kMin;
    rule.patience = stop.patience;
    rule.min_delta = stop.min_delta;
    options.early_stopping = rule;
    options.early_stopping_where = config.Where("early_stopping");
  }
  options.best.monitor = config.checkpoint.monitor;
  options.best.mode =
      config.checkpoint.mode_max ? MetricMode::kMax : MetricMode::kMin;
  options.max_epochs = config.trainer.max_epochs;
  options.max_steps = config.trainer.max_steps;
  options.has_validation = config.data.val.has_value();
  FTS_ASSIGN_OR_RETURN(setup->scheduler,
                       MakeSchedulerConfig(setup->schedule, options, diags));
  return absl::OkStatus();
}

// The session makes these again; here only to refuse bad options before any
// rank starts.
void CheckOptimization(const RunConfig& config, Diagnostics* diags) {
  optim::MakeOptimizer(config.optimizer.name, config.optimizer.args, diags)
      .status()
      .IgnoreError();
  if (!config.lr_scheduler.has_value()) return;
  const LrSchedulerSpec& spec = *config.lr_scheduler;
  const auto scheduler = optim::MakeLrScheduler(spec.name, spec.args, diags);
  if (scheduler.ok() && (*scheduler)->needs_metric() &&
      !config.data.val.has_value()) {
    diags->Error(
        codes::kNeedsValidation,
        absl::StrCat("lr_scheduler '", spec.name, "' waits for '", spec.monitor,
                     "', but there is no validation data; add "
                     "data.val, or use another lr_scheduler"),
        spec.where);
  }
}

absl::StatusOr<std::shared_ptr<const TokenSource>> OpenData(
    const DataFileSpec& file, const std::string& key, const RunSetup& setup,
    Diagnostics* diags) {
  TokenSourceSpec spec;
  spec.path = file.path;
  spec.format = file.format == DataFormat::kText ? TokenFormat::kText
                                                 : TokenFormat::kTokens;
  spec.dtype = file.dtype == DataDtype::kUint16 ? TokenDtype::kUint16
                                                : TokenDtype::kUint32;
  spec.vocab_size = setup.model->vocab_size();
  spec.seq_len = setup.config.data.seq_len;
  spec.key = key;
  spec.where = file.where;
  return TokenSource::Open(spec, diags);
}

// Sequences per rank and micro-step, from batch_size or global_batch_size.
int64_t BatchSize(const RunSetup& setup, Diagnostics* diags) {
  const DataSpec& data = setup.config.data;
  if (!data.global_batch_size.has_value()) return data.batch_size;
  const int64_t parts = setup.world_size() * setup.config.trainer.accumulate;
  if (*data.global_batch_size % parts != 0) {
    diags->Error(
        codes::kOutOfRange,
        absl::StrCat("data.global_batch_size ", *data.global_batch_size,
                     " does not divide by ", parts, " (", setup.world_size(),
                     " data-parallel ranks x trainer.accumulate ",
                     setup.config.trainer.accumulate, "); use a multiple of ",
                     parts),
        setup.config.Where("data.global_batch_size"));
    return 0;
  }
  return *data.global_batch_size / parts;
}

absl::Status MakeData(RunSetup* setup, Diagnostics* diags) {
  const RunConfig& config = setup->config;
  if (config.data.seq_len > setup->model->max_seq_len()) {
    diags->Error(
        codes::kOutOfRange,
        absl::StrCat("data.seq_len ", config.data.seq_len,
                     " is longer than the model's max_seq_len ",
                     setup->model->max_seq_len(), "; lower data.seq_len"),
        config.Where("data.seq_len"));
  }
  auto train = OpenData(config.data.train, "data.train", *setup, diags);
  if (config.data.val.has_value()) {
    auto val = OpenData(*config.data.val, "data.val", *setup, diags);
    if (val.ok()) setup->val = *std::move(val);
  }
  setup->batch_size = BatchSize(*setup, diags);
  if (!train.ok() || setup->batch_size == 0) return diags->status();
  setup->train = *std::move(train);
  SampleOrderOptions order;
  order.samples = SampleCount(setup->train->size(), config.data.seq_len);
  order.batch_size = setup->batch_size;
  order.accumulate = config.trainer.accumulate;
  order.dp_size = setup->world_size();
  order.shuffle = config.data.shuffle;
  order.seed = config.seed;
  order.steps_per_epoch = config.trainer.steps_per_epoch;
  order.where = config.Where(config.trainer.steps_per_epoch.has_value()
                                 ? "trainer.steps_per_epoch"
                                 : "data.train");
  FTS_ASSIGN_OR_RETURN(setup->order, SampleOrder::Create(order, diags));
  return diags->status();
}

}  // namespace

absl::StatusOr<RunSetup> PrepareRun(RunConfig config,
                                    const comm::LaunchEnvironment& launch,
                                    const ModelFactory& make_model,
                                    Diagnostics* diags) {
  RunSetup setup;
  setup.config = std::move(config);
  const RunConfig& c = setup.config;

  MeshRequest request;
  request.dp_replicate = c.mesh.dp_replicate;
  request.dp_shard = c.mesh.dp_shard;
  request.tp = c.mesh.tp;
  request.where = c.Where("mesh");
  RankSources ranks;
  if (launch.launched) ranks.world_size = launch.world_size;
  ranks.cpu_ranks = c.trainer.cpu_ranks;
  auto mesh = ResolveMesh(request, ranks, diags);

  CheckOptimization(c, diags);
  FTS_ASSIGN_OR_RETURN(setup.model, make_model(c, diags));
  // From here on problems are collected: each part is checked on its own.
  const absl::Status schedule = MakeSchedule(&setup, diags);
  if (schedule.ok()) {
    MakeScheduler(&setup, diags).IgnoreError();
    PlanOptions options;
    options.no_decay = c.optimizer.no_decay;
    options.schedule = &setup.schedule;
    auto plan = ResolvePlan(c.strategy_adapter_cfg, setup.model->description(),
                            options, diags);
    if (plan.ok()) {
      setup.plan = *std::move(plan);
      CheckSupported(setup.plan, diags);
    }
    CheckScheduleRunnable(setup.schedule, diags).IgnoreError();
  }
  if (mesh.ok()) {
    setup.mesh = *std::move(mesh);
    MakeData(&setup, diags).IgnoreError();
  }
  FTS_RETURN_IF_ERROR(diags->status());
  FTS_RETURN_IF_ERROR(schedule);
  return setup;
}

}  // namespace fts::train
