// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// The options of a resolution, and rules over all phases. FTS's conformance
// cases are in fts_cases_test.cc.
#include "fts/core/schedule/resolve.h"

#include <gtest/gtest.h>

#include <string>

#include "fts/core/schedule/schedule_testutil.h"

namespace fts {
namespace {

using schedule_testing::ModelA;
using schedule_testing::Outcome;
using schedule_testing::Resolve;

bool Has(const Outcome& outcome, const std::string& text) {
  return outcome.problems.find(text) != std::string::npos;
}

// Two good phases of model A, after which tests append keys to phase 1.
constexpr char kTwo[] =
    "0:\n  params: [model.3.*]\n1:\n  params: ['model.2.*']\n";

TEST(ResolveOptions, MaxDepth) {
  for (const auto& [asked, want] :
       {std::pair<int, int>{-1, 1}, {0, 0}, {1, 1}, {999, 1}}) {
    ResolveOptions options;
    options.max_depth = asked;
    const Outcome out = Resolve(kTwo, ModelA(), options);
    ASSERT_TRUE(out.schedule);
    EXPECT_EQ(out.schedule->max_depth, want);
    EXPECT_EQ(out.schedule->phases.size(), 2u);
  }
  ResolveOptions options;
  options.max_depth = -2;
  const Outcome out = Resolve(kTwo, ModelA(), options);
  EXPECT_FALSE(out.schedule);
  EXPECT_EQ(out.problems,
            "error: max_depth must be -1 (all phases) or a phase number, got "
            "-2 [out_of_range]\n");
}

TEST(ResolveOptions, BaseMaxLr) {
  ResolveOptions options;
  options.base_max_lr = 0.5;
  EXPECT_EQ(Resolve(kTwo, ModelA(), options).schedule->phases[1].lr, 0.5);
  options.base_max_lr.reset();
  const Outcome out = Resolve(kTwo, ModelA(), options);
  EXPECT_FALSE(out.schedule);
  EXPECT_EQ(out.problems,
            "s.yaml:3:1: error: phase 1 sets no lr and base_max_lr is null; "
            "set one of the two [missing_key]\n");
  EXPECT_TRUE(
      Resolve(std::string(kTwo) + "  lr: 1\n", ModelA(), options).schedule);
}

TEST(ResolveOptions, FullMatchRule) {
  ResolveOptions options;
  options.match = ResolveOptions::MatchRule::kFull;
  const Outcome out = Resolve("0: {params: [model.3]}", ModelA(), options);
  EXPECT_FALSE(out.schedule);
  EXPECT_TRUE(Has(out, "did not match any parameter (full match)"));
  EXPECT_TRUE(
      Resolve("0: {params: ['model.3.*']}", ModelA(), options).schedule);
}

TEST(Resolve, PhasesAreSortedByNumber) {
  const Outcome out =
      Resolve("{1: {params: [model.2]}, 0: {params: [model.3]}}");
  ASSERT_TRUE(out.schedule);
  EXPECT_EQ(out.schedule->phases[0].params[0], "model.3.weight");
  EXPECT_EQ(out.schedule->phases[0].where.ToString(), "s.yaml:1:26");
}

TEST(Resolve, EarlyTransitionIgnoresPhase0) {
  const Outcome out = Resolve(
      "0: {params: [model.3], max_transition_epoch: 9}\n"
      "1: {params: [model.2], max_transition_epoch: 3}\n"
      "2: {params: [model.1], max_transition_epoch: 3}\n"
      "3: {params: [model.0]}\n");
  ASSERT_TRUE(out.schedule);
  EXPECT_EQ(out.problems,
            "s.yaml:3:24: warning: phase 2: max_transition_epoch 3 is not "
            "after that of an earlier phase (3); the phase may last only one "
            "epoch [early_transition]\n");
}

}  // namespace
}  // namespace fts
