// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/wait_observer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fts::comm {
namespace {

class Recorder final : public WaitObserver {
 public:
  Recorder() { SetWaitObserver(this); }
  ~Recorder() override { SetWaitObserver(nullptr); }
  void Issued(uint64_t collectives) override { issued = collectives; }
  void BeginWait(const WaitInfo& what) override {
    seen.push_back(std::string(what.op) + " " + std::string(what.label) + " " +
                   std::string(what.communicator) + " " +
                   std::to_string(what.collective));
  }
  void EndWait() override { seen.push_back("end"); }

  uint64_t issued = 0;
  std::vector<std::string> seen;
};

TEST(WaitObserverTest, ItIsToldOfBeginAndEnd) {
  Recorder recorder;
  {
    const ObservedWait wait({"all_gather", "layer", "gather", 7});
    EXPECT_EQ(recorder.seen,
              std::vector<std::string>{"all_gather layer gather 7"});
  }
  EXPECT_EQ(recorder.seen,
            (std::vector<std::string>{"all_gather layer gather 7", "end"}));
}

// A wait that began with an observer ends with it, and the reverse.
TEST(WaitObserverTest, BeginAndEndComeInPairs) {
  {
    const ObservedWait without({"barrier", "", "gather", 1});
    Recorder recorder;
    {
      const ObservedWait with({"barrier", "", "gather", 2});
      SetWaitObserver(nullptr);
    }
    EXPECT_EQ(recorder.seen.size(), 2u);
  }
  Recorder recorder;
  {
    const ObservedWait without({"barrier", "", "gather", 3});
    SetWaitObserver(nullptr);
  }
  EXPECT_EQ(recorder.seen.size(), 2u);
}

TEST(WaitObserverTest, CollectivesAreNumberedInOrder) {
  const uint64_t first = NextCollective();
  Recorder recorder;
  EXPECT_EQ(NextCollective(), first + 1);
  EXPECT_EQ(recorder.issued, first + 1);
}

}  // namespace
}  // namespace fts::comm
