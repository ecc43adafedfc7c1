// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/scheduler/scheduler_config.h"

#include <cmath>
#include <string>

#include "gtest/gtest.h"

namespace fts {
namespace {

Schedule ThreePhases() {
  Schedule schedule;
  for (int i = 0; i < 3; ++i) {
    Phase phase;
    phase.index = i;
    phase.params = {"w"};
    if (i > 0) phase.lr = 1e-5;
    schedule.phases.push_back(phase);
  }
  schedule.phases[0].max_transition_epoch = 1;
  schedule.phases[2].params.clear();
  schedule.max_depth = 2;
  return schedule;
}

SchedulerOptions FourEpochs() {
  SchedulerOptions options;
  options.max_epochs = 4;
  return options;
}

std::string Problems(const Schedule& schedule,
                     const SchedulerOptions& options) {
  Diagnostics diags;
  const auto config = MakeSchedulerConfig(schedule, options, &diags);
  EXPECT_EQ(config.ok(), diags.ok());
  return diags.ToString();
}

TEST(MakeSchedulerConfig, TakesThePhasesAndTheDefaultRule) {
  Diagnostics diags;
  const auto config = MakeSchedulerConfig(ThreePhases(), FourEpochs(), &diags);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_TRUE(diags.all().empty());
  ASSERT_EQ(config->phases.size(), 3u);
  EXPECT_EQ(config->phases[0].max_transition_epoch, 1);
  EXPECT_FALSE(config->phases[0].lr.has_value());
  EXPECT_EQ(config->phases[1].lr, 1e-5);
  EXPECT_TRUE(config->phases[1].has_params);
  EXPECT_FALSE(config->phases[2].has_params);
  EXPECT_EQ(config->max_depth, 2);
  EXPECT_EQ(config->max_epochs, 4);
  EXPECT_TRUE(config->restore_best);
  ASSERT_TRUE(config->early_stopping.has_value());
  EXPECT_EQ(config->early_stopping->monitor, "val_loss");
  EXPECT_EQ(config->early_stopping->patience, 3);
  EXPECT_EQ(config->early_stopping->min_delta, 0);
}

TEST(MakeSchedulerConfig, ARaisedMaxEpochsOfTheScheduleWins) {
  Schedule schedule = ThreePhases();
  schedule.max_epochs = 9;
  Diagnostics diags;
  EXPECT_EQ(MakeSchedulerConfig(schedule, FourEpochs(), &diags)->max_epochs, 9);
}

TEST(MakeSchedulerConfig, EpochTransitionsOnlyIgnoresEarlyStopping) {
  SchedulerOptions options = FourEpochs();
  options.epoch_transitions_only = true;
  Diagnostics diags;
  auto config = MakeSchedulerConfig(ThreePhases(), options, &diags);
  ASSERT_TRUE(config.ok());
  EXPECT_FALSE(config->early_stopping.has_value());
  EXPECT_TRUE(diags.all().empty());
  options.early_stopping.emplace();
  config = MakeSchedulerConfig(ThreePhases(), options, &diags);
  ASSERT_TRUE(config.ok());
  EXPECT_FALSE(config->early_stopping.has_value());
  EXPECT_EQ(diags.ToString(),
            "warning: early_stopping is ignored: with epoch_transitions_only, "
            "phases end by max_transition_epoch, _step, _tokens and _time "
            "alone; leave out one of the two keys [early_stopping_ignored]\n");
}

TEST(MakeSchedulerConfig, TakesWhatAPhaseSaysOfItsEndAndItsParts) {
  Schedule schedule = ThreePhases();
  Phase& phase = schedule.phases[1];
  phase.criteria.max_transition_step = 10;
  phase.criteria.max_transition_tokens = 4096;
  phase.criteria.max_transition_time = 1.5;
  phase.criteria.patience = 7;
  phase.criteria.min_delta = 0.5;
  phase.criteria.best_score = "per_phase";
  phase.freeze = {"v"};
  phase.new_optimizer = YamlNode::Mapping({{"a", YamlNode::Int(1)}});
  phase.new_lr_scheduler = YamlNode::Mapping({{"a", YamlNode::Int(1)}});
  Diagnostics diags;
  const auto config = MakeSchedulerConfig(schedule, FourEpochs(), &diags);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_TRUE(diags.all().empty());
  const PhaseRule& rule = config->phases[1];
  EXPECT_EQ(rule.max_transition_step, 10);
  EXPECT_EQ(rule.max_transition_tokens, 4096);
  EXPECT_EQ(rule.max_transition_time, 1.5);
  EXPECT_TRUE(rule.has_step_limit());
  EXPECT_TRUE(rule.has_freeze && rule.new_optimizer && rule.new_lr_scheduler);
  const EarlyStoppingRule own = PhaseEarlyStopping(*config, 1);
  EXPECT_EQ(own.patience, 7);
  EXPECT_EQ(own.min_delta, 0.5);
  EXPECT_TRUE(own.best_score_per_phase);
  EXPECT_EQ(own.monitor, "val_loss");

  const PhaseRule& other = config->phases[2];
  EXPECT_FALSE(other.has_step_limit() || other.has_freeze ||
               other.new_optimizer || other.new_lr_scheduler);
  const EarlyStoppingRule global = PhaseEarlyStopping(*config, 2);
  EXPECT_EQ(global.patience, 3);
  EXPECT_EQ(global.min_delta, 0);
  EXPECT_FALSE(global.best_score_per_phase);
}

TEST(MakeSchedulerConfig, APhaseMayOverrideTheRunsBestScore) {
  Schedule schedule = ThreePhases();
  schedule.phases[1].criteria.best_score = "global";
  SchedulerOptions options = FourEpochs();
  options.early_stopping.emplace();
  options.early_stopping->best_score_per_phase = true;
  Diagnostics diags;
  const auto config = MakeSchedulerConfig(schedule, options, &diags);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_TRUE(PhaseEarlyStopping(*config, 0).best_score_per_phase);
  EXPECT_FALSE(PhaseEarlyStopping(*config, 1).best_score_per_phase);
  EXPECT_TRUE(PhaseEarlyStopping(*config, 2).best_score_per_phase);
}

TEST(MakeSchedulerConfig, EpochTransitionsOnlyIgnoresThePhasesCriteria) {
  Schedule schedule = ThreePhases();
  schedule.phases[1].criteria.patience = 1;
  schedule.phases[2].criteria.patience = 1;
  schedule.phases[2].criteria.min_delta = 1;
  schedule.phases[2].criteria.best_score = "global";
  SchedulerOptions options = FourEpochs();
  options.epoch_transitions_only = true;
  EXPECT_EQ(Problems(schedule, options),
            "warning: phase 1 sets patience in vain: with "
            "epoch_transitions_only there is no early stopping; leave out one "
            "of the two [early_stopping_ignored]\n"
            "warning: phase 2 sets patience, min_delta and best_score in vain: "
            "with epoch_transitions_only there is no early stopping; leave out "
            "one of the two [early_stopping_ignored]\n");
}

TEST(MakeSchedulerConfig, ARunNeedsAnEnd) {
  EXPECT_EQ(Problems(ThreePhases(), SchedulerOptions()),
            "error: neither trainer.max_epochs nor trainer.max_steps is set; "
            "set one, or the run has no end [missing_key]\n");
  SchedulerOptions options;
  options.max_steps = 5;
  EXPECT_EQ(Problems(ThreePhases(), options), "");
}

TEST(MakeSchedulerConfig, ReportsEveryValueOutOfRange) {
  SchedulerOptions options;
  options.max_epochs = 0;
  options.max_steps = -1;
  options.early_stopping.emplace();
  options.early_stopping->patience = 0;
  options.early_stopping->min_delta = -0.5;
  options.early_stopping->stopping_threshold = std::nan("");
  EXPECT_EQ(Problems(ThreePhases(), options),
            "error: early_stopping.patience is 0; it must be at least 1 "
            "[out_of_range]\n"
            "error: early_stopping.min_delta is -0.5; it must be a finite "
            "number, 0 or more [out_of_range]\n"
            "error: early_stopping.stopping_threshold is not a number; leave "
            "it out to switch the threshold off [out_of_range]\n"
            "error: trainer.max_epochs is 0; it must be at least 1 "
            "[out_of_range]\n"
            "error: trainer.max_steps is -1; it must be at least 1 "
            "[out_of_range]\n");
  EXPECT_EQ(Problems(Schedule(), FourEpochs()),
            "error: the schedule has no phases; give it at least one "
            "[out_of_range]\n");
}

TEST(MakeSchedulerConfig, AMonitoredMetricNeedsValidation) {
  SchedulerOptions options = FourEpochs();
  options.has_validation = false;
  EXPECT_EQ(Problems(ThreePhases(), options),
            "error: phase 1 can only end by early stopping on 'val_loss', but "
            "there is no validation data; add data.val, or give the phase a "
            "max_transition_epoch, _step, _tokens or _time "
            "[needs_validation]\n");
  Schedule schedule = ThreePhases();
  schedule.phases[1].max_transition_epoch = 2;
  EXPECT_EQ(Problems(schedule, options), "");
  schedule.phases[1].max_transition_epoch = -1;
  schedule.phases[1].criteria.max_transition_tokens = 100;
  EXPECT_EQ(Problems(schedule, options), "");
  schedule.phases[2].criteria.patience = 2;
  schedule.phases[2].criteria.min_delta = 0;
  EXPECT_EQ(Problems(schedule, options),
            "error: phase 2 sets patience and min_delta of early stopping on "
            "'val_loss', but there is no validation data; add data.val, or "
            "leave out patience and min_delta [needs_validation]\n");
  schedule.max_depth = 1;  // phase 2 never runs
  EXPECT_EQ(Problems(schedule, options), "");
  options.early_stopping.emplace();
  EXPECT_EQ(Problems(schedule, options),
            "error: early_stopping monitors 'val_loss', but there is no "
            "validation data; add data.val, or set "
            "scheduler.epoch_transitions_only and give each phase a "
            "max_transition_epoch, _step, _tokens or _time "
            "[needs_validation]\n");
}

TEST(Better, IsStrictAndFalseForNan) {
  EXPECT_TRUE(Better(MetricMode::kMin, 1, 2));
  EXPECT_FALSE(Better(MetricMode::kMin, 2, 2));
  EXPECT_TRUE(Better(MetricMode::kMax, 2, 1));
  EXPECT_FALSE(Better(MetricMode::kMax, std::nan(""), 1));
  EXPECT_FALSE(Better(MetricMode::kMin, 1, std::nan("")));
}

}  // namespace
}  // namespace fts
