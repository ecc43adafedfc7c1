// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/resolve_run.h"

#include <utility>

#include "absl/status/statusor.h"
#include "fts/core/base/status.h"
#include "fts/core/plan/resolve_plan.h"
#include "fts/core/schedule/generate.h"
#include "fts/core/schedule/reinit_all.h"
#include "fts/core/schedule/resolve.h"

namespace fts::train {
namespace {

// One phase that holds everything: no schedule was given.
Schedule WholeModel(const ModelDescription& model, const RunConfig& config) {
  Phase phase;
  for (const ParameterInfo& p : model.parameters) {
    if (!p.shared_with.has_value()) phase.params.push_back(p.name);
  }
  PhaseGroup group;
  group.params = phase.params;
  phase.groups.push_back(std::move(group));
  Schedule schedule;
  schedule.phases.push_back(std::move(phase));
  schedule.max_epochs = config.trainer.max_epochs;
  return schedule;
}

absl::StatusOr<Schedule> MakeSchedule(const RunConfig& config,
                                      const ModelDescription& model,
                                      YamlNode* as_run, Diagnostics* diags) {
  ResolveOptions options;
  options.epoch_transitions_only = config.scheduler.epoch_transitions_only;
  options.max_depth = static_cast<int>(config.scheduler.max_depth);
  options.base_max_lr = config.scheduler.base_max_lr;
  options.max_epochs = config.trainer.max_epochs;
  if (config.scheduler.full_match) options.match = MatchRule::kFull;
  switch (config.schedule.kind) {
    case ScheduleSpec::Kind::kNone:
      return WholeModel(model, config);
    case ScheduleSpec::Kind::kImplicit:
      *as_run = GenerateImplicitSchedule(model);
      break;
    case ScheduleSpec::Kind::kBlocks: {
      FTS_ASSIGN_OR_RETURN(
          *as_run,
          GenerateBlockSchedule(
              model, static_cast<int>(config.schedule.num_phases), diags));
      break;
    }
    case ScheduleSpec::Kind::kDepth:
      *as_run = GenerateDepthSchedule(model);
      break;
    case ScheduleSpec::Kind::kExplicit:
      *as_run = config.schedule.phases;
      break;
  }
  FTS_ASSIGN_OR_RETURN(Schedule schedule,
                       ResolveSchedule(*as_run, model, options, diags));
  FTS_RETURN_IF_ERROR(ApplyReinit(
      config.scheduler.reinit_optim_cfg, config.scheduler.reinit_lr_cfg,
      config.schedule.kind == ScheduleSpec::Kind::kExplicit, &schedule, diags));
  return schedule;
}

absl::StatusOr<SchedulerConfig> MakeScheduler(const RunConfig& config,
                                              const Schedule& schedule,
                                              Diagnostics* diags) {
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
    rule.stopping_threshold = stop.stopping_threshold;
    rule.divergence_threshold = stop.divergence_threshold;
    rule.check_finite = stop.check_finite;
    rule.best_score_per_phase = stop.best_score_per_phase;
    options.early_stopping = rule;
    options.early_stopping_where = config.Where("early_stopping");
  }
  options.best.monitor = config.checkpoint.monitor;
  options.best.mode =
      config.checkpoint.mode_max ? MetricMode::kMax : MetricMode::kMin;
  options.max_epochs = config.trainer.max_epochs;
  options.max_steps = config.trainer.max_steps;
  options.has_validation = config.data.val.has_value();
  return MakeSchedulerConfig(schedule, options, diags);
}

}  // namespace

ResolvedRun ResolveRun(const RunConfig& config, const ModelDescription& model,
                       int64_t tp, Diagnostics* diags) {
  ResolvedRun out;
  auto schedule = MakeSchedule(config, model, &out.schedule_as_run, diags);
  if (!schedule.ok()) return out;
  out.schedule = *std::move(schedule);
  auto scheduler = MakeScheduler(config, *out.schedule, diags);
  if (scheduler.ok()) out.scheduler = *std::move(scheduler);
  PlanOptions options;
  options.no_decay = config.optimizer.no_decay;
  options.schedule = &*out.schedule;
  options.tp = tp;
  options.tp_where = config.Where("mesh.tp");
  auto plan = ResolvePlan(config.strategy_adapter_cfg, model, options, diags);
  if (plan.ok()) out.plan = *std::move(plan);
  return out;
}

}  // namespace fts::train
