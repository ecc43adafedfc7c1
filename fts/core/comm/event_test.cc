// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/comm/event.h"

#include <gtest/gtest.h>

#include <vector>

namespace fts::comm {
namespace {

TEST(EventTest, CompletedIsReadyAndKeepsItsStatus) {
  EventPtr ok = CompletedEvent();
  EXPECT_TRUE(ok->Ready());
  EXPECT_TRUE(ok->Wait().ok());
  EXPECT_EQ(ok, CompletedEvent());

  EventPtr bad = CompletedEvent(absl::UnavailableError("gone"));
  EXPECT_TRUE(bad->Ready());
  EXPECT_EQ(bad->Wait().message(), "gone");
  EXPECT_EQ(bad->Wait().message(), "gone");
}

class Counting : public Event {
 public:
  explicit Counting(int* waits) : waits_(waits) {}
  absl::Status Wait() override {
    ++*waits_;
    return absl::OkStatus();
  }
  bool Ready() override { return false; }

 private:
  int* waits_;
};

TEST(EventTest, WaitAllWaitsForEachAndReturnsTheFirstError) {
  int waits = 0;
  const std::vector<EventPtr> events = {
      CompletedEvent(), nullptr, CompletedEvent(absl::UnavailableError("one")),
      CompletedEvent(absl::InternalError("two")),
      std::make_shared<Counting>(&waits)};
  EXPECT_EQ(WaitAll(events).message(), "one");
  EXPECT_EQ(waits, 1);
  EXPECT_TRUE(WaitAll(std::vector<EventPtr>()).ok());
}

}  // namespace
}  // namespace fts::comm
