// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/engine_choices.h"

#include <gtest/gtest.h>

#include "fts/core/plan/test_models.h"

namespace fts {
namespace {

EngineChoices Good(const std::string& yaml) {
  Diagnostics diags;
  const EngineChoices out = ReadEngineChoices(Yaml(yaml), &diags);
  EXPECT_TRUE(diags.all().empty()) << diags.ToString();
  return out;
}

std::string Bad(const std::string& yaml) {
  Diagnostics diags;
  ReadEngineChoices(Yaml(yaml), &diags);
  return diags.ToString();
}

TEST(EngineChoices, DefaultsHoldForAbsentAndNullKeys) {
  for (const char* yaml :
       {"", "{}",
        "{prefetch: null, accumulation: null, frozen_placement: null, "
        "find_nonfinite: null}"}) {
    const EngineChoices out = Good(yaml);
    EXPECT_TRUE(out.prefetch);
    EXPECT_FALSE(out.unsharded_accumulation);
    EXPECT_EQ(out.frozen_placement, FrozenPlacement::kAuto);
    EXPECT_FALSE(out.find_nonfinite);
  }
}

TEST(EngineChoices, EveryValueIsRead) {
  EXPECT_TRUE(Good("{prefetch: auto}").prefetch);
  EXPECT_FALSE(Good("{prefetch: 'off'}").prefetch);
  EXPECT_FALSE(Good("{prefetch: off}").prefetch);  // YAML's false
  EXPECT_FALSE(Good("{accumulation: sharded}").unsharded_accumulation);
  EXPECT_TRUE(Good("{accumulation: unsharded}").unsharded_accumulation);
  EXPECT_EQ(Good("{frozen_placement: sharded}").frozen_placement,
            FrozenPlacement::kSharded);
  EXPECT_EQ(Good("{frozen_placement: resident}").frozen_placement,
            FrozenPlacement::kResident);
  EXPECT_TRUE(Good("{find_nonfinite: true}").find_nonfinite);
}

TEST(EngineChoices, WrongValuesAreNamed) {
  EXPECT_EQ(
      Bad("{accumulation: unshard}"),
      "plan.yaml:1:16: error: accumulation is string 'unshard'; it must "
      "be one of sharded, unsharded; did you mean 'unsharded'? [bad_value]\n");
  EXPECT_EQ(Bad("{frozen_placement: 2}"),
            "plan.yaml:1:20: error: frozen_placement is integer 2; it must be "
            "one of auto, sharded, resident [bad_type]\n");
  EXPECT_EQ(Bad("{prefetch: true}"),
            "plan.yaml:1:12: error: prefetch is boolean true; it must be one "
            "of auto, off [bad_type]\n");
  EXPECT_EQ(Bad("{find_nonfinite: maybe}"),
            "plan.yaml:1:18: error: find_nonfinite is string 'maybe'; it must "
            "be true or false [bad_value]\n");
}

}  // namespace
}  // namespace fts
