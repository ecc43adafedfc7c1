// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A program compiled against version 1.0, run on today's library.
#include "fts/capi/abi/v1_layout.h"

#include <gtest/gtest.h>

#include "fts/capi/abi/same_layout.h"
#include "fts/capi/model.h"
#include "fts/capi/schedule.h"
#include "fts/capi/scheduler.h"

namespace {

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
