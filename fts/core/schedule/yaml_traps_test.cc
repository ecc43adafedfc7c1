// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// What YAML 1.1 and Python do with a schedule's scalars, and what is made of
// them here. Where FTS ends in a raw exception, or takes what nobody meant, the
// text says so.
#include <gtest/gtest.h>

#include <string>

#include "fts/core/schedule/schedule_testutil.h"

namespace fts {
namespace {

using schedule_testing::ModelA;
using schedule_testing::ModelOf;
using schedule_testing::Names;
using schedule_testing::Outcome;
using schedule_testing::Resolve;

// Phase 0 takes model.3; `body` is phase 1's, indented by two.
std::string Phase1(const std::string& body) {
  return "0: {params: [model.3]}\n1:\n  params: [model.2]\n  " + body;
}

TEST(YamlTraps, DuplicateKeysAtEveryLevel) {
  EXPECT_EQ(
      Resolve("0: {params: [model.3]}\n0: {params: [model.2]}\n").problems,
      "s.yaml:2:1: error: duplicate key '0', first at s.yaml:1:1; remove "
      "one of the two [duplicate_key]\n");
  EXPECT_EQ(Resolve("0:\n  params: [model.3]\n  params: [model.2]\n").problems,
            "s.yaml:3:3: error: duplicate key 'params', first at s.yaml:2:3; "
            "remove one of the two [duplicate_key]\n");
  EXPECT_EQ(Resolve(Phase1("new_optimizer: {optimizer_init: {class_path: "
                           "torch.optim.SGD, init_args: {lr: 1, lr: 2}}}"))
                .problems,
            "s.yaml:4:84: error: duplicate key 'lr', first at s.yaml:4:77; "
            "remove one of the two [duplicate_key]\n");
}

TEST(YamlTraps, MergeKeysAreNamed) {
  // FTS: a raw ConstructorError.
  const Outcome out = Resolve(
      "0: &p {params: [model.3], max_transition_epoch: 2}\n"
      "1:\n  <<: *p\n  params: [model.2]\n");
  EXPECT_FALSE(out.schedule);
  EXPECT_EQ(out.problems,
            "s.yaml:3:3: error: merge keys ('<<') are not supported; write the "
            "keys out, or quote it if it is meant as text [yaml_merge_key]\n");
}

TEST(YamlTraps, AnchorsAreTheirValue) {
  const Outcome out = Resolve(
      "0: {params: [model.3], max_transition_epoch: &e 2}\n"
      "1: {params: &n [model.2], max_transition_step: *e}\n"
      "2: {params: [model.1], freeze: *n}\n");
  ASSERT_TRUE(out.schedule) << out.problems;
  EXPECT_EQ(out.problems, "");
  EXPECT_EQ(out.schedule->phases[1].criteria.max_transition_step, 2);
  EXPECT_EQ(out.schedule->phases[2].freeze,
            (Names{"model.2.weight", "model.2.bias"}));
  // A whole phase by alias thaws the same twice.
  const Outcome twice = Resolve("0: &p {params: [model.3]}\n1: *p\n");
  EXPECT_FALSE(twice.schedule);
  EXPECT_NE(twice.problems.find("[phases_not_disjoint]"), std::string::npos);
}

TEST(YamlTraps, OctalSexagesimalAndUnderscoredIntegers) {
  const Outcome out = Resolve(
      "00: {params: [model.3], max_transition_epoch: 010}\n"
      "01: {params: [model.2], max_transition_epoch: 0x10}\n"
      "0b10: {params: [model.1], max_transition_epoch: 1_7}\n"
      "3: {params: [model.0]}\n");
  ASSERT_TRUE(out.schedule) << out.problems;
  EXPECT_EQ(out.problems, "");
  EXPECT_EQ(out.schedule->phases[0].max_transition_epoch, 8);
  EXPECT_EQ(out.schedule->phases[1].max_transition_epoch, 16);
  EXPECT_EQ(out.schedule->phases[2].max_transition_epoch, 17);
  // 1:30 is 90.
  const Outcome ninety =
      Resolve("0: {params: [model.3]}\n1:30: {params: [model.2]}\n");
  EXPECT_NE(ninety.problems.find("s.yaml:1:1: error: the phases are numbered "
                                 "0, 90, but must be numbered from 0"),
            std::string::npos)
      << ninety.problems;
  // 08 is no octal number, so YAML 1.1 reads text; Python's int() takes it.
  const Outcome eight = Resolve("0: {params: [model.3]}\n08: {params: []}\n");
  EXPECT_NE(eight.problems.find("'08' -> 8"), std::string::npos)
      << eight.problems;
}

TEST(YamlTraps, ExponentsWithoutAPointAreTextAndStillNumbers) {
  for (const char* lr : {"1e-06", "'1e-06'", "1.0e-06", "1_0e-7", "0.000001"}) {
    const Outcome out = Resolve(Phase1(std::string("lr: ") + lr));
    ASSERT_TRUE(out.schedule) << out.problems;
    EXPECT_DOUBLE_EQ(*out.schedule->phases[1].lr, 1e-6) << lr;
  }
  const Outcome all = Resolve(
      Phase1("lr_decay: 9e-1\n  weight_decay: 1e-2\n  clip_grad_norm: 1e0\n  "
             "min_delta: 1e-3\n  max_transition_time: 1e2\n"
             "2: {params: []}\n"));
  ASSERT_TRUE(all.schedule) << all.problems;
  EXPECT_EQ(all.schedule->phases[1].lr_decay, 0.9);
  EXPECT_EQ(all.schedule->phases[1].weight_decay, 0.01);
  EXPECT_EQ(all.schedule->phases[1].clip_grad_norm, 1);
  EXPECT_EQ(all.schedule->phases[1].criteria.min_delta, 0.001);
  EXPECT_EQ(all.schedule->phases[1].criteria.max_transition_time, 100);
}

TEST(YamlTraps, EmptyFilesOfEveryKind) {
  // FTS: a bare AssertionError, or ValueError for {}.
  for (const char* text : {"", "\n\n", "# nothing\n", "---\n", "~\n"}) {
    const Outcome out = Resolve(text);
    EXPECT_FALSE(out.schedule);
    EXPECT_NE(out.problems.find("the schedule is empty; write at least phase 0 "
                                "(0: {params: [...]}), or generate one "
                                "[empty_schedule]"),
              std::string::npos)
        << text << out.problems;
  }
}

TEST(YamlTraps, NullsAreNamedWhereverTheyStand) {
  struct Case {
    std::string text;
    const char* where;
  };
  const Case cases[] = {
      {"0:\n", "s.yaml:1:1: error: phase 0 must be a mapping"},
      {"0:\n  params:\n", "s.yaml:2:3: error: phase 0: params is null"},
      {"0:\n  params: [null]\n", "s.yaml:2:12: error: phase 0: an entry"},
      {Phase1("lr: ~"), "s.yaml:4:3: error: phase 1: lr must be a number"},
      {Phase1("max_transition_epoch:"), "s.yaml:4:3: error: phase 1: max_t"},
      {Phase1("max_transition_step:"), "s.yaml:4:3: error: phase 1: max_tran"},
      {Phase1("max_transition_time:"), "s.yaml:4:3: error: phase 1: max_tran"},
      {Phase1("freeze:"), "s.yaml:4:3: error: phase 1: freeze is null"},
      {Phase1("weight_decay:"), "s.yaml:4:3: error: phase 1: weight_decay mu"},
      {Phase1("clip_grad_norm:"), "s.yaml:4:3: error: phase 1: clip_grad_no"},
      {Phase1("lr_decay:"), "s.yaml:4:3: error: phase 1: lr_decay must be a"},
      {Phase1("patience:"), "s.yaml:4:3: error: phase 1: patience must be an"},
      {Phase1("best_score:"), "s.yaml:4:3: error: phase 1: best_score must b"},
  };
  for (const Case& c : cases) {
    const Outcome out = Resolve(c.text);
    EXPECT_FALSE(out.schedule) << c.text;
    EXPECT_EQ(out.problems.rfind(c.where, 0), 0u) << c.text << out.problems;
  }
}

TEST(YamlTraps, ABareStringIsNoList) {
  // FTS takes it letter by letter.
  EXPECT_EQ(Resolve("0: {params: model.3.*}").problems,
            "s.yaml:1:13: error: phase 0: params must be a list of names or "
            "patterns, got string 'model.3.*'; write ['model.3.*'] "
            "[bad_type]\n");
}

TEST(YamlTraps, UnquotedNumbersAreNoNames) {
  const ModelDescription model = ModelOf({"1", "10", "1.5", "true"});
  for (const char* entry : {"1", "010", "1.5", "yes"}) {
    const Outcome out =
        Resolve(std::string("0: {params: [") + entry + "]}", model);
    EXPECT_FALSE(out.schedule) << entry;
    EXPECT_NE(out.problems.find(std::string("; write '") + entry +
                                "' if that is the name [bad_type]"),
              std::string::npos)
        << out.problems;
  }
  const Outcome quoted = Resolve("0: {params: ['1']}", model);
  ASSERT_TRUE(quoted.schedule) << quoted.problems;
  EXPECT_EQ(quoted.schedule->phases[0].params, Names{"1"});
}

TEST(YamlTraps, BooleansAreNoNumbers) {
  // FTS: `true` is phase 1, lr 1.0 and epoch 1.
  EXPECT_EQ(Resolve("{0: {params: [model.3]}, true: {params: []}}").problems,
            "s.yaml:1:26: error: the phase key true is not an integer; phases "
            "are numbered 0, 1, 2, ... [bad_phase_key]\n");
  EXPECT_EQ(Resolve(Phase1("lr: on")).problems,
            "s.yaml:4:7: error: phase 1: lr must be a number, got boolean on "
            "[bad_lr]\n");
  EXPECT_EQ(Resolve(Phase1("max_transition_epoch: yes")).problems,
            "s.yaml:4:25: error: phase 1: max_transition_epoch must be an "
            "integer, got boolean yes [bad_type]\n");
}

TEST(YamlTraps, QuotedEpochOfPhase0) {
  // FTS: an AssertionError at the first epoch.
  EXPECT_EQ(Resolve("0: {params: [model.3], max_transition_epoch: '3'}\n"
                    "1: {params: [model.2]}\n")
                .problems,
            "s.yaml:1:46: error: phase 0: max_transition_epoch must be an "
            "integer, got string '3'; write it unquoted [bad_type]\n");
}

TEST(YamlTraps, InvalidUtf8IsNamed) {
  // FTS: reported as a duplicate key.
  const Outcome out = Resolve("0: {params: [model.\xff]}");
  EXPECT_FALSE(out.schedule);
  EXPECT_EQ(out.problems,
            "s.yaml:1:20: error: byte 0xFF is not valid UTF-8; save the file "
            "as UTF-8 [yaml_encoding]\n");
}

TEST(YamlTraps, SecondDocumentsAndTags) {
  EXPECT_NE(Resolve("0: {params: [model.3]}\n---\n1: {params: [model.2]}\n")
                .problems.find("s.yaml:2:1: error: a second document"),
            std::string::npos);
  EXPECT_NE(Resolve("0: !phase {params: [model.3]}\n")
                .problems.find("s.yaml:1:4: error: the tag '!phase' is not "
                               "supported"),
            std::string::npos);
  const Outcome core = Resolve(
      "!!int 0: {params: [!!str model.3]}\n1: {params: [model.2], lr: !!float "
      "1}\n");
  EXPECT_TRUE(core.schedule) << core.problems;
}

TEST(YamlTraps, AColonOrHashInAPatternNeedsQuotes) {
  EXPECT_NE(Resolve("0:\n  params:\n  - model: 3\n")
                .problems.find("an entry of params must be a name or pattern, "
                               "got mapping {model: 3}"),
            std::string::npos);
  // `*` begins an alias, `[` a list.
  EXPECT_FALSE(Resolve("0:\n  params:\n  - *.bias\n").schedule);
  EXPECT_FALSE(Resolve("0:\n  params:\n  - [a-z].*\n").schedule);
}

}  // namespace
}  // namespace fts
