// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A program compiled against version 1.0, run on today's library.
#include "fts/capi/abi/v1_layout.h"

#include <gtest/gtest.h>

#include "fts/capi/diagnostics.h"
#include "fts/capi/model.h"
#include "fts/capi/plan.h"
#include "fts/capi/schedule.h"
#include "fts/capi/scheduler.h"

namespace {

#define SAME_PLACE(Old, New, field) \
  static_assert(offsetof(Old, field) == offsetof(New, field), #field)

SAME_PLACE(v1::ScheduleOptions, fts_schedule_options, epoch_transitions_only);
SAME_PLACE(v1::ScheduleOptions, fts_schedule_options, max_depth);
SAME_PLACE(v1::ScheduleOptions, fts_schedule_options, has_base_max_lr);
SAME_PLACE(v1::ScheduleOptions, fts_schedule_options, match);
SAME_PLACE(v1::ScheduleOptions, fts_schedule_options, base_max_lr);
SAME_PLACE(v1::ScheduleOptions, fts_schedule_options, max_epochs);
SAME_PLACE(v1::SchedulerOptions, fts_scheduler_options, monitor);
SAME_PLACE(v1::SchedulerOptions, fts_scheduler_options, patience);
SAME_PLACE(v1::SchedulerOptions, fts_scheduler_options, check_finite);
SAME_PLACE(v1::SchedulerOptions, fts_scheduler_options, stopping_threshold);
SAME_PLACE(v1::SchedulerOptions, fts_scheduler_options,
           has_divergence_threshold);
SAME_PLACE(v1::SchedulerOptions, fts_scheduler_options, best_monitor);
SAME_PLACE(v1::SchedulerOptions, fts_scheduler_options, max_steps);
SAME_PLACE(v1::SchedulerOptions, fts_scheduler_options, has_validation);
SAME_PLACE(v1::SchedulerCallbacks, fts_scheduler_callbacks, user_data);
SAME_PLACE(v1::SchedulerCallbacks, fts_scheduler_callbacks, destroy);
static_assert(offsetof(v1::SchedulerCallbacks, functions) ==
              offsetof(fts_scheduler_callbacks, thaw));

// Structs that come out are not growing: they have no struct_size.
static_assert(sizeof(fts_string) == 16);
static_assert(sizeof(fts_diagnostic) == 64);
static_assert(sizeof(fts_module_info) == 40);
static_assert(sizeof(fts_parameter_info) == 64);
static_assert(sizeof(fts_phase_info) == 40);
static_assert(sizeof(fts_unit_info) == 40);
static_assert(sizeof(fts_effect) == 80);
static_assert(sizeof(fts_phase_args) == 24);
static_assert(sizeof(fts_best_args) == 32);
static_assert(sizeof(fts_metric_args) == 32);

TEST(V1Layout, StructsOfThenWorkToday) {
  fts_model* model = nullptr;
  ASSERT_EQ(fts_model_parse(fts_str(R"({"format": "fts-model/1", "modules": [
            {"name": "", "class": "Linear", "container": false}],
            "parameters": [{"name": "weight", "shape": [2], "dtype": "float32",
                            "shared_with": null}]})"),
                            fts_str("m.json"), nullptr, &model),
            nullptr);
  v1::ScheduleOptions options = {};
  options.struct_size = sizeof options;
  options.epoch_transitions_only = 1;
  options.max_depth = -1;
  options.max_epochs = 7;
  fts_schedule* schedule = nullptr;
  ASSERT_EQ(
      fts_schedule_resolve(
          model, fts_str("0: {params: [weight], max_transition_epoch: 3}"),
          fts_str("s.yaml"),
          reinterpret_cast<const fts_schedule_options*>(&options), nullptr,
          &schedule),
      nullptr);
  EXPECT_EQ(fts_schedule_max_epochs(schedule), 7);

  v1::SchedulerOptions rules = {};
  rules.struct_size = sizeof rules;
  rules.epoch_transitions_only = 1;
  rules.max_steps = 1;
  v1::SchedulerCallbacks callbacks = {};
  callbacks.struct_size = sizeof callbacks;
  fts_scheduler* scheduler = nullptr;
  ASSERT_EQ(fts_scheduler_create(
                schedule, reinterpret_cast<fts_scheduler_options*>(&rules),
                reinterpret_cast<fts_scheduler_callbacks*>(&callbacks), nullptr,
                &scheduler),
            nullptr);
  EXPECT_EQ(fts_scheduler_run_start(scheduler, nullptr), nullptr);
  fts_scheduler_release(scheduler);
  fts_schedule_release(schedule);
  fts_model_release(model);
}

}  // namespace
