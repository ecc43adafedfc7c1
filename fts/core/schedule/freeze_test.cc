// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What a phase freezes: rotating schedules, and every way to get it wrong.
#include <gtest/gtest.h>

#include <string>

#include "fts/core/schedule/schedule_testutil.h"

namespace fts {
namespace {

using schedule_testing::ModelA;
using schedule_testing::Names;
using schedule_testing::Outcome;
using schedule_testing::Resolve;
using schedule_testing::TiedModel;

// Phases 0 and 1 thaw layers 3 and 2; `rest` follows.
std::string Two(const std::string& rest) {
  return "0: {params: [model.3]}\n1: {params: [model.2]}\n" + rest;
}

TEST(Freeze, TakesFullNamesInTheOrderOfTheEntries) {
  const Outcome out =
      Resolve(Two("2: {freeze: [model.2.bias, 'model.3'], params: [model.1]}"));
  ASSERT_TRUE(out.schedule) << out.problems;
  EXPECT_EQ(out.problems, "");
  EXPECT_TRUE(out.schedule->phases[1].freeze.empty());
  EXPECT_EQ(out.schedule->phases[2].freeze,
            (Names{"model.2.bias", "model.3.weight", "model.3.bias"}));
}

TEST(Freeze, APatternTakesOnlyWhatIsTrainable) {
  const Outcome out =
      Resolve(Two("2: {freeze: ['.*bias'], params: [model.0]}"));
  ASSERT_TRUE(out.schedule) << out.problems;
  EXPECT_EQ(out.schedule->phases[2].freeze,
            (Names{"model.2.bias", "model.3.bias"}));
}

TEST(Freeze, ALaterPhaseMayThawAgain) {
  const Outcome out =
      Resolve(Two("2: {params: [model.1], freeze: [model.3]}\n"
                  "3: {params: [model.3], freeze: [model.2]}\n"
                  "4: {params: [model.2], freeze: [model.3]}\n"));
  ASSERT_TRUE(out.schedule) << out.problems;
  EXPECT_EQ(out.problems, "");
  const Names third = {"model.3.weight", "model.3.bias"};
  EXPECT_EQ(out.schedule->phases[0].params, third);
  EXPECT_EQ(out.schedule->phases[3].params, third);
  EXPECT_EQ(out.schedule->phases[4].freeze, third);
  ASSERT_EQ(out.schedule->phases[3].groups.size(), 1u);
  EXPECT_EQ(out.schedule->phases[3].groups[0].params, third);
}

TEST(Freeze, WithoutParamsIsNoEmptyPhase) {
  const Outcome out = Resolve(Two("2: {freeze: [model.3]}"));
  ASSERT_TRUE(out.schedule) << out.problems;
  EXPECT_EQ(out.problems, "");
  EXPECT_TRUE(out.schedule->phases[2].groups.empty());
}

TEST(Freeze, AnEmptyListFreezesNothing) {
  const Outcome out = Resolve(
      "0: {params: [model.3], freeze: []}\n1: {params: [model.2], freeze: []}");
  ASSERT_TRUE(out.schedule) << out.problems;
  EXPECT_EQ(out.problems, "");
}

TEST(Freeze, FullMatchRuleHoldsToo) {
  ResolveOptions options;
  options.match = MatchRule::kFull;
  const std::string two =
      "0: {params: ['model.3.*']}\n1: {params: ['model.2.*'], freeze: ";
  EXPECT_TRUE(Resolve(two + "[model.3.bias]}", ModelA(), options).schedule);
  EXPECT_EQ(Resolve(two + "[model.3]}", ModelA(), options).problems,
            "s.yaml:2:37: error: phase 1, freeze entry 'model.3' did not match "
            "any parameter (full match); patterns must match the whole name: "
            "'model.3.weight' only contains it, write '.*model.3.*' "
            "[unmatched_entry]\n");
}

TEST(Freeze, ATiedAliasIsDropped) {
  const Outcome out = Resolve(
      "0: {params: [emb.weight]}\n"
      "1: {params: [dec.bias], freeze: [dec.weight]}\n",
      TiedModel());
  ASSERT_TRUE(out.schedule) << out.problems;
  EXPECT_TRUE(out.schedule->phases[1].freeze.empty());
  EXPECT_EQ(out.problems,
            "s.yaml:2:34: warning: phase 1, freeze entry 'dec.weight' is a "
            "tied alias of 'emb.weight' and is dropped; name 'emb.weight' "
            "instead [shared_alias]\n");
}

struct Mistake {
  std::string text;
  const char* want;
};

TEST(Freeze, Mistakes) {
  const Mistake mistakes[] = {
      {"0: {params: [model.3], freeze: [model.2]}",
       "s.yaml:1:24: error: phase 0: freeze is not possible in the first "
       "phase, which begins with everything frozen; leave out of its params "
       "what it should not train [phase0_freeze]\n"},
      {Two("2: {params: [model.0], freeze: [model.1.bias]}"),
       "s.yaml:3:33: error: phase 2, freeze entry 'model.1.bias' selects only "
       "what is not trainable when the phase begins: model.1.bias, which no "
       "earlier phase thaws; remove the entry [not_thawed]\n"},
      {Two("2: {params: [model.1], freeze: [model.3]}\n"
           "3: {params: [model.0], freeze: ['model.3.*']}\n"),
       "s.yaml:4:33: error: phase 3, freeze entry 'model.3.*' selects only "
       "what is not trainable when the phase begins: model.3.weight, "
       "model.3.bias, frozen by phase 2, freeze entry 'model.3' (s.yaml:3:33); "
       "remove the entry [not_thawed]\n"},
      {Two("2: {freeze: [model.3], params: ['model.[13]']}"),
       "s.yaml:3:33: error: phase 2, entry 'model.[13]' selects "
       "model.3.weight, model.3.bias, frozen in the same phase by phase 2, "
       "freeze entry 'model.3' (s.yaml:3:14); phases must be disjoint, keep "
       "one of the two [phases_not_disjoint]\n"},
      {Two("2: {freeze: ['model.3.*', model.3.bias], params: [model.1]}"),
       "s.yaml:3:27: error: phase 2, freeze entry 'model.3.bias' selects "
       "model.3.bias, already frozen by phase 2, freeze entry 'model.3.*' "
       "(s.yaml:3:14); keep one of the two [phases_not_disjoint]\n"},
      {Two("2: {freeze: [model]}"),
       "s.yaml:3:5: error: phase 2 freezes all that is trainable and thaws "
       "nothing; freeze less, or give it params [nothing_trainable]\n"},
      {Two("2: {params: [model.1], freeze: [modle.3]}"),
       "s.yaml:3:33: error: phase 2, freeze entry 'modle.3' did not match any "
       "parameter [unmatched_entry]\n"},
      {Two("2: {params: [model.1], freeze: model.3}"),
       "s.yaml:3:32: error: phase 2: freeze must be a list of names or "
       "patterns, got string 'model.3'; write ['model.3'] [bad_type]\n"},
      {Two("2: {params: [model.1], freeze: ~}"),
       "s.yaml:3:24: error: phase 2: freeze is null; leave the key out instead "
       "[bad_type]\n"},
      {Two("2: {params: [model.1], freeze: [3]}"),
       "s.yaml:3:33: error: phase 2: an entry of freeze must be a name or "
       "pattern, got integer 3; write '3' if that is the name [bad_type]\n"},
      {Two("2: {params: [model.1], freeze: ['']}"),
       "s.yaml:3:33: error: phase 2: an entry of freeze is empty and would "
       "select everything; write '.*' if that is meant [empty_entry]\n"},
      {Two("2: {params: [model.1], freeze: ['a(']}"),
       "s.yaml:3:33: error: phase 2, freeze entry 'a(' is no parameter's name "
       "and no valid pattern: missing ), unterminated subpattern at position 1 "
       "[bad_pattern]\n"},
  };
  for (const Mistake& mistake : mistakes) {
    const Outcome out = Resolve(mistake.text);
    EXPECT_EQ(out.problems, mistake.want) << mistake.text;
    EXPECT_FALSE(out.schedule);
  }
}

TEST(Freeze, AMistakeIsReportedOnce) {
  // The phase would be left without anything trainable only because of it.
  const Outcome out =
      Resolve("0: {params: [model.3]}\n1: {freeze: [model.3], params: [nope]}");
  EXPECT_EQ(out.problems,
            "s.yaml:2:33: error: phase 1, entry 'nope' did not match any "
            "parameter [unmatched_entry]\n");
}

}  // namespace
}  // namespace fts
