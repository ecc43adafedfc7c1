// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/explain_run.h"

#include "fts/core/plan/optimizer_moments.h"
#include "fts/core/schedule/lint.h"

namespace fts::train {
namespace {

std::optional<double> Number(const YamlNode& args, const char* key) {
  const YamlNode* value = args.Find(key);
  return value != nullptr ? value->ToNumber() : std::nullopt;
}

LintContext ContextOf(const RunConfig& config, const RunFacts& facts) {
  LintContext context;
  if (config.scheduler.full_match) context.match = MatchRule::kFull;
  context.epoch_transitions_only = config.scheduler.epoch_transitions_only;
  context.has_validation = config.data.val.has_value();
  context.max_epochs = config.trainer.max_epochs;
  context.max_steps = config.trainer.max_steps;
  context.reach.early_stopping =
      !context.epoch_transitions_only && context.has_validation;
  context.reach.patience = config.early_stopping.patience;
  context.reach.best_score_per_phase =
      config.early_stopping.best_score_per_phase;
  context.reach.val_interval = config.trainer.val_interval;
  context.reach.steps_per_epoch = facts.steps_per_epoch;
  if (!context.reach.steps_per_epoch) {
    context.reach.steps_per_epoch = config.trainer.steps_per_epoch;
  }
  context.reach.tokens_per_step = facts.tokens_per_step;
  const YamlNode* scheduler = config.merged.Find("scheduler");
  if (config.scheduler.restore_best && scheduler != nullptr &&
      scheduler->Find("restore_best") != nullptr) {
    context.restore_best = config.Where("scheduler.restore_best");
  }
  return context;
}

}  // namespace

Timeline ExplainRun(const RunConfig& config, const ModelDescription& model,
                    const YamlNode& written, const Schedule& schedule,
                    const Plan& plan, const RunFacts& facts,
                    Diagnostics* diags) {
  const LintContext context = ContextOf(config, facts);
  LintSchedule(written, schedule, model, context, diags);

  TimelineOptions options;
  options.no_decay = config.optimizer.no_decay;
  options.lr = Number(config.optimizer.args, "lr");
  options.weight_decay = Number(config.optimizer.args, "weight_decay");
  options.reach = context.reach;
  options.max_epochs = context.max_epochs;
  options.max_steps = context.max_steps;
  options.memory.world_size = facts.world_size;
  options.memory.replicas = facts.replicas;
  options.memory.param = config.precision.param;
  options.memory.master = config.precision.master;
  options.memory.reduce = config.precision.reduce;
  options.memory.micro_steps = config.trainer.accumulate;
  options.precision = config.precision.name;
  options.optimizer = config.optimizer.name;
  const auto moments =
      MomentsByPhase(schedule, config.optimizer.name, config.optimizer.args);
  options.moments_unknown = !moments.has_value();
  if (moments) options.memory.moments = *moments;
  return MakeTimeline(schedule, model, plan, options);
}

}  // namespace fts::train
