// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/shm/peers.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

namespace fts::comm::shm {
namespace {

class Child {
 public:
  Child() : pid_(fork()) {
    if (pid_ == 0) {
      while (true) pause();
    }
  }
  ~Child() { Reap(); }
  pid_t pid() const { return pid_; }
  void Kill() { kill(pid_, SIGKILL); }
  void Reap() {
    if (reaped_) return;
    Kill();
    waitpid(pid_, nullptr, 0);
    reaped_ = true;
  }

 private:
  const pid_t pid_;
  bool reaped_ = false;
};

class PeersTest : public testing::TestWithParam<bool> {
 protected:
  // Without pidfds where the parameter says so.
  void Prepare(Peers& peers) const {
    if (!GetParam()) peers.ForgetDescriptors();
  }
  void ExpectGoneSoon(const Peers& peers, int rank) const {
    for (int i = 0; i < 1000000 && !peers.Gone(rank); ++i) {
      std::this_thread::yield();
    }
    EXPECT_TRUE(peers.Gone(rank));
  }
};

TEST_P(PeersTest, AKilledProcessIsGoneAlsoWhileNobodyReapedIt) {
  Child child;
  Peers peers({getpid(), child.pid()});
  Prepare(peers);
  EXPECT_EQ(peers.pid(1), child.pid());
  EXPECT_FALSE(peers.Gone(1));
  child.Kill();
  ExpectGoneSoon(peers, 1);
  child.Reap();
  EXPECT_TRUE(peers.Gone(1));
  EXPECT_FALSE(peers.Gone(0)) << "we are still here";
}

TEST_P(PeersTest, AStoppedProcessIsNotGone) {
  Child child;
  Peers peers({getpid(), child.pid()});
  Prepare(peers);
  kill(child.pid(), SIGSTOP);
  int status = 0;
  ASSERT_EQ(waitpid(child.pid(), &status, WUNTRACED), child.pid());
  EXPECT_FALSE(peers.Gone(1));
}

TEST_P(PeersTest, OneThatEndedBeforeIsGone) {
  Child child;
  child.Reap();
  Peers peers({getpid(), child.pid()});
  Prepare(peers);
  EXPECT_TRUE(peers.Gone(1));
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutPidfds, PeersTest, testing::Bool());

}  // namespace
}  // namespace fts::comm::shm
