// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/train/process_state.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fts::train {
namespace {

TEST(ProcessStateTest, ThisProcessRuns) {
  // The name in /proc may look like its end.
  prctl(PR_SET_NAME, "a) S (b");
  const ProcessState state = ReadProcessState(getpid());
  EXPECT_EQ(state.code, 'R');
  EXPECT_EQ(state.ToString(), "is running");
}

TEST(ProcessStateTest, AStoppedProcess) {
  const pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  kill(child, SIGSTOP);
  siginfo_t info;
  EXPECT_EQ(waitid(P_PID, child, &info, WSTOPPED), 0);
  const ProcessState state = ReadProcessState(child);
  EXPECT_TRUE(state.stopped());
  EXPECT_FALSE(state.debugged());
  EXPECT_EQ(state.ToString(), "is stopped");
  kill(child, SIGKILL);
  EXPECT_EQ(waitid(P_PID, child, &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(ReadProcessState(child).ToString(), "has ended");
  waitpid(child, nullptr, 0);
  EXPECT_EQ(ReadProcessState(child).code, '?');
}

TEST(ProcessStateTest, Texts) {
  EXPECT_EQ((ProcessState{'S', "pipe_read"}).ToString(),
            "sleeps in the kernel (pipe_read)");
  EXPECT_EQ((ProcessState{'S', ""}).ToString(), "sleeps in the kernel");
  EXPECT_EQ((ProcessState{'D', "io_schedule"}).ToString(),
            "waits for a device or a file system (io_schedule)");
  EXPECT_EQ((ProcessState{'t', ""}).ToString(), "is held by a debugger");
  EXPECT_TRUE((ProcessState{'t', ""}).debugged());
  EXPECT_EQ(ProcessState().ToString(), "is in an unknown state");
}

}  // namespace
}  // namespace fts::train
