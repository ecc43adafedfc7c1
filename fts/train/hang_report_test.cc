// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/hang_report.h"

#include <gtest/gtest.h>

#include "absl/strings/str_join.h"

namespace fts::train {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

RankFacts Waiting() {
  RankFacts rank;
  rank.pid = 4710;
  rank.report.attached = true;
  rank.report.waiting = true;
  rank.report.op = "reduce_scatter";
  rank.report.label = "model.layers.3 phase 1";
  rank.report.communicator = "reduce";
  rank.report.collective = 1234;
  rank.report.step = 17;
  rank.report.epoch = 2;
  rank.process.code = 'S';
  return rank;
}

RankFacts Silent(char state, const std::string& sleeps_in = "") {
  RankFacts rank = Waiting();
  rank.pid = 4711;
  rank.report.waiting = false;
  rank.report.op = "all_gather";
  rank.report.collective = 1233;
  rank.process.code = state;
  rank.process.sleeps_in = sleeps_in;
  return rank;
}

HangReport Report(std::vector<int> hung, const std::vector<RankFacts>& facts,
                  milliseconds timeout = seconds(30)) {
  HangWatch::Finding finding;
  finding.hung = std::move(hung);
  finding.waited = milliseconds(31900);
  finding.quiet.assign(facts.size(), milliseconds(31900));
  return MakeHangReport(finding, facts, timeout);
}

std::string Lines(const HangReport& report) {
  return absl::StrJoin(report.ranks, "\n");
}

TEST(HangReportTest, ARankThatRuns) {
  const HangReport report = Report({1}, {Waiting(), Silent('R')});
  EXPECT_EQ(Lines(report),
            "rank 0: waiting 31 s for reduce_scatter of model.layers.3 phase 1 "
            "(collective 1234, step 17, epoch 2)\n"
            "rank 1: silent 31 s after all_gather of model.layers.3 phase 1 "
            "(collective 1233, step 17, epoch 2); its process 4711 is running");
  EXPECT_EQ(report.error,
            "rank 1 hangs: its process 4711 is running, and the others have "
            "waited 31 s for it (trainer.hang_timeout is 30 s); look for an "
            "endless loop, or raise trainer.hang_timeout if its work may take "
            "that long");
  EXPECT_EQ(report.hung, std::vector<int>{1});
}

TEST(HangReportTest, ARankThatSleeps) {
  EXPECT_EQ(
      Report({1}, {Waiting(), Silent('S', "pipe_read")}, milliseconds(2500))
          .error,
      "rank 1 hangs: its process 4711 sleeps in the kernel (pipe_read), "
      "and the others have waited 31 s for it (trainer.hang_timeout is "
      "2.5 s); look for a call that blocks (a lock, a pipe, a device), "
      "or raise trainer.hang_timeout if its work may take that long");
  EXPECT_EQ(Report({1}, {Waiting(), Silent('D')}).error,
            "rank 1 hangs: its process 4711 waits for a device or a file "
            "system, and the others have waited 31 s for it "
            "(trainer.hang_timeout is 30 s); look at its disks and network "
            "file systems, or raise trainer.hang_timeout if its work may take "
            "that long");
  EXPECT_EQ(Report({1}, {Waiting(), Silent('?')}).error,
            "rank 1 hangs: its process 4711 is in an unknown state, and the "
            "others have waited 31 s for it (trainer.hang_timeout is 30 s); "
            "look at its log, or raise trainer.hang_timeout if its work may "
            "take that long");
}

TEST(HangReportTest, ARankThatWasStopped) {
  RankFacts stopped = Waiting();
  stopped.pid = 4711;
  stopped.process.code = 'T';
  const HangReport report = Report({1}, {Waiting(), stopped});
  EXPECT_EQ(report.ranks[1],
            "rank 1: waiting 31 s for reduce_scatter of model.layers.3 phase 1 "
            "(collective 1234, step 17, epoch 2); its process 4711 is stopped");
  EXPECT_EQ(report.error,
            "rank 1 hangs: its process 4711 is stopped, and the others have "
            "waited 31 s for it; look for what stopped it (SIGSTOP, SIGTTOU, a "
            "batch system); to pause a run, suspend the launcher (Ctrl-Z)");
}

TEST(HangReportTest, SeveralRanks) {
  EXPECT_EQ(Report({1, 2}, {Waiting(), Silent('R'), Silent('S')}).error,
            "ranks 1, 2 hang: the others have waited 31 s for them "
            "(trainer.hang_timeout is 30 s); look at what they are doing above "
            "and at their logs, or raise trainer.hang_timeout if their work "
            "may take that long");
}

TEST(HangReportTest, AllWait) {
  RankFacts other = Waiting();
  other.report.op = "barrier";
  const HangReport report = Report({}, {Waiting(), other});
  EXPECT_EQ(report.ranks[1],
            "rank 1: waiting 31 s for barrier on reduce (collective 1234, step "
            "17, epoch 2)");
  EXPECT_EQ(report.error,
            "all ranks wait for each other, and not for the same call, for 31 "
            "s (trainer.hang_timeout is 30 s); every rank must make the same "
            "calls in the same order: compare the lines above");
}

// Ranks that ran different modules: the labels that the sharding engine gives
// its calls (//fts/core/shard:flow_test holds them to it) say which.
TEST(HangReportTest, RanksThatRunDifferentUnits) {
  RankFacts one = Waiting(), other = Waiting();
  one.report.op = "all_gather";
  one.report.label = "model.layers.2";
  one.report.communicator = "gather";
  other.report.op = "all_reduce";
  other.report.label = "(step)";
  other.report.collective = 1231;
  EXPECT_EQ(Lines(Report({}, {one, other})),
            "rank 0: waiting 31 s for all_gather of model.layers.2 "
            "(collective 1234, step 17, epoch 2)\n"
            "rank 1: waiting 31 s for all_reduce of (step) (collective 1231, "
            "step 17, epoch 2)");
}

TEST(HangReportTest, RanksThatHaveNotBegunOrHaveEnded) {
  RankFacts waiting;
  waiting.report.attached = true;
  waiting.report.waiting = true;
  waiting.report.op = "rendezvous";
  RankFacts starting;
  starting.pid = 7;
  starting.process.code = 'T';
  RankFacts busy = waiting;
  busy.report.waiting = false;
  busy.report.busy = true;
  busy.report.busy_with = "reading the model";
  RankFacts silent = waiting;
  silent.pid = 8;
  silent.process.code = 'R';
  silent.report.waiting = false;
  silent.report.op.clear();
  RankFacts ended;
  ended.live = false;
  EXPECT_EQ(Lines(Report({1}, {waiting, starting, busy, silent, ended})),
            "rank 0: waiting 31 s for rendezvous (before the first step)\n"
            "rank 1: still starting; its process 7 is stopped\n"
            "rank 2: busy with reading the model (before the first step)\n"
            "rank 3: silent 31 s (before the first step); its process 8 is "
            "running\n"
            "rank 4: has ended");
}

}  // namespace
}  // namespace fts::train
