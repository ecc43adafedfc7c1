// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "benchmarks/schedule_input.h"

#include <gtest/gtest.h>

#include "fts/core/config/yaml.h"
#include "fts/core/schedule/resolve.h"

namespace fts::benchmarks {
namespace {

TEST(ScheduleInput, EveryNameIsInOnePhase) {
  const ModelDescription model = LargeModel(1000);
  ASSERT_EQ(model.CanonicalNames().size(), 1000u);
  Diagnostics diags;
  const auto yaml = ParseYaml(LargeSchedule(1000, 20), "s.yaml", &diags);
  ASSERT_TRUE(yaml.ok()) << diags.ToString();
  const auto schedule = ResolveSchedule(*yaml, model, {}, &diags);
  ASSERT_TRUE(schedule.ok()) << diags.ToString();
  ASSERT_EQ(schedule->phases.size(), 20u);
  for (const Phase& phase : schedule->phases) {
    EXPECT_EQ(phase.params.size(), 50u);
  }
}

}  // namespace
}  // namespace fts::benchmarks
