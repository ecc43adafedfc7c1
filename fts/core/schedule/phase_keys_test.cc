// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The messages are covered by fts_cases_test.cc and messages_test.cc.
#include "fts/core/schedule/phase_keys.h"

#include <gtest/gtest.h>

namespace fts {
namespace {

TEST(PythonInt, TakesWhatPythonTakes) {
  EXPECT_EQ(PythonInt("0"), 0);
  EXPECT_EQ(PythonInt(" 12\n"), 12);
  EXPECT_EQ(PythonInt("+7"), 7);
  EXPECT_EQ(PythonInt("-7"), -7);
  EXPECT_EQ(PythonInt("007"), 7);
  EXPECT_EQ(PythonInt("1_000"), 1000);
  EXPECT_EQ(PythonInt("9223372036854775807"), 9223372036854775807);
}

TEST(PythonInt, RefusesTheRest) {
  for (const char* text :
       {"", " ", "b", "1.1", "1e3", "0x1", "1_", "_1", "1__0", "--1", "+",
        "- 1", "1 2", "9223372036854775808", "99999999999999999999"}) {
    EXPECT_EQ(PythonInt(text), std::nullopt) << text;
  }
}

TEST(ConvertPhaseKeys, UntouchedSchedulesAreNotChanged) {
  Diagnostics diags;
  const auto yaml = ParseYaml("1: {lr: 1}\n0: {}\n", "", &diags);
  const PhaseKeys keys = ConvertPhaseKeys(*yaml, &diags);
  EXPECT_FALSE(keys.changed);
  EXPECT_TRUE(diags.all().empty());
  EXPECT_EQ(EmitYaml(keys.valid), "0: {}\n1:\n  lr: 1\n");
}

TEST(ConvertPhaseKeys, RenumbersInOrderOfTheNumbers) {
  Diagnostics diags;
  const auto yaml = ParseYaml("'10': {lr: 1}\n3: {lr: 2}\n", "", &diags);
  const PhaseKeys keys = ConvertPhaseKeys(*yaml, &diags);
  EXPECT_TRUE(keys.changed);
  EXPECT_TRUE(keys.renumbered);
  EXPECT_EQ(EmitYaml(keys.valid), "0:\n  lr: 2\n1:\n  lr: 1\n");
}

}  // namespace
}  // namespace fts
