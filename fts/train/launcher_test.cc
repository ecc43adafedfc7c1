// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// With real processes (launch_probe). Nothing here waits for time to pass: the
// processes tell through pipes how far they are.
#include "fts/train/launcher.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "fts/train/process_state.h"
#include "fts/train/rank_process.h"

namespace fts::train {
namespace {

using std::chrono::milliseconds;

constexpr int kGiveUpMs = 60000;  // never reached unless the test fails

std::string ProbePath() {
  const char* path = getenv("FTS_LAUNCH_PROBE");
  if (path != nullptr) return path;
  const char* sources = getenv("TEST_SRCDIR");
  const char* workspace = getenv("TEST_WORKSPACE");
  return std::string(sources) + "/" + workspace + "/fts/train/launch_probe";
}

std::string FreshDir() {
  const char* base = getenv("TEST_TMPDIR");
  std::string dir = std::string(base != nullptr ? base : "/tmp") + "/lXXXXXX";
  EXPECT_NE(mkdtemp(dir.data()), nullptr);
  return dir;
}

std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// A pipe that children inherit.
struct Pipe {
  Pipe() { EXPECT_EQ(pipe(fds), 0); }
  ~Pipe() {
    close(fds[0]);
    close(fds[1]);
  }
  // The number of a process that a child wrote.
  pid_t TakePid() {
    pid_t pid = 0;
    EXPECT_EQ(read(fds[0], &pid, sizeof pid), ssize_t{sizeof pid});
    return pid;
  }
  // The same as a pidfd: valid though the number be reused.
  int TakeProcess() {
    return static_cast<int>(syscall(SYS_pidfd_open, TakePid(), 0));
  }
  int fds[2];
};

// Whether the process has ended, or ends in time.
bool Ends(int pidfd) {
  if (pidfd < 0) return true;  // there was no such process any more
  struct pollfd wait = {pidfd, POLLIN, 0};
  const bool ended = poll(&wait, 1, kGiveUpMs) == 1;
  close(pidfd);
  return ended;
}

class LauncherTest : public testing::Test {
 protected:
  // Runs ranks in this process; the verdict is in err().
  int Run(const std::vector<std::string>& actions) {
    options.world_size = static_cast<int>(actions.size());
    options.log_dir = dir;
    options.executable = ProbePath();
    options.argv = {"launch_probe", dir};
    options.argv.insert(options.argv.end(), actions.begin(), actions.end());
    options.err = &err;
    options.extra_env.emplace_back("PID_FD", std::to_string(pids.fds[1]));
    options.extra_env.emplace_back("POST_FD", std::to_string(sync.fds[1]));
    options.extra_env.emplace_back("TAKE_FD", std::to_string(sync.fds[0]));
    auto code = RunLocalRanks(options);
    EXPECT_TRUE(code.ok()) << code.status();
    return code.value_or(-1);
  }
  std::string Log(int rank) const {
    return ReadAll(dir + "/rank_" + std::to_string(rank) + ".log");
  }
  // err, with the directory cut out.
  std::string Err() const {
    std::string text = err.str();
    for (size_t at; (at = text.find(dir + "/")) != std::string::npos;) {
      text.erase(at, dir.size() + 1);
    }
    return text;
  }

  // A launcher in a process of its own, re-executing itself.
  RankProcess StartProgram(const std::vector<std::string>& actions) {
    RankProcessOptions process;
    process.executable = ProbePath();
    process.argv = {"launch_probe", dir};
    process.argv.insert(process.argv.end(), actions.begin(), actions.end());
    process.environment = {"PID_FD=" + std::to_string(pids.fds[1]),
                           "POST_FD=" + std::to_string(sync.fds[1]),
                           "TAKE_FD=" + std::to_string(sync.fds[0])};
    const int out = open((dir + "/out").c_str(), O_WRONLY | O_CREAT, 0666);
    const int err_fd = open((dir + "/err").c_str(), O_WRONLY | O_CREAT, 0666);
    process.stdout_fd = out;
    process.stderr_fd = err_fd;
    auto started = RankProcess::Start(process);
    EXPECT_TRUE(started.ok()) << started.status();
    close(out);
    close(err_fd);
    return std::move(*started);
  }
  static void WaitForEnd(RankProcess* process) {
    struct pollfd wait = {process->pidfd(), POLLIN, 0};
    EXPECT_EQ(poll(&wait, 1, kGiveUpMs), 1);
    EXPECT_TRUE(process->Reap());
  }

  const std::string dir = FreshDir();
  LaunchOptions options;
  std::ostringstream err;
  Pipe pids, sync;
};

TEST_F(LauncherTest, RanksSeeTheirPlace) {
  options.extra_env = {{"EXTRA", "yes"}};
  EXPECT_EQ(Run({"exit=0", "env", "env"}), 0);
  EXPECT_EQ(Err(), "");
  const std::string log = Log(1), other = Log(2);
  const std::string expected =
      "RANK=1\nWORLD_SIZE=3\nLOCAL_RANK=1\nLOCAL_WORLD_SIZE=3\n"
      "MASTER_ADDR=127.0.0.1\nEXTRA=yes\n";
  EXPECT_EQ(log.substr(0, expected.size()), expected);
  const std::string port = log.substr(expected.size());
  EXPECT_GT(std::stoi(port), 0);
  EXPECT_EQ(other.substr(other.size() - port.size()), port);
}

TEST_F(LauncherTest, AFailingRankEndsTheOthers) {
  EXPECT_EQ(Run({"pid,wait", "pid,wait", "take,out=hello,err=boom,exit=3",
                 "post,pid,wait"}),
            1);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(Ends(pids.TakeProcess()));
  EXPECT_EQ(Err(),
            "--- the last lines of rank_2.log ---\nhello\nboom\n---\n"
            "error: rank 2 exited with code 3; its log is rank_2.log\n");
}

TEST_F(LauncherTest, AKilledRankIsNamedWithItsSignal) {
  EXPECT_EQ(Run({"wait", "err=last words,kill=9"}), 1);
  EXPECT_EQ(Err(),
            "--- the last lines of rank_1.log ---\nlast words\n---\n"
            "error: rank 1 was killed by signal 9 (SIGKILL); its log is "
            "rank_1.log\n");
}

TEST_F(LauncherTest, RankZerosErrorsAreNotRepeated) {
  EXPECT_EQ(Run({"exit=1", "wait"}), 1);
  EXPECT_EQ(Err(), "error: rank 0 exited with code 1; its log is rank_0.log\n");
}

TEST_F(LauncherTest, BadInputKeepsItsExitCode) {
  EXPECT_EQ(Run({"wait", "exit=2"}), 2);
}

// The rank that lost its peer exits first; the peer that was killed is named.
TEST_F(LauncherTest, ARankKilledByASignalIsTheCause) {
  options.settle = milliseconds(kGiveUpMs);  // ends when all have ended
  EXPECT_EQ(Run({"post,exit=1", "take,kill=9"}), 1);
  EXPECT_EQ(Err(),
            "error: rank 1 was killed by signal 9 (SIGKILL); its log is "
            "rank_1.log\n");
}

// The same between exit codes, however much later the cause is seen.
TEST_F(LauncherTest, ARankThatLostItsPeerIsNotTheCause) {
  options.settle = milliseconds(0);
  options.lost_peer_settle = milliseconds(kGiveUpMs);
  EXPECT_EQ(Run({"post,exit=75", "take,err=the cause,exit=1"}), 1);
  EXPECT_EQ(Err(),
            "--- the last lines of rank_1.log ---\nthe cause\n---\n"
            "error: rank 1 exited with code 1; its log is rank_1.log\n");
}

TEST_F(LauncherTest, AStoppedRankEndsAtOnce) {
  options.kill_after = milliseconds(kGiveUpMs);
  EXPECT_EQ(Run({"pid,post,kill=19", "take,exit=1"}), 1);
  EXPECT_TRUE(Ends(pids.TakeProcess()));
}

TEST_F(LauncherTest, RanksThatIgnoreSigtermAreKilled) {
  options.kill_after = milliseconds(20);
  EXPECT_EQ(Run({"ignore,pid,post,wait", "take,exit=1"}), 1);
  EXPECT_TRUE(Ends(pids.TakeProcess()));
}

TEST_F(LauncherTest, ARankLeavesNoChildBehind) {
  EXPECT_EQ(Run({"exit=0", "fork,exit=0"}), 0);
  EXPECT_TRUE(Ends(pids.TakeProcess()));
}

TEST_F(LauncherTest, ThePortCanBeBoundByRankZero) {
  EXPECT_EQ(Run({"listen", "exit=0"}), 0);
}

TEST_F(LauncherTest, OnlyTheTailOfALongLogIsShown) {
  options.log_tail_lines = 2;
  EXPECT_EQ(Run({"wait", "lines=30,exit=1"}), 1);
  EXPECT_EQ(Err(),
            "--- the last lines of rank_1.log ---\nline 29\nline 30\n---\n"
            "error: rank 1 exited with code 1; its log is rank_1.log\n");
}

TEST_F(LauncherTest, AProgramThatCannotBeRunIsAnError) {
  options.executable = "/nowhere/program";
  options.argv = {"program"};
  options.log_dir = dir;
  EXPECT_EQ(RunLocalRanks(options).status().message(),
            "cannot start '/nowhere/program': exec: No such file or directory");
  options.log_dir = dir + "/none";
  EXPECT_EQ(
      RunLocalRanks(options).status().message(),
      "cannot write '" + dir + "/none/rank_0.log': No such file or directory");
}

// Ranks that hang: `report` joins the watch, `begin` waits for the others. How
// long is left open, so the numbers are patterns.
constexpr milliseconds kHangTimeout{400};

TEST_F(LauncherTest, ARankThatRunsForEverIsNamed) {
  options.hang_timeout = kHangTimeout;
  EXPECT_EQ(Run({"report,step=3,begin=all_gather,pid,wait",
                 "out=last words,report,step=2,begin=barrier,end,pid,spin"}),
            1);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(Ends(pids.TakeProcess()));
  EXPECT_THAT(
      Err(),
      testing::MatchesRegex(
          "--- the last lines of rank_1.log ---\nlast words\n---\n"
          "rank 0: waiting [0-9]+ s for all_gather of layer .collective 1, "
          "step 3, epoch 0.\n"
          "rank 1: silent [0-9]+ s after barrier on gather .collective 1, step "
          "2, epoch 0.; its process [0-9]+ is running\n"
          "error: rank 1 hangs: its process [0-9]+ is running, and the others "
          "have waited [0-9]+ s for it .trainer.hang_timeout is 0.4 s.; look "
          "for an endless loop, or raise trainer.hang_timeout if its work may "
          "take that long; its log is rank_1.log\n"));
}

TEST_F(LauncherTest, ARankThatBlocksIsNamed) {
  options.hang_timeout = kHangTimeout;
  options.kill_after = milliseconds(20);
  EXPECT_EQ(Run({"report,pid,take", "report,begin=all_gather,pid,wait",
                 "report,begin=all_gather,pid,ignore,wait"}),
            1);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Ends(pids.TakeProcess()));
  EXPECT_THAT(Err(), testing::ContainsRegex(
                         "\nerror: rank 0 hangs: its process [0-9]+ sleeps in "
                         "the kernel.*look for a call that blocks.*its log is "
                         "rank_0.log\n$"));
}

TEST_F(LauncherTest, AStoppedRankIsNamed) {
  options.hang_timeout = kHangTimeout;
  EXPECT_EQ(Run({"report,begin=all_gather,pid,wait",
                 "report,begin=all_gather,pid,kill=19"}),
            1);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(Ends(pids.TakeProcess()));
  EXPECT_THAT(Err(),
              testing::ContainsRegex(
                  "rank 1: waiting [0-9]+ s for all_gather of layer .*; its "
                  "process [0-9]+ is stopped\n"
                  "error: rank 1 hangs: its process [0-9]+ is stopped, .*; its "
                  "log is rank_1.log\n$"));
}

TEST_F(LauncherTest, RanksThatWaitForEachOtherAreNamed) {
  options.hang_timeout = kHangTimeout;
  EXPECT_EQ(Run({"report,begin=all_gather,wait", "report,begin=barrier,wait"}),
            1);
  EXPECT_THAT(Err(), testing::ContainsRegex(
                         "rank 0: waiting .* for all_gather of layer .*\n"
                         "rank 1: waiting .* for barrier on gather .*\n"
                         "error: all ranks wait for each other, .*; the logs "
                         "are in "));
}

// A failed rank explains the waiting of the others.
TEST_F(LauncherTest, AFailureComesBeforeAHang) {
  options.hang_timeout = kHangTimeout;
  options.settle = milliseconds(kGiveUpMs);
  EXPECT_EQ(Run({"report,begin=all_gather,kill=9", "report,kill=9"}), 1);
  EXPECT_EQ(Err().find("hangs"), std::string::npos);
}

TEST_F(LauncherTest, SigtstpSuspendsTheRanksToo) {
  RankProcess program =
      StartProgram({"report,begin=all_gather,pid,wait", "report,pid,spin"});
  const pid_t ranks[] = {pids.TakePid(), pids.TakePid()};
  const int ends[] = {static_cast<int>(syscall(SYS_pidfd_open, ranks[0], 0)),
                      static_cast<int>(syscall(SYS_pidfd_open, ranks[1], 0))};
  ASSERT_EQ(kill(program.pid(), SIGTSTP), 0);
  siginfo_t info = {};
  EXPECT_EQ(waitid(P_PID, program.pid(), &info, WSTOPPED), 0);
  EXPECT_EQ(info.si_status, SIGTSTP);
  for (const pid_t rank : ranks) {
    while (!ReadProcessState(rank).stopped()) sched_yield();
  }
  ASSERT_EQ(kill(program.pid(), SIGCONT), 0);
  for (const pid_t rank : ranks) {
    while (ReadProcessState(rank).stopped()) sched_yield();
  }
  program.Signal(SIGTERM);
  WaitForEnd(&program);
  EXPECT_EQ(ReadAll(dir + "/err"),
            "error: interrupted by signal 15 (SIGTERM); all ranks have "
            "ended\n");
  for (const int end : ends) EXPECT_TRUE(Ends(end));
}

TEST_F(LauncherTest, SignalHandlersAreRestored) {
  struct sigaction before, after;
  sigaction(SIGTERM, nullptr, &before);
  EXPECT_EQ(Run({"exit=0"}), 0);
  sigaction(SIGTERM, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
}

TEST_F(LauncherTest, RankZeroPassesThrough) {
  RankProcess program = StartProgram({"out=o0,err=e0", "out=o1,err=e1"});
  WaitForEnd(&program);
  EXPECT_TRUE(program.succeeded());
  EXPECT_EQ(ReadAll(dir + "/out"), "o0\n");
  EXPECT_EQ(ReadAll(dir + "/err"), "e0\n");
  EXPECT_EQ(Log(0), "e0\n");
  EXPECT_EQ(Log(1), "o1\ne1\n");
}

TEST_F(LauncherTest, TheVerdictIsTheLastThingPrinted) {
  RankProcess program =
      StartProgram({"err=first,post,wait", "take,err=cause,kill=9"});
  WaitForEnd(&program);
  EXPECT_EQ(program.code(), 1);
  EXPECT_EQ(ReadAll(dir + "/err"),
            "first\n--- the last lines of " + dir +
                "/rank_1.log ---\ncause\n---\n"
                "error: rank 1 was killed by signal 9 (SIGKILL); its log is " +
                dir + "/rank_1.log\n");
}

TEST_F(LauncherTest, SigintIsForwarded) {
  RankProcess program = StartProgram({"pid,wait", "pid,wait"});
  const int first = pids.TakeProcess(), second = pids.TakeProcess();
  program.Signal(SIGINT);
  WaitForEnd(&program);
  EXPECT_FALSE(program.by_signal());
  EXPECT_EQ(program.code(), 1);
  EXPECT_TRUE(Ends(first));
  EXPECT_TRUE(Ends(second));
  EXPECT_EQ(ReadAll(dir + "/err"),
            "error: interrupted by signal 2 (SIGINT); all ranks have ended\n");
}

TEST_F(LauncherTest, RanksMayEndWellOnSigterm) {
  RankProcess program =
      StartProgram({"graceful,pid,wait", "graceful,pid,wait"});
  close(pids.TakeProcess());
  close(pids.TakeProcess());
  program.Signal(SIGTERM);
  WaitForEnd(&program);
  EXPECT_TRUE(program.succeeded()) << program.EndText();
  EXPECT_EQ(ReadAll(dir + "/err"), "");
}

TEST_F(LauncherTest, ASecondSignalKillsRanksThatIgnoreTheFirst) {
  RankProcess program = StartProgram({"ignore,pid,wait", "ignore,pid,wait"});
  const int first = pids.TakeProcess(), second = pids.TakeProcess();
  program.Signal(SIGINT);
  program.Signal(SIGTERM);
  WaitForEnd(&program);
  EXPECT_EQ(program.code(), 1);
  EXPECT_TRUE(Ends(first));
  EXPECT_TRUE(Ends(second));
}

// By SIGKILL, which the launcher cannot handle.
TEST_F(LauncherTest, RanksDieWithTheLauncher) {
  RankProcess program = StartProgram({"ignore,pid,wait", "ignore,pid,wait"});
  const int first = pids.TakeProcess(), second = pids.TakeProcess();
  program.Signal(SIGKILL);
  WaitForEnd(&program);
  EXPECT_TRUE(Ends(first));
  EXPECT_TRUE(Ends(second));
}

}  // namespace
}  // namespace fts::train
