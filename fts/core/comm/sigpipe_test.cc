// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/sigpipe.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <future>
#include <thread>

namespace fts::comm {
namespace {

int WriteToNobody() {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  close(ends[0]);
  const bool failed = write(ends[1], "x", 1) < 0;
  const int error = errno;
  close(ends[1]);
  return failed ? error : 0;
}

TEST(SigpipeTest, BlockedWhileAliveAndInThreadsMadeMeanwhile) {
  // With the signal's default any of these would end the test.
  ASSERT_NE(signal(SIGPIPE, SIG_DFL), SIG_ERR);
  std::promise<void> unblocked;
  std::thread thread;
  {
    SigpipeBlocked blocked;
    EXPECT_EQ(WriteToNobody(), EPIPE);
    thread = std::thread([&] {
      unblocked.get_future().wait();
      EXPECT_EQ(WriteToNobody(), EPIPE);
    });
  }
  unblocked.set_value();
  thread.join();
  sigset_t mask;
  pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  EXPECT_EQ(sigismember(&mask, SIGPIPE), 0);
}

TEST(SigpipeDeathTest, TheProcessKeepsItsOwnWay) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        signal(SIGPIPE, SIG_DFL);
        { SigpipeBlocked blocked; }
        WriteToNobody();
      },
      testing::KilledBySignal(SIGPIPE), "");
}

}  // namespace
}  // namespace fts::comm
